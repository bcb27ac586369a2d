import { fieldOf } from "./field.ts";
import type { Change } from "./ratchet.ts";
import { type Match, nameClaims, withReach } from "./rules/rule.ts";
import type { Situation } from "./situation.ts";

/**
 * Strategy Recreate together with another number of replicas while a rollout is unfinished: the Deployment controller
 * takes every further look for a scaling, which it does for RollingUpdate only (`pkg/controller/deployment/sync.go`,
 * isScalingEvent; semantics S50). A way out that is badly taken: it passes, with a warning that names the two steps.
 */
export function haltingChange({ previous }: Change, { workload, steady }: Situation): Match | null {
  const { status, strategy, pods } = previous;
  if (workload.kind !== "Deployment" || workload.strategy.kind !== "recreate") return null;
  if (pods.by !== "replicas" || workload.pods.by !== "replicas") return null;
  if (pods.replicas === workload.pods.replicas) return null;
  // Recreate and then another number does the same where both happen while it is paused.
  if (strategy.kind !== "rolling-update" && !workload.paused) return null;
  if (status?.observedGeneration === undefined || status.updatedReplicas >= status.replicas) return null;
  const held = [...withReach(steady.claims, "node"), ...withReach(steady.claims, "pod")];
  if (held.length === 0) return null;
  const [before, after] = [pods.replicas, workload.pods.replicas];
  return {
    soft: true,
    claims: held,
    problem: `sets Recreate and ${after} instead of ${before} replicas while a rollout is unfinished, after which the Deployment controller stops acting and ${nameClaims(held)} may stay where no pod can use it`,
    brief:
      "Recreate and another number of replicas at once stop its controller: first the strategy, then the number",
    decidedBy: fieldOf(workload, "spec", "replicas"),
    evidence: [
      `two steps work: strategy Recreate with ${before} replicas, and once that rollout is complete, ${after}`,
      `where it has already happened, setting ${before} replicas or RollingUpdate again gets it going; undo and 0 do not`,
    ],
    degree: 0,
    byAutoscaler: false,
  };
}
