import type { ObjectRef } from "../../policy/model.ts";
import { plural } from "../../policy/phrasing.ts";
import { stepsOf } from "../commands.ts";
import { code, plain } from "../markup.ts";
import { groundsOf, rulePage, sentenceOf, storagePages } from "../message.ts";
import type { RenderOptions, Report, ReportedFinding } from "../report.ts";
import { notJudgedText } from "./not-judged.ts";
import { toldFindings, worstFirst } from "./told.ts";

/** The step that posts the comment finds the one to replace by this first line. */
const MARKER = "<!-- attachguard -->";
/** A comment on GitHub holds no more (65,536 characters); the rest is left for what that step adds. */
const MOST_CHARACTERS = 65_000;

/** A comment for a pull request: a summary, a table of what was found, and the details folded. */
export function renderMarkdown(report: Report, options: RenderOptions): string {
  const told = worstFirst(toldFindings(report, options));
  const head = [MARKER, `### attachguard: ${headline(report)}`, ...problemLines(report)].join("\n\n");
  const parts: string[] = [];
  let length = head.length;
  for (const finding of told) {
    const part = findingPart(finding, report);
    if (length + part.length > MOST_CHARACTERS) break;
    parts.push(part);
    length += part.length + 2;
  }
  const missing = told.length - parts.length;
  const rest =
    missing === 0 ? [] : [`${plural(missing, "more finding")} did not fit here; the run's log has them all.`];
  return `${[head, ...parts, ...rest].join("\n\n")}\n`;
}

function headline({ summary }: Report): string {
  const { errors, warnings, exempted, known, workloads } = summary;
  if (errors + warnings === 0) return `nothing found in ${plural(workloads, "workload")}`;
  const also = [
    ...(exempted > 0 ? [`${exempted} exempted`] : []),
    ...(known > 0 ? [`${known} known before`] : []),
  ];
  return [plural(errors, "error"), plural(warnings, "warning"), ...also].join(", ");
}

/** More problems with the input than these are counted. */
const PROBLEMS_SHOWN = 10;

function problemLines({ errors, notes, notJudged, inRepository, change }: Report): readonly string[] {
  const open = change?.reservation == null ? [] : [plain(change.reservation)];
  const left = [
    ...errors.map(({ file, line, message }) => ({ source: { file, line }, message })),
    ...notes.filter(({ unrendered }) => unrendered),
  ];
  if (left.length === 0 && notJudged.length === 0) return open;
  const shown = left.slice(0, PROBLEMS_SHOWN).map(({ source, message }) => {
    const place = source === null ? "" : `${code(`${inRepository(source.file)}:${source.line}`)} `;
    return `- ${place}${plain(message)}`;
  });
  const more = left.length - shown.length;
  if (more > 0) shown.push(`- and ${more} more`);
  if (notJudged.length > 0) shown.push(`- ${plain(notJudgedText(notJudged))}`);
  return [...open, `**Not everything was judged:**\n\n${shown.join("\n")}`];
}

function findingPart(finding: ReportedFinding, report: Report): string {
  const { place, workload, rule, severity, exempted, relatedPlaces } = finding;
  const sign = exempted === null ? (severity === "error" ? "❌" : "⚠️") : "➖";
  const page = rulePage(rule, report.telling);
  const where = place === null ? "" : ` at ${code(`${report.inRepository(place.file)}:${place.line}`)}`;
  const others = relatedPlaces.map(
    ({ object, place: { file, line } }) =>
      `${plain(object.kind)} ${code(object.name)} at ${code(`${report.inRepository(file)}:${line}`)}`,
  );
  return [
    `${sign} **${plain(severity)}** ${refText(workload)} ${page === null ? code(rule) : `[${rule}](${page})`}${where}`,
    plain(sentenceOf(finding)),
    "<details><summary>Why, and how to fix it</summary>",
    [
      ...groundsOf(finding).map((each) => `- ${plain(each)}`),
      ...storagePages(finding, report.telling).map((address) => `- [what the storage can do](${address})`),
      ...(others.length > 0 ? [`- also: ${others.join(", ")}`] : []),
    ].join("\n"),
    finding.fixes.map((fix, at) => fixLines(fix, at + 1, finding, report)).join("\n"),
    "</details>",
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

function fixLines(
  fix: ReportedFinding["fixes"][number],
  number: number,
  finding: ReportedFinding,
  { telling }: Report,
): string {
  const steps = stepsOf(fix, telling, finding);
  return [
    `${number}. ${plain(fix.summary)}. Cost: ${plain(fix.cost)}.`,
    ...steps.map(({ where, what }) => `   - ${plain(where)}: ${code(what)}`),
  ].join("\n");
}

function refText({ kind, namespace, name }: ObjectRef): string {
  return `${plain(kind)} ${code(`${namespace}/${name}`)}`;
}
