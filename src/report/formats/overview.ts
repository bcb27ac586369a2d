import { posix } from "node:path";
import type { Report, ReportedFinding } from "../report.ts";
import { visible } from "../visible.ts";

interface Row {
  readonly where: string;
  readonly rule: string;
  errors: number;
  warnings: number;
}

/** What was found, by folder (by namespace where there are no files) and rule, as a block for a terminal. */
export function overview(report: Report, findings: readonly ReportedFinding[]): readonly string[] {
  if (findings.length === 0) return [];
  const rows = new Map<string, Row>();
  for (const finding of findings) {
    const { source, rule, severity, workload } = finding;
    const where = source === null ? workload.namespace : posix.dirname(report.inRepository(source.file));
    const key = JSON.stringify([where, rule]);
    const row = rows.get(key) ?? { where, rule, errors: 0, warnings: 0 };
    if (severity === "error") row.errors += 1;
    else row.warnings += 1;
    rows.set(key, row);
  }
  const title = findings.some(({ source }) => source !== null) ? "folder" : "namespace";
  const table = [
    [title, "rule", "errors", "warnings"],
    ...[...rows.values()]
      .toSorted((a, b) => b.errors - a.errors || (a.where < b.where ? -1 : 1))
      .map(({ where, rule, errors, warnings }) => [visible(where), rule, String(errors), String(warnings)]),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => (row[column] ?? "").length)));
  const lines = table.map((row) =>
    row
      .map((cell, at) => (at > 1 ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0)))
      .join("  "),
  );
  return [lines.map((line) => line.trimEnd()).join("\n")];
}
