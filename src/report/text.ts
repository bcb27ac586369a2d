import type { Exemption, Finding, Fix, Verdict } from "../policy/finding.ts";
import type { ObjectRef, SourcePosition } from "../policy/model.ts";
import { plural } from "../policy/words.ts";
import { type Painter, painter } from "./paint.ts";
import type { JudgedWorkload, Report, ReportError } from "./report.ts";
import { visible } from "./visible.ts";

/**
 * A report for people: the findings with their evidence and ways out, a line for each workload that is safe, and
 * a summary. Ends with a newline. `colour`: with ANSI colours, for a terminal.
 */
export function renderText(report: Report, colour: boolean): string {
  const paint = painter(colour);
  const blocks: string[] = [];
  let told: readonly Fix[] = [];
  for (const [at, finding] of report.findings.entries()) {
    const before = report.findings[at - 1];
    if (before === undefined || !isSameObject(before, finding)) told = [];
    blocks.push(findingBlock(finding, told, paint));
    told = [...told, ...finding.fixes];
  }
  const safe = report.workloads.filter(({ verdict }) => verdict === "allow");
  if (safe.length > 0) blocks.push(safe.map((workload) => safeLine(workload, paint)).join("\n"));
  blocks.push(summaryLine(report, paint));
  return `${blocks.join("\n\n")}\n`;
}

/** One line for each input error and note: `file:line:column: error: message`, as compilers print them. */
export function renderErrors(errors: readonly ReportError[], colour: boolean): string {
  const paint = painter(colour);
  return errors
    .map((error) => {
      const place = error.file === "" ? "" : `${placeOf(error)}: `;
      const label = error.fatal ? paint("red", "error") : paint("yellow", "note");
      return `${place}${label}: ${visible(error.message)}\n`;
    })
    .join("");
}

function isSameObject(a: Finding, b: Finding): boolean {
  return refText(a.workload) === refText(b.workload) && a.source?.file === b.source?.file;
}

/** @param told the ways out that stand above already, under other findings of the same workload. */
function findingBlock(finding: Finding, told: readonly Fix[], paint: Painter): string {
  const lines = [headLine(finding, paint)];
  if (finding.source !== null) lines.push(`  ${paint("dim", placeOf(finding.source))}`);
  if (finding.exempted !== null) lines.push(`  ${exemptionLine(finding.exempted)}`);
  // The message goes on with evidence and fixes, which stand below in full.
  const [problem = ""] = finding.message.split("\n", 1);
  lines.push("", `  ${visible(problem)}`, ...finding.evidence.map((each) => `    - ${visible(each)}`));
  if (finding.fixes.length > 0) lines.push("", `  ${paint("bold", "Ways out")}`);
  for (const [index, fix] of finding.fixes.entries()) {
    const isTold = told.some(({ summary, command }) => summary === fix.summary && command === fix.command);
    lines.push(...fixLines(index + 1, fix, isTold));
  }
  lines.push("", `  ${paint("dim", `More: attachguard explain ${finding.rule}`)}`);
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

function fixLines(number: number, fix: Fix, isTold: boolean): readonly string[] {
  if (isTold) return [`    ${number}. ${visible(fix.summary)} (as above)`];
  const lines = [`    ${number}. ${visible(fix.summary)}`];
  if (fix.cost !== "") lines.push(`       Cost: ${visible(fix.cost)}`);
  if (fix.command !== null) lines.push(`       ${visible(fix.command)}`);
  return lines;
}

function safeLine({ workload, source, reason, evidence }: JudgedWorkload, paint: Painter): string {
  const place = source === null ? "" : `  ${paint("dim", placeOf(source))}`;
  const head = `${paint("green", "OK")}  ${paint("bold", refText(workload))}: ${visible(reason)}${place}`;
  return [head, ...evidence.map((each) => `    - ${visible(each)}`)].join("\n");
}

function summaryLine({ summary, workloads, errors }: Report, paint: Painter): string {
  const count = (verdict: Verdict) => workloads.filter((each) => each.verdict === verdict).length;
  const verdicts =
    summary.workloads === 0
      ? "No workload mounts a claim"
      : `${plural(summary.workloads, "workload")} that ${summary.workloads === 1 ? "mounts" : "mount"} a claim: ` +
        `${count("deny")} denied, ${count("warn")} with a warning, ${count("allow")} allowed`;
  const findings = [
    paintedCount(summary.errors, "error", "red", paint),
    paintedCount(summary.warnings, "warning", "yellow", paint),
  ];
  if (summary.exempted > 0) findings.push(`${summary.exempted} exempted`);
  const unread = errors.filter(({ fatal }) => fatal).length;
  const rest = unread > 0 ? ` Not everything was judged: ${plural(unread, "problem")} with the input.` : "";
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
