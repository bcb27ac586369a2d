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
  const { tests = "", failures = "", errors = "" } = counts(cases);
  const lines = [
    `<?xml version="1.0" encoding="UTF-8"?>`,
    `<testsuites ${attributes({ name: "attachguard", tests, failures, errors })}>`,
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
  const name = file === "" ? "cluster" : file;
  return [
    `  <testsuite ${attributes({ name, ...counts(cases) })}>`,
    ...cases.flatMap(caseLines),
    "  </testsuite>",
  ];
}

function caseLines({ file, classname, name, outcome, message, text }: Case): readonly string[] {
  const head = attributes({ classname, name, ...(file === "" ? {} : { file }), time: "0" });
  const body =
    outcome === "passed"
      ? `<system-out>${escaped(text)}</system-out>`
      : `<${outcome} ${attributes({ message })}>${escaped(text)}</${outcome}>`;
  return [`    <testcase ${head}>`, `      ${body}`, "    </testcase>"];
}

function counts(cases: readonly Case[]): Readonly<Record<string, string>> {
  const count = (outcome: Case["outcome"]) => String(cases.filter((each) => each.outcome === outcome).length);
  return {
    tests: String(cases.length),
    failures: count("failure"),
    errors: count("error"),
    skipped: count("skipped"),
  };
}

function attributes(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}="${escaped(value.replace(/\s+/g, " "))}"`)
    .join(" ");
}

/** What XML 1.0 cannot carry at all, escaped or not. */
const FORBIDDEN = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

function escaped(text: string): string {
  return harmless(text)
    .replace(FORBIDDEN, "")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
