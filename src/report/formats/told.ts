import { FIXES } from "../../policy/fixes.ts";
import { sentenceOf } from "../message.ts";
import type { RenderOptions, Report, ReportedFinding } from "../report.ts";

/** The findings that a format shows: neither known nor, unless asked for, exempted. */
export function toldFindings(
  { findings }: Report,
  { includeExempted }: Pick<RenderOptions, "includeExempted">,
): readonly ReportedFinding[] {
  return findings.filter(({ known, exempted }) => !known && (includeExempted || exempted === null));
}

/** For readers that compare two files by themselves, and would take a missing finding for fixed. */
export function comparableFindings(
  { findings }: Report,
  { includeExempted }: Pick<RenderOptions, "includeExempted">,
): readonly ReportedFinding[] {
  return findings.filter(({ exempted }) => includeExempted || exempted === null);
}

/** Errors first, in the report's order otherwise. */
export function worstFirst(findings: readonly ReportedFinding[]): readonly ReportedFinding[] {
  return findings.toSorted((a, b) => Number(a.severity !== "error") - Number(b.severity !== "error"));
}

/** What is wrong and the cheapest way out, in two sentences at most. */
export function briefly(finding: ReportedFinding): string {
  const [fix] = finding.fixes;
  return fix === undefined ? sentenceOf(finding) : `${sentenceOf(finding)} Fix: ${FIXES[fix.id].short}.`;
}
