import type { Finding } from "./finding.ts";
import type { Workload } from "./model.ts";
import { rolloutUnfinished } from "./rollout-status.ts";

/**
 * What works on a Deployment whose last rollout, by the old object's own status, has not finished: one that is stuck
 * is often answered with the very change that keeps it stuck. Undefined where it has finished. Short enough for a
 * warning.
 */
export function unfinishedNote(previous: Workload): string | undefined {
  const { kind, name, status, paused } = previous;
  if (kind !== "Deployment" || status === undefined || !rolloutUnfinished(previous)) return undefined;
  const pods = `${status.updatedReplicas} of ${status.replicas} pods are new`;
  const undo = paused
    ? "it is paused: kubectl rollout resume first, then undo"
    : "kubectl rollout undo gets it out";
  return `Deployment ${name}: its last rollout has not finished (${pods}); ${undo} (with --to-revision= the revision that runs); never set Recreate and another number of replicas in one change`;
}

/** Errors with the note among their own, where a denial shows it. */
export function withNote(findings: readonly Finding[], note: string): readonly Finding[] {
  return findings.map((finding) =>
    finding.severity === "error" ? { ...finding, notes: [...finding.notes, note] } : finding,
  );
}
