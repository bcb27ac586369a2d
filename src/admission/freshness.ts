import type { KindStatus } from "../cluster/cluster.ts";
import type { Subject } from "./subject.ts";

/** What an answer could not take into account, or knew only from some time ago. */
export interface Freshness {
  /** One sentence where facts are older than configured. */
  readonly stale: string | undefined;
  /** One sentence for each kind that cannot be read, or whose facts are old. */
  readonly unseen: readonly string[];
}

const NONE: Freshness = { stale: undefined, unseen: [] };

/**
 * What to say about the facts behind a judgement. A webhook that has lost the API server carries on with what it knows,
 * and a kind that may not be read does not affect the others; but the answer says so.
 *
 * @param staleAfterSeconds age from which facts are called old
 */
export function freshnessOf(
  subject: Subject,
  kinds: readonly KindStatus[],
  staleAfterSeconds: number,
): Freshness {
  if (!readsFacts(subject)) return NONE;
  let age = 0;
  let everythingSeen = true;
  for (const { state, ageSeconds = 0 } of kinds) {
    if (state === "synced" || state === "held") age = Math.max(age, ageSeconds);
    if (state !== "synced") everythingSeen = false;
  }
  if (everythingSeen && age <= staleAfterSeconds) return NONE;
  return {
    stale:
      age > staleAfterSeconds
        ? `attachguard: judged by facts up to ${inMinutes(age)} old, since the API server has sent nothing newer`
        : undefined,
    unseen: kinds.flatMap(({ kind, state, problem, ageSeconds = 0 }) => {
      if (state === "held") {
        return [`${kind} objects are those of ${inMinutes(ageSeconds)} ago (${problem ?? "not in sync"})`];
      }
      return state === "refused" || state === "not-served"
        ? [`${kind} objects could not be seen (${problem ?? state})`]
        : [];
    }),
  };
}

/** A template that mounts nothing is judged without other facts. */
function readsFacts(subject: Subject): boolean {
  if (subject.type === "none") return false;
  return subject.type !== "workload" || subject.next.template.mounts.length > 0;
}

function inMinutes(seconds: number): string {
  return seconds < 120 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
}
