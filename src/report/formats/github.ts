import { plural } from "../../policy/phrasing.ts";
import { harmless } from "../harmless.ts";
import { explainFinding } from "../message.ts";
import type { RenderOptions, Report, ReportError, ReportedFinding } from "../report.ts";
import { notJudgedText } from "./not-judged.ts";
import { toldFindings, worstFirst } from "./told.ts";

/** The runner shows this many annotations of one type for a step and drops the rest silently. */
const MOST_SHOWN = 10;
/** The runner cuts a message here. */
const MESSAGE_LIMIT = 4_096;

/**
 * Annotations of a GitHub workflow, the worst first and no more than are shown, with the total in a last line. One
 * command per line; text from manifests is escaped, so that it starts none of its own.
 */
export function renderGithub(report: Report, options: RenderOptions): string {
  const told = worstFirst(toldFindings(report, options));
  const errors = told.filter(({ severity }) => severity === "error");
  const warnings = told.filter(({ severity }) => severity !== "error");
  const room = Math.max(MOST_SHOWN - report.errors.length, 0);
  const lines = [
    ...report.errors.slice(0, MOST_SHOWN).map((error) => errorCommand(error, report)),
    ...errors.slice(0, room).map((finding) => findingCommand(finding, report)),
    ...warnings.slice(0, MOST_SHOWN).map((finding) => findingCommand(finding, report)),
    totalCommand(report),
  ];
  return `${lines.join("\n")}\n`;
}

function findingCommand(finding: ReportedFinding, report: Report): string {
  const { place, rule, workload } = finding;
  return command(
    finding.severity,
    {
      ...(place === null ? {} : { file: report.inRepository(place.file), line: place.line }),
      ...(place?.endColumn ? { col: place.column, endColumn: place.endColumn } : {}),
      title: `${workload.kind} ${workload.namespace}/${workload.name} [${rule}]`,
    },
    explainFinding(finding, report.telling),
  );
}

function errorCommand({ file, line, column, message }: ReportError, report: Report): string {
  const place = file === "" ? {} : { file: report.inRepository(file), line, col: column };
  return command("error", { ...place, title: "attachguard" }, message);
}

function totalCommand({ summary, errors, notes, notJudged }: Report): string {
  const unread = errors.length === 0 ? "" : `, ${plural(errors.length, "problem")} with the input`;
  const left = [
    ...notes.filter(({ unrendered }) => unrendered).map(({ message }) => message),
    ...(notJudged.length === 0 ? [] : [notJudgedText(notJudged)]),
  ];
  const reservation = left.length === 0 ? "" : `; not everything was judged: ${left.join("; ")}`;
  const text = `${plural(summary.errors, "error")}, ${plural(summary.warnings, "warning")}${unread} in ${plural(summary.workloads, "workload")} with volumes${reservation}`;
  return command("notice", { title: "attachguard" }, text);
}

function command(
  name: "error" | "warning" | "notice",
  properties: Readonly<Record<string, string | number>>,
  message: string,
): string {
  const given = Object.entries(properties).map(([key, value]) => `${key}=${property(String(value))}`);
  return `::${name} ${given.join(",")}::${data(message.slice(0, MESSAGE_LIMIT))}`;
}

/** As actions/toolkit escapes it (`packages/core/src/command.ts`); the line ends that it does not know are taken out. */
function data(text: string): string {
  return harmless(text.toWellFormed())
    .replaceAll("%", "%25")
    .replaceAll("\r", "%0D")
    .replaceAll("\n", "%0A")
    .replace(/[\v\f\u0085\u2028\u2029]/g, " ");
}

function property(text: string): string {
  return data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
