import { isDeepStrictEqual } from "node:util";
import type { Exemption, Finding } from "../policy/finding.ts";
import type { Fix } from "../policy/fixes.ts";
import type { ObjectRef, SourcePosition } from "../policy/model.ts";
import { plural } from "../policy/phrasing.ts";
import type { Verdict } from "../policy/verdict.ts";
import { stepsOf } from "./commands.ts";
import { groundsOf, rulePage, sentenceOf } from "./message.ts";
import { type Painter, painter } from "./paint.ts";
import type { JudgedWorkload, NotJudged, RenderOptions, Report, Telling } from "./report.ts";
import { visible } from "./visible.ts";

/**
 * A report for people: the findings with their evidence and ways out, a line for each workload that is safe, and
 * a summary. Ends with a newline.
 */
export function renderText(report: Report, { colour }: RenderOptions): string {
  const paint = painter(colour);
  const blocks: string[] = [];
  let told: readonly Fix[] = [];
  for (const [at, finding] of report.findings.entries()) {
    const before = report.findings[at - 1];
    if (before === undefined || !isSameObject(before, finding)) told = [];
    blocks.push(findingBlock(finding, told, report.telling, paint));
    told = [...told, ...finding.fixes];
  }
  const allowed = report.workloads.filter(({ verdict }) => verdict === "allow");
  if (allowed.length > 0) blocks.push(allowed.map((workload) => allowedLine(workload, paint)).join("\n"));
  if (report.notJudged.length > 0) blocks.push(notJudgedLine(report.notJudged));
  blocks.push(summaryLine(report, paint));
  return `${blocks.join("\n\n")}\n`;
}

/** One line for each input error and note: `file:line:column: error: message`, as compilers print them. */
export function renderProblems(
  { errors, notes }: Pick<Report, "errors" | "notes">,
  { colour }: RenderOptions,
): string {
  const paint = painter(colour);
  return [
    ...errors.map((error) => problemLine(error.file === "" ? null : error, paint("red", "error"), error)),
    ...notes.map((note) => problemLine(note.source, paint("yellow", "note"), note)),
  ].join("");
}

function problemLine(
  place: SourcePosition | null,
  label: string,
  { message }: { readonly message: string },
): string {
  return `${place === null ? "" : `${placeOf(place)}: `}${label}: ${visible(message)}\n`;
}

function isSameObject(a: Finding, b: Finding): boolean {
  return refText(a.workload) === refText(b.workload) && a.source?.file === b.source?.file;
}

/** @param told the ways out that stand above already, under other findings of the same workload. */
function findingBlock(finding: Finding, told: readonly Fix[], telling: Telling, paint: Painter): string {
  const lines = [headLine(finding, paint)];
  if (finding.source !== null) lines.push(`  ${paint("dim", placeOf(finding.source))}`);
  if (finding.exempted !== null) lines.push(`  ${exemptionLine(finding.exempted)}`);
  lines.push(
    "",
    `  ${visible(sentenceOf(finding))}`,
    ...groundsOf(finding).map((each) => `    - ${visible(each)}`),
  );
  if (finding.fixes.length > 0) lines.push("", `  ${paint("bold", "Ways out")}`);
  for (const [index, fix] of finding.fixes.entries()) {
    const isTold = told.some((other) => isDeepStrictEqual(other, fix));
    lines.push(...fixLines(index + 1, fix, isTold, finding.workload, telling));
  }
  const page = rulePage(finding.rule, telling);
  const more = `More: attachguard explain ${finding.rule}${page === null ? "" : ` or ${page}`}`;
  lines.push("", `  ${paint("dim", more)}`);
  return lines.join("\n");
}

function headLine(finding: Finding, paint: Painter): string {
  const label =
    finding.exempted !== null
      ? paint("cyan", "EXEMPTED")
      : finding.severity === "error"
        ? paint("red", "ERROR")
        : paint("yellow", "WARNING");
  return `${label}  ${paint("bold", refText(finding.workload))}  [${finding.rule}]`;
}

function exemptionLine({ by, until, reason }: Exemption): string {
  const end = until === null ? "" : ` until ${visible(until)}`;
  return `let through by ${by}${end}: ${visible(reason)}`;
}

function fixLines(
  number: number,
  fix: Fix,
  isTold: boolean,
  subject: ObjectRef,
  { isStored }: Telling,
): readonly string[] {
  if (isTold) return [`    ${number}. ${visible(fix.summary)} (as above)`];
  const lines = [`    ${number}. ${visible(fix.summary)}`];
  if (fix.cost !== "") lines.push(`       Cost: ${visible(fix.cost)}`);
  for (const { where, what } of stepsOf(fix, isStored, subject))
    lines.push(`       ${visible(`${where}: ${what}`)}`);
  return lines;
}

/** A workload that only its mode lets pass is not called OK: its findings stand above. */
function allowedLine({ workload, source, state, reason, evidence }: JudgedWorkload, paint: Painter): string {
  const place = source === null ? "" : `  ${paint("dim", placeOf(source))}`;
  const label = state === "latent" ? paint("yellow", "ALLOWED") : paint("green", "OK");
  const head = `${label}  ${paint("bold", refText(workload))}: ${visible(reason)}${place}`;
  return [head, ...evidence.map((each) => `    - ${visible(each)}`)].join("\n");
}

const NOT_JUDGED_SHOWN = 10;

function notJudgedLine(objects: readonly NotJudged[]): string {
  const [mount, was] = objects.length === 1 ? ["mounts", "was"] : ["mount", "were"];
  const shown = objects.slice(0, NOT_JUDGED_SHOWN).map(({ object }) => refText(object));
  const rest = objects.length - shown.length;
  const names = shown.join(", ") + (rest > 0 ? ` and ${rest} more` : "");
  return `${plural(objects.length, "more object")} ${mount} a claim and ${was} not judged: ${names}`;
}

function summaryLine({ summary, workloads, errors, notJudged }: Report, paint: Painter): string {
  const count = (verdict: Verdict) => workloads.filter((each) => each.verdict === verdict).length;
  const verdicts =
    summary.workloads === 0
      ? notJudged.length === 0
        ? "No workload mounts a claim"
        : "No workload that mounts a claim was judged"
      : `${plural(summary.workloads, "workload")} that ${summary.workloads === 1 ? "mounts" : "mount"} a claim: ` +
        `${count("deny")} denied, ${count("warn")} with a warning, ${count("allow")} allowed`;
  const findings = [
    paintedCount(summary.errors, "error", "red", paint),
    paintedCount(summary.warnings, "warning", "yellow", paint),
  ];
  if (summary.exempted > 0) findings.push(`${summary.exempted} exempted`);
  const rest =
    errors.length > 0
      ? ` Not everything was judged: ${plural(errors.length, "problem")} with the input.`
      : "";
  return `${verdicts}. ${findings.join(", ")}.${rest}`;
}

function paintedCount(count: number, noun: string, colour: "red" | "yellow", paint: Painter): string {
  return count === 0 ? plural(count, noun) : paint(colour, plural(count, noun));
}

function refText({ kind, namespace, name }: ObjectRef): string {
  return `${visible(kind)} ${visible(namespace)}/${visible(name)}`;
}

function placeOf({ file, line, column }: SourcePosition): string {
  return `${visible(file)}:${line}:${column}`;
}
