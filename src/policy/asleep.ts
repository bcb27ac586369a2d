import type { Workload } from "./model.ts";
import { type ClusterView, knownValue } from "./view.ts";

/**
 * A workload at 0 replicas as its autoscalers find it once it is woken: with 1 replica. Waking is never denied, so
 * whatever makes it dangerous (the autoscaler, the template, the claim) has to be judged before.
 *
 * @returns `undefined` where it is not at 0, or no autoscaler is known that would make a second pod
 */
export function awakened(workload: Workload, view: ClusterView): Workload | undefined {
  const { pods, notes } = workload;
  if (pods.by !== "replicas" || pods.replicas > 0) return undefined;
  const scalers = knownValue(view.autoscalersOf(workload)) ?? [];
  if (!scalers.some(({ minReplicas, maxReplicas }) => Math.max(minReplicas, maxReplicas) > 1))
    return undefined;
  return {
    ...workload,
    pods: { by: "replicas", replicas: 1 },
    notes: [
      ...notes,
      "at 0 replicas now, judged as if it had 1: scaling up from 0 is never denied, and then autoscalers act",
    ],
  };
}
