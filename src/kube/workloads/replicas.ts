import type { PodCount, RolloutStatus, UpdateStrategy } from "../../policy/model.ts";
import { podsOf } from "../int-or-percent.ts";
import { count, type Raw, record } from "../raw.ts";

const ONE_REPLICA: PodCount = Object.freeze({ by: "replicas", replicas: 1 });

export const DELETE_FIRST: UpdateStrategy = Object.freeze({ kind: "delete-first" });
export const REPLACES_NOTHING: UpdateStrategy = Object.freeze({ kind: "none" });
export const RECREATE: UpdateStrategy = Object.freeze({ kind: "recreate" });

/** `spec.replicas`, 1 by default. */
export function replicasOf(spec: Raw, notes: string[]): PodCount {
  const replicas = podsOf(spec.replicas, "spec.replicas", 1, notes);
  return replicas === 1 ? ONE_REPLICA : { by: "replicas", replicas };
}

/** The counts in a status; `undefined` where no controller has written one yet. */
export function rolloutStatusOf(raw: Raw): RolloutStatus | undefined {
  const status = record(raw.status);
  const observedGeneration = count(status.observedGeneration);
  if (observedGeneration === undefined && status.replicas === undefined) return undefined;
  return {
    observedGeneration,
    replicas: count(status.replicas) ?? 0,
    updatedReplicas: count(status.updatedReplicas) ?? 0,
  };
}
