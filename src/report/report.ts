import type { Factors } from "../policy/factors.ts";
import type { Finding, Severity, Verdict } from "../policy/finding.ts";
import type { ObjectRef, SourcePosition } from "../policy/model.ts";

/** A workload that mounts a claim, whatever came of it. */
export interface JudgedWorkload {
  readonly workload: ObjectRef;
  readonly source: SourcePosition | null;
  readonly verdict: Verdict;
  /** Those of the moment that decided. */
  readonly factors: Factors;
  /** Why it is allowed, in a few words; means nothing with another verdict. */
  readonly reason: string;
  /** The facts behind the reason, one sentence each. */
  readonly evidence: readonly string[];
}

/** What was wrong with the input, and where; lines and columns count from 1. */
export interface ReportError {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
  /** False for a note: the input could be read, and something in it is worth knowing. */
  readonly fatal: boolean;
}

export interface Summary {
  readonly workloads: number;
  /** Findings that are not exempted, by severity. */
  readonly errors: number;
  readonly warnings: number;
  readonly exempted: number;
}

/** What `check` and `audit` found, ready to be rendered in any format. */
export interface Report {
  readonly findings: readonly Finding[];
  readonly workloads: readonly JudgedWorkload[];
  readonly errors: readonly ReportError[];
  readonly summary: Summary;
}

/** The least severe finding that makes the exit code 1. */
export const FAIL_ON = ["error", "warning", "never"] as const;
export type FailOn = (typeof FAIL_ON)[number];

/**
 * Puts findings, workloads and input errors into the one order that all formats show, which does not depend on
 * the order of files or of documents in them, and counts them.
 */
export function buildReport(
  findings: readonly Finding[],
  workloads: readonly JudgedWorkload[],
  errors: readonly ReportError[],
): Report {
  const counted = findings.filter((finding) => finding.exempted === null);
  const count = (severity: Severity) => counted.filter((finding) => finding.severity === severity).length;
  return {
    findings: findings.toSorted(
      (a, b) => compareRefs(a.workload, b.workload) || compare(a.rule, b.rule) || compareSources(a, b),
    ),
    workloads: workloads.toSorted((a, b) => compareRefs(a.workload, b.workload) || compareSources(a, b)),
    errors: errors.toSorted(
      (a, b) =>
        compare(a.file, b.file) || a.line - b.line || a.column - b.column || compare(a.message, b.message),
    ),
    summary: {
      workloads: workloads.length,
      errors: count("error"),
      warnings: count("warning"),
      exempted: findings.length - counted.length,
    },
  };
}

/** The exit code of a report: 2 where the input was wrong, 1 where something is at or above `failOn`, else 0. */
export function exitCodeOf(report: Report, failOn: FailOn): 0 | 1 | 2 {
  if (report.errors.some((error) => error.fatal)) return 2;
  if (failOn === "never") return 0;
  const failing = report.summary.errors + (failOn === "warning" ? report.summary.warnings : 0);
  return failing > 0 ? 1 : 0;
}

/** By code unit: the same on every machine, whatever its locale. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function compareRefs(a: ObjectRef, b: ObjectRef): number {
  return (
    compare(a.namespace, b.namespace) ||
    compare(a.kind, b.kind) ||
    compare(a.name, b.name) ||
    compare(a.apiVersion, b.apiVersion)
  );
}

interface Sourced {
  readonly source: SourcePosition | null;
}

/** Decides only between objects of one name that stand in two places, e.g. with and without their namespace. */
function compareSources({ source: a }: Sourced, { source: b }: Sourced): number {
  return (
    compare(a?.file ?? "", b?.file ?? "") ||
    (a?.line ?? 0) - (b?.line ?? 0) ||
    (a?.column ?? 0) - (b?.column ?? 0)
  );
}
