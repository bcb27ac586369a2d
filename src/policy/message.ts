import type { Finding, Fix, RuleId } from "./finding.ts";
import { FIXES, type FixId } from "./fixes.ts";
import type { ObjectRef } from "./model.ts";
import { nameOf } from "./words.ts";

/** API reviewers' advice for the length of a warning, and where the API server cuts (`endpoints/filters/warning.go`). */
const WARNING_ADVISED = 120;
const WARNING_MAX = 256;

/**
 * What a person reads: what will go wrong and on which objects, why, the cheapest way out with its command, the
 * other ways, and where to read on. Several lines.
 */
export function explainFinding(
  rule: RuleId,
  workload: ObjectRef,
  problem: string,
  evidence: readonly string[],
  fixes: readonly Fix[],
): string {
  const [first, ...others] = fixes;
  return [
    `${nameOf(workload)} ${problem}.`,
    ...evidence.map((line) => `  - ${line}`),
    ...(first ? [`Fix: ${first.summary}. Cost: ${first.cost}.`] : []),
    ...(first?.command ? [`  on the live object: ${first.command}`] : []),
    ...(others.length > 0 ? [`Or: ${others.map(alternative).join("; ")}.`] : []),
    `[${rule}] More: attachguard explain ${rule}`,
  ].join("\n");
}

function alternative({ id }: Fix): string {
  const { short, price } = FIXES[id as FixId];
  return price === "" ? short : `${short} (${price})`;
}

/** The same in one line without control characters, at most 256 characters, at most 120 where that can be. */
export function warnFinding(rule: RuleId, workload: ObjectRef, brief: string, fixes: readonly Fix[]): string {
  const tag = ` [${rule}]`;
  const core = `${workload.kind} ${workload.name}: ${brief}`;
  const fix = fixes[0] ? `; fix: ${FIXES[fixes[0].id as FixId].short}` : "";
  if (core.length + fix.length + tag.length <= WARNING_ADVISED) return core + fix + tag;
  return cut(core, WARNING_MAX - tag.length) + tag;
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

/**
 * One denial for all errors of a request: the first finding in full, every other one folded into a line before the
 * last.
 */
export function denialMessage(errors: readonly Finding[]): string {
  const [lead, ...others] = errors;
  if (!lead) return "";
  const lines = lead.message.split("\n");
  const last = lines.pop() ?? "";
  return [
    ...lines,
    ...others.map(({ rule, message }) => `Also: ${message.split("\n", 1)[0]} [${rule}]`),
    last,
  ].join("\n");
}
