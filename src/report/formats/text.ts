import { isDeepStrictEqual } from "node:util";
import type { Exemption } from "../../policy/finding.ts";
import { FIXES, type Fix, type FixId } from "../../policy/fixes.ts";
import type { ObjectRef, SourcePosition } from "../../policy/model.ts";
import { nameOf, plural } from "../../policy/phrasing.ts";
import type { Verdict } from "../../policy/verdict.ts";
import { stepsOf } from "../commands.ts";
import { groundsOf, moreOf, sentenceOf } from "../message.ts";
import { type Painter, painter } from "../paint.ts";
import type { Plan } from "../plan.ts";
import type { JudgedWorkload, Place, Report, ReportedFinding, Telling } from "../report.ts";
import { visible } from "../visible.ts";
import { wrapped } from "../wrap.ts";
import { auditBlocks } from "./audit-text.ts";
import { logBlocks } from "./log-text.ts";
import { notJudgedText } from "./not-judged.ts";
import { overview } from "./overview.ts";

export interface TextOptions {
  readonly colour: boolean;
  /** Columns to wrap at. */
  readonly width?: number;
  /** `summary`: no single findings. `quiet`: errors and the last line only. */
  readonly detail?: "full" | "summary" | "quiet";
  /** Also the known findings. */
  readonly all?: boolean;
}

const USUAL_WIDTH = 80;
/** With more findings than these, an overview comes first and each way out is printed once. */
const MANY = 20;

/**
 * A report for people: the findings with their evidence and ways out, a line for each workload that is safe, and
 * a summary. Ends with a newline.
 */
export function renderText(report: Report, options: TextOptions): string {
  const { detail = "full", all = false, colour, width = USUAL_WIDTH } = options;
  const paint = painter(colour);
  const told = report.findings.filter(
    ({ known, severity, exempted }) =>
      (all || !known) && (detail !== "quiet" || (severity === "error" && exempted === null)),
  );
  const many = told.length > MANY;
  const logged = report.fromLog === null ? [] : logBlocks(report.fromLog, { colour, width });
  // Without a cluster nothing was judged that a summary could count.
  if (report.fromLog !== null && report.audit === null) return `${logged.join("\n\n")}\n`;
  const blocks: string[] =
    report.audit !== null
      ? [...logged, ...auditBlocks(report, { colour, width })]
      : many || detail === "summary"
        ? [...overview(report, told)]
        : [];
  if (detail !== "summary") {
    blocks.push(
      ...findingBlocks(told, { many, width, telling: report.telling, paint, plans: plansOf(report, told) }),
    );
    if (many) blocks.push(waysOut(told, width, paint));
  }
  if (detail === "full") blocks.push(...allowedBlocks(report, { width, paint }));
  blocks.push(summaryLine(report, paint));
  return `${blocks.join("\n\n")}\n`;
}

