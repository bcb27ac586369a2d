import type { ObjectRef } from "../../policy/model.ts";
import { harmless } from "../harmless.ts";
import { exemptionText, explainFinding, sentenceOf } from "../message.ts";
import type {
  FailOn,
  JudgedWorkload,
  RenderOptions,
  Report,
  ReportError,
  ReportedFinding,
} from "../report.ts";

interface Case {
  readonly file: string;
  readonly classname: string;
  readonly name: string;
  readonly outcome: "passed" | "failure" | "error" | "skipped";
  /** One line, where it did not simply pass. */
  readonly message: string;
  /** The whole text. */
  readonly text: string;
}

/**
 * JUnit XML: a suite per file; a case for each finding, which fails where it counts for `--fail-on`, and one for each
 * workload without any.
 */
export function renderJunit(report: Report, options: RenderOptions): string {
  const cases = unique([
    ...report.errors.map((error) => errorCase(error, report)),
    ...report.findings.filter(({ known }) => !known).map((finding) => findingCase(finding, report, options)),
    ...report.workloads.filter(isWithout(report.findings)).map((workload) => workloadCase(workload, report)),
  ]);
  const suites = [...Map.groupBy(cases, ({ file }) => file)].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const { tests, failures, errors } = counts(cases);
  const lines = [
    `<?xml version="1.0" encoding="UTF-8"?>`,
    `<testsuites name="attachguard" tests="${tests}" failures="${failures}" errors="${errors}">`,
    ...suites.flatMap(([file, own]) => suiteLines(file, own)),
    "</testsuites>",
  ];
  return `${lines.join("\n")}\n`;
}

function errorCase({ file, line, column, message }: ReportError, report: Report): Case {
  const path = report.inRepository(file);
  const text = `${path}:${line}:${column}: ${message}`;
  return { file: path, classname: "input", name: text, outcome: "error", message, text };
}

function findingCase(finding: ReportedFinding, report: Report, { failOn }: RenderOptions): Case {
  const { exempted, rule, workload } = finding;
  const outcome = exempted !== null ? "skipped" : fails(finding, failOn) ? "failure" : "passed";
  return {
    file: report.inRepository(finding.place?.file ?? ""),
    classname: classOf(workload),
    name: `${workload.name} [${rule}]`,
    outcome,
    message: exempted === null ? sentenceOf(finding) : exemptionText(exempted),
    text: `${placeText(finding, report)}${explainFinding(finding, report.telling)}`,
  };
}

function workloadCase({ workload, source, reason, evidence }: JudgedWorkload, report: Report): Case {
  return {
    file: report.inRepository(source?.file ?? ""),
    classname: classOf(workload),
    name: workload.name,
    outcome: "passed",
    message: reason,
    text: [reason, ...evidence].join("\n"),
  };
}

function fails({ severity }: ReportedFinding, failOn: FailOn): boolean {
  return failOn === "warning" || (failOn === "error" && severity === "error");
}

function placeText({ place }: ReportedFinding, { inRepository }: Report): string {
  return place === null ? "" : `${inRepository(place.file)}:${place.line}\n`;
}

function classOf({ kind, namespace }: ObjectRef): string {
  return `${namespace}.${kind}`;
}

function isWithout(findings: readonly ReportedFinding[]): (workload: JudgedWorkload) => boolean {
  const key = ({ kind, namespace, name }: ObjectRef, file: string | undefined) =>
    JSON.stringify([kind, namespace, name, file]);
  const told = new Set(findings.map(({ workload, source }) => key(workload, source?.file)));
  return ({ workload, source }) => !told.has(key(workload, source?.file));
}

/** Readers drop the second of two cases with the same name. */
function unique(cases: readonly Case[]): readonly Case[] {
  const seen = new Map<string, number>();
  return cases.map((each) => {
    const key = JSON.stringify([each.file, each.classname, each.name]);
    const before = seen.get(key) ?? 0;
    seen.set(key, before + 1);
    return before === 0 ? each : { ...each, name: `${each.name} (${before + 1})` };
  });
}

function suiteLines(file: string, cases: readonly Case[]): readonly string[] {
  const { tests, failures, errors, skipped } = counts(cases);
  const path = attribute(file);
  const name = file === "" ? "cluster" : path;
  const ofFile = file === "" ? "" : ` file="${path}"`;
  return [
    `  <testsuite name="${name}" tests="${tests}" failures="${failures}" errors="${errors}" skipped="${skipped}">`,
    ...cases.map((each) => caseLines(each, ofFile)),
    "  </testsuite>",
  ];
}

function caseLines({ classname, name, outcome, message, text }: Case, ofFile: string): string {
  const body =
    outcome === "passed"
      ? `<system-out>${escaped(text)}</system-out>`
      : `<${outcome} message="${attribute(message)}">${escaped(text)}</${outcome}>`;
  return `    <testcase classname="${attribute(classname)}" name="${attribute(name)}"${ofFile} time="0">
      ${body}
    </testcase>`;
}

interface Counts {
  readonly tests: number;
  readonly failures: number;
  readonly errors: number;
  readonly skipped: number;
}

function counts(cases: readonly Case[]): Counts {
  const counted = { passed: 0, failure: 0, error: 0, skipped: 0 };
  for (const { outcome } of cases) counted[outcome] += 1;
  const { failure, error, skipped } = counted;
  return { tests: cases.length, failures: failure, errors: error, skipped };
}

/** White space other than single spaces, which a reader of an attribute does not keep. */
const SPACED = /[^\S ]| {2}/;

function attribute(value: string): string {
  return escaped(SPACED.test(value) ? value.replace(/\s+/g, " ") : value);
}

/** What XML 1.0 cannot carry at all, escaped or not. */
const FORBIDDEN = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

/** What XML has to have escaped or taken out; nearly all names and texts have none of it. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const NOT_PLAIN = /[&<>"\u0000-\u0008\u000b\u000c\u000e-\u001f\ud800-\udfff\ufffe\uffff]/;

function escaped(text: string): string {
  if (!NOT_PLAIN.test(text)) return harmless(text);
  // In this order: taking something out may join what stood around it.
  return harmless(text.replace(FORBIDDEN, ""))
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
