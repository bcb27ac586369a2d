import type { FastifyBaseLogger } from "fastify";
import { verdictOf } from "../policy/verdict.ts";
import { exemptionText } from "../report/message.ts";
import { type Decision, rulesDenied, verdictFor } from "./answer.ts";
import { oneLine } from "./answer-text.ts";
import type { ReviewRequest } from "./review.ts";
import { resourceName } from "./subject.ts";

/** A claim that thousands of workloads mount must not make a line of megabytes. */
const FINDINGS_LOGGED = 50;
/** The longest name that the API server accepts; other callers may send longer ones. */
export const NAME_LIMIT = 253;

/** Reasons are written by users, in annotations of up to 256 KiB. */
const TEXT_LIMIT = 512;

/**
 * One line per decision, with the same keys in every line. Names, rules and the reasons of exemptions: objects may hold
 * secrets.
 */
export function logDecision(
  log: FastifyBaseLogger,
  request: ReviewRequest,
  decision: Decision,
  durationMs: number,
): void {
  const { mode, judged, findings, notes, late, stale } = decision;
  log.info(
    {
      uid: oneLine(request.uid, NAME_LIMIT),
      resource: oneLine(resourceName(request), NAME_LIMIT),
      operation: request.operation,
      namespace: oneLine(request.namespace, NAME_LIMIT),
      name: oneLine(nameOf(request), NAME_LIMIT),
      user: oneLine(request.user.name, NAME_LIMIT),
      dryRun: request.dryRun,
      verdict: verdictFor(decision),
      // What mode enforce would have answered; the verdict is the actual answer.
      enforced: judged ? verdictOf(findings, "enforce") : "allow",
      denies: rulesDenied(findings),
      judged,
      mode,
      rules: [...new Set(findings.map(({ rule }) => rule))],
      findings: findings.slice(0, FINDINGS_LOGGED).map(({ rule, severity, workload }) => ({
        rule,
        severity,
        workload: oneLine(`${workload.kind}/${workload.name}`, NAME_LIMIT),
      })),
      exempted: findings
        .slice(0, FINDINGS_LOGGED)
        .flatMap(({ rule, exempted }) =>
          exempted === null ? [] : [oneLine(`${rule} ${exemptionText(exempted)}`, TEXT_LIMIT)],
        ),
      notes: notes.slice(0, FINDINGS_LOGGED).map((note) => oneLine(note, TEXT_LIMIT)),
      late,
      stale: stale !== undefined,
      durationMs: Math.round(durationMs * 1000) / 1000,
    },
    "decision",
  );
}

function nameOf({ name, object }: ReviewRequest): string {
  if (name !== "") return name;
  const metadata = object?.metadata;
  const stem =
    typeof metadata === "object" && metadata !== null && "generateName" in metadata
      ? metadata.generateName
      : undefined;
  return typeof stem === "string" ? `${stem}*` : "";
}
