import type { Finding } from "../policy/finding.ts";
import { type Mode, type Verdict, verdictOf } from "../policy/verdict.ts";
import { denialMessage, exemptionText, warningOf } from "../report/message.ts";
import type { Telling } from "../report/report.ts";
import { fitWarnings, oneLine, severalLines } from "./answer-text.ts";
import type { Answer } from "./review.ts";

/** What was decided about one review. */
export interface Decision {
  /** False where nothing was judged: another resource, a namespace that is excluded, mode off. */
  readonly judged: boolean;
  readonly mode: Mode | null;
  readonly findings: readonly Finding[];
  /** What was assumed or left out, for the log and the audit annotation. */
  readonly notes: readonly string[];
  /** True where a lookup did not end before the deadline. */
  readonly late: boolean;
  /** One sentence if the facts were old, else `undefined`. */
  readonly stale: string | undefined;
  readonly telling: Telling;
}

/** The verdict recorded for a review that got none, whatever its answer; the same in metric and annotation. */
export const UNJUDGED = "unjudged";
/** A message too long to be read helps nobody; the log has the rest. */
const MESSAGE_LIMIT = 8_192;
const ANNOTATION_LIMIT = 1_024;

/** The verdict of a decision, as metrics and logs count it. */
export function verdictFor({ judged, mode, findings }: Decision): Verdict {
  return judged && mode !== null ? verdictOf(findings, mode) : "allow";
}

/** The rules for which mode enforce would deny; exempted findings are warnings by then. */
export function rulesDenied(findings: readonly Finding[]): readonly string[] {
  return [...new Set(findings.filter(({ severity }) => severity === "error").map(({ rule }) => rule))];
}

/** The response: a denial with its message, warnings, audit annotations. */
export function answerFor(decision: Decision): Answer {
  const { judged, findings } = decision;
  if (!judged) return { allowed: true, message: undefined, warnings: [], auditAnnotations: {} };
  const verdict = verdictFor(decision);
  const errors = findings.filter(({ severity }) => severity === "error");
  return {
    allowed: verdict !== "deny",
    message:
      verdict === "deny" ? severalLines(denialMessage(errors, decision.telling), MESSAGE_LIMIT) : undefined,
    warnings: fitWarnings(warningsOf(decision, verdict)),
    auditAnnotations: annotationsOf(decision, verdict),
  };
}

/** The answer to a review that could not be judged. */
export function unjudged(allowed: boolean, why: string): Answer {
  return {
    allowed,
    message: allowed ? undefined : oneLine(`attachguard did not judge this request: ${why}`),
    warnings: allowed ? [oneLine(`attachguard did not judge this request: ${why}`)] : [],
    auditAnnotations: { verdict: UNJUDGED, unjudged: oneLine(why) },
  };
}

function warningsOf({ findings, mode, notes, late, stale }: Decision, verdict: Verdict): readonly string[] {
  if (mode === "audit") return [];
  // A denial's message already contains the notes of its findings.
  const saidBefore = new Set(verdict === "deny" ? findings.flatMap((finding) => finding.notes) : []);
  const shown = verdict === "deny" ? findings.filter(({ severity }) => severity === "warning") : findings;
  return [
    ...shown.map(warningOf),
    ...(late ? ["attachguard: judged by what was known, a lookup did not finish before the deadline"] : []),
    ...(stale === undefined ? [] : [stale]),
    ...(verdict === "allow" ? [] : notes.filter((note) => !saidBefore.has(note))),
  ];
}

function annotationsOf(
  { findings, mode, notes, late, stale }: Decision,
  verdict: Verdict,
): Readonly<Record<string, string>> {
  const rules = [...new Set(findings.map(({ rule }) => rule))];
  const denies = rulesDenied(findings);
  const exempted = [
    ...new Set(
      findings.flatMap((finding) =>
        finding.exempted === null ? [] : [`${finding.rule} ${exemptionText(finding.exempted)}`],
      ),
    ),
  ];
  return {
    verdict,
    mode: mode ?? "off",
    ...(rules.length > 0 ? { rule: rules.join(",") } : {}),
    ...(denies.length > 0 ? { denies: denies.join(",") } : {}),
    // What the mode let through must still be found in the audit log.
    ...(mode === "enforce" || findings.length === 0 ? {} : { enforced: verdictOf(findings, "enforce") }),
    ...(exempted.length > 0 ? { exempted: oneLine(exempted.join("; "), ANNOTATION_LIMIT) } : {}),
    ...(notes.length > 0 ? { notes: oneLine(notes.join("; "), ANNOTATION_LIMIT) } : {}),
    ...(late ? { late: "true" } : {}),
    ...(stale === undefined ? {} : { stale: "true" }),
  };
}