/** One line for each input error and note: `file:line:column: error: message`, as compilers print them. */
export function renderProblems(
  { errors, notes }: Pick<Report, "errors" | "notes">,
  { colour }: Pick<TextOptions, "colour">,
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

interface Layout {
  /** True where there are so many findings that their ways out are printed once, at the end. */
  readonly many: boolean;
  readonly width: number;
  readonly telling: Telling;
  readonly paint: Painter;
  /** What is enough for a workload, by the name that its findings have. */
  readonly plans: ReadonlyMap<string, Plan>;
}

function findingBlocks(findings: readonly ReportedFinding[], layout: Layout): readonly string[] {
  let told: readonly Fix[] = [];
  return findings.map((finding, at) => {
    const before = findings[at - 1];
    if (before === undefined || !isSameObject(before, finding)) told = [];
    const block = findingBlock(finding, told, layout);
    told = [...told, ...finding.fixes];
    const next = findings[at + 1];
    const isLast = next === undefined || !isSameObject(finding, next);
    return isLast ? [block, ...planLines(finding, layout)].join("\n") : block;
  });
}

/** Of several errors some fixes may clear more than one. */
function planLines(finding: ReportedFinding, { plans, width, paint }: Layout): readonly string[] {
  const plan = plans.get(planKey(finding.workload, finding.source, finding.cluster));
  if (plan === undefined) return [];
  const then = plan.steps.length > 1 ? "; change the strategy separately, after the number of pods" : "";
  const fixes = plan.fixes.map(({ summary }) => summary).join("; ");
  return wrapped(`${paint("bold", "To fix all of them")}: ${visible(fixes)}${then}`, "  ", width);
}

function planKey(workload: ObjectRef, source: SourcePosition | null, cluster: string | null): string {
  return JSON.stringify([visible(nameOf(workload)), source, cluster]);
}

/** The plans of workloads with more than one error: with one error, each way out shown is a plan. */
function plansOf({ workloads }: Report, findings: readonly ReportedFinding[]): ReadonlyMap<string, Plan> {
  const errors = Map.groupBy(
    findings.filter(({ severity, exempted }) => severity === "error" && exempted === null),
    ({ workload, source, cluster }) => planKey(workload, source, cluster),
  );
  return new Map(
    workloads.flatMap(({ workload, source, cluster, plan }) => {
      const key = planKey(workload, source, cluster);
      return plan != null && (errors.get(key)?.length ?? 0) > 1 ? [[key, plan] as const] : [];
    }),
  );
}

function isSameObject(a: ReportedFinding, b: ReportedFinding): boolean {
  return visible(nameOf(a.workload)) === visible(nameOf(b.workload)) && a.source?.file === b.source?.file;
}

/** @param told the ways out already printed above, under other findings of the same workload. */
function findingBlock(finding: ReportedFinding, told: readonly Fix[], layout: Layout): string {
  const { paint, width, telling, many } = layout;
  const lines = [headLine(finding, paint)];
  if (finding.place !== null) lines.push(...placeLines(finding.place, paint));
  if (finding.exempted !== null) lines.push(`  ${exemptionLine(finding.exempted)}`);
  lines.push("", ...wrapped(visible(sentenceOf(finding)), "  ", width));
  for (const each of groundsOf(finding)) lines.push(...wrapped(visible(each), "    - ", width));
  for (const { object, place } of finding.relatedPlaces) {
    lines.push(`    - ${visible(object.kind)} ${visible(object.name)}: ${paint("dim", placeOf(place))}`);
  }
  if (many) {
    const ids = finding.fixes.map(({ id }) => id).join(", ");
    if (ids !== "") lines.push("", `  ${paint("bold", "How to fix it")}: ${ids} (below)`);
    return lines.join("\n");
  }
  if (finding.fixes.length > 0) lines.push("", `  ${paint("bold", "How to fix it")}`);
  for (const [index, fix] of finding.fixes.entries()) {
    const isTold = told.some((other) => isDeepStrictEqual(other, fix));
    lines.push(...fixLines(index + 1, fix, isTold, finding, telling, width));
  }
  lines.push("", `  ${paint("dim", moreOf(finding, telling))}`);
  return lines.join("\n");
}

function headLine({ exempted, known, severity, workload, rule }: ReportedFinding, paint: Painter): string {
  const label =
    exempted !== null
      ? paint("cyan", "EXEMPTED")
      : known
        ? paint("cyan", "KNOWN")
        : severity === "error"
          ? paint("red", "ERROR")
          : paint("yellow", "WARNING");
  return `${label}  ${paint("bold", visible(nameOf(workload)))}  [${rule}]`;
}

/** A line of a manifest may be of any length; the highlighted part stays visible. */
const EXCERPT_WIDTH = 160;

function placeLines(place: Place, paint: Painter): readonly string[] {
  const head = `  ${paint("dim", placeOf(place))}`;
  if (place.text === null) return [head];
  const number = String(place.line);
  const start = Math.max(0, (place.endColumn ?? place.column) - EXCERPT_WIDTH);
  const shown = visible(place.text.slice(start, start + EXCERPT_WIDTH));
  const before = visible(place.text.slice(start, place.column - 1)).length;
  const length = Math.max(1, (place.endColumn ?? place.column + 1) - place.column);
  const mark = "^".repeat(Math.min(length, Math.max(1, shown.length - before)));
  return [
    head,
    `    ${paint("dim", `${number} |`)} ${shown}`,
    `    ${paint("dim", `${" ".repeat(number.length)} |`)} ${" ".repeat(before)}${paint("red", mark)}`,
  ];
}

function exemptionLine({ by, until, reason }: Exemption): string {
  const end = until === null ? "" : ` until ${visible(until)}`;
  return `exempted by ${by}${end}: ${visible(reason)}`;
}

function fixLines(
  number: number,
  fix: Fix,
  isTold: boolean,
  finding: ReportedFinding,
  telling: Telling,
  width: number,
): readonly string[] {
  const lead = `    ${number}. `;
  if (isTold) return wrapped(`${visible(fix.summary)} (as above)`, lead, width);
  const lines = [...wrapped(visible(fix.summary), lead, width)];
  if (fix.cost !== "") lines.push(...wrapped(`Cost: ${visible(fix.cost)}`, "       ", width));
  // Never wrapped: they are there to be copied.
  for (const { where, what } of stepsOf(fix, telling, finding)) {
    lines.push(`       ${visible(`${where}: ${what}`)}`);
  }
  return lines;
}

/** Each way out that a finding names, once. */
function waysOut(findings: readonly ReportedFinding[], width: number, paint: Painter): string {
  const ids = new Set<FixId>(findings.flatMap(({ fixes }) => fixes.map(({ id }) => id)));
  const lines = [...ids].flatMap((id) => {
    const { summary, cost } = FIXES[id];
    return [...wrapped(`${id}: ${summary}`, "  ", width), ...wrapped(`Cost: ${cost}`, "    ", width)];
  });
  const more = "For what each means for a workload: `--format json`, or check its file alone.";
  return [paint("bold", "How to fix it"), ...lines, `  ${paint("dim", more)}`].join("\n");
}

function allowedBlocks(
  { workloads, notJudged }: Report,
  { width, paint }: Pick<Layout, "width" | "paint">,
): readonly string[] {
  const allowed = workloads.filter(({ verdict }) => verdict === "allow");
  const blocks: string[] = [];
  if (allowed.length > MANY) blocks.push(`${paint("green", "OK")}  ${allowed.length} workloads are allowed`);
  else if (allowed.length > 0) {
    blocks.push(allowed.map((each) => allowedLines(each, width, paint).join("\n")).join("\n"));
  }
  if (notJudged.length > 0) blocks.push(visible(notJudgedText(notJudged)));
  return blocks;
}

/** A workload that only its mode lets pass is not called OK: its findings stand above. */
function allowedLines(
  { workload, source, state, reason, evidence }: JudgedWorkload,
  width: number,
  paint: Painter,
): readonly string[] {
  const place = source === null ? "" : `  ${paint("dim", placeOf(source))}`;
  const label = state === "latent" ? paint("yellow", "ALLOWED") : paint("green", "OK");
  const head = `${label}  ${paint("bold", visible(nameOf(workload)))}: ${visible(reason)}${place}`;
  return [head, ...evidence.flatMap((each) => wrapped(visible(each), "    - ", width))];
}

function summaryLine(report: Report, paint: Painter): string {
  const { summary, workloads, errors, notes, notJudged, change } = report;
  const count = (verdict: Verdict) => workloads.filter((each) => each.verdict === verdict).length;
  const verdicts =
    summary.workloads === 0
      ? notJudged.length === 0
        ? change === null
          ? notes.some(({ unrendered }) => unrendered)
            ? "No workload that was judged mounts a claim, and not everything was rendered"
            : "No workload mounts a claim"
          : "The change affects no workload that mounts a claim"
        : "No workload that mounts a claim was judged"
      : `${plural(summary.workloads, "workload")} that ${summary.workloads === 1 ? "mounts" : "mount"} a claim: ` +
        `${count("deny")} denied, ${count("warn")} with a warning, ${count("allow")} allowed`;
  const findings = [
    paintedCount(summary.errors, "error", "red", paint),
    paintedCount(summary.warnings, "warning", "yellow", paint),
  ];
  if (summary.exempted > 0) findings.push(`${summary.exempted} exempted`);
  if (summary.known > 0) findings.push(`${summary.known} known before`);
  const rest =
    errors.length > 0
      ? ` Not everything was judged: ${plural(errors.length, "problem")} with the input.`
      : "";
  const open = change?.reservation == null ? "" : ` ${visible(change.reservation)}`;
  return `${verdicts}. ${findings.join(", ")}.${rest}${open}`;
}

function paintedCount(count: number, noun: string, colour: "red" | "yellow", paint: Painter): string {
  return count === 0 ? plural(count, noun) : paint(colour, plural(count, noun));
}

function placeOf({ file, line, column }: SourcePosition): string {
  return `${visible(file)}:${line}:${column}`;
}
