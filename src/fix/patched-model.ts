import { autoscalerFact, type Fact, workloadFact } from "../kube/fact.ts";
import { record } from "../kube/raw.ts";
import { workloadFrom } from "../kube/workload.ts";
import type { FixTarget } from "../policy/fixes.ts";
import type { Autoscaler, PodCount, Workload } from "../policy/model.ts";
import { mergePatched } from "../report/merge-patch.ts";

/**
 * A workload as it will be read once a fix's patch has been applied to the object that it was read from. `undefined`
 * for a patch of fields that no fix changes.
 */
export function patchedWorkload(workload: Workload, patch: FixTarget["patch"]): Workload | undefined {
  const { apiVersion, kind, namespace, name } = workload;
  const spec = record(patch.spec);
  if (Object.keys(patch).some((key) => key !== "spec")) return undefined;
  if (Object.keys(spec).some((key) => !FIELDS.has(key))) return undefined;
  const read = workloadFrom(mergePatched({ apiVersion, kind, metadata: { namespace, name } }, patch));
  if (read === undefined) return undefined;
  const pods = podsWith(workload.pods, read.pods, spec);
  if (pods === undefined) return undefined;
  const { template } = workload;
  return {
    ...workload,
    pods,
    strategy: spec.strategy === undefined ? workload.strategy : read.strategy,
    template:
      spec.template === undefined
        ? template
        : {
            ...template,
            placement: { ...template.placement, podAffinity: read.template.placement.podAffinity },
          },
  };
}

const FIELDS = new Set([
  "replicas",
  "strategy",
  "template",
  "parallelism",
  "concurrencyPolicy",
  "jobTemplate",
  "maxReplicaCount",
  "jobTargetRef",
]);

function podsWith(
  pods: PodCount,
  read: PodCount,
  spec: Readonly<Record<string, unknown>>,
): PodCount | undefined {
  if (pods.by !== read.by) return undefined;
  switch (read.by) {
    case "replicas":
      return spec.replicas === undefined ? pods : read;
    case "parallelism": {
      const isSet = spec.parallelism !== undefined || spec.maxReplicaCount !== undefined;
      if (!isSet || pods.by !== read.by) return pods;
      return { ...pods, parallelism: Math.min(pods.parallelism, read.parallelism) };
    }
    case "schedule":
      if (pods.by !== read.by) return undefined;
      return {
        ...pods,
        ...(spec.jobTemplate === undefined ? {} : { parallelism: read.parallelism }),
        ...(spec.concurrencyPolicy === undefined ? {} : { concurrencyPolicy: read.concurrencyPolicy }),
      };
    case "nodes":
    case "pod":
      return pods;
  }
}

/** Like `patchedWorkload`, for an autoscaler. */
export function patchedAutoscaler(autoscaler: Autoscaler, patch: FixTarget["patch"]): Autoscaler | undefined {
  const names =
    autoscaler.kind === "ScaledObject"
      ? (["minReplicaCount", "maxReplicaCount"] as const)
      : (["minReplicas", "maxReplicas"] as const);
  const spec = record(patch.spec);
  if (Object.keys(patch).some((key) => key !== "spec")) return undefined;
  if (Object.keys(spec).some((key) => !names.includes(key as never))) return undefined;
  const [minReplicas, maxReplicas] = names.map((name) => spec[name]);
  return {
    ...autoscaler,
    ...(typeof minReplicas === "number" ? { minReplicas } : {}),
    ...(typeof maxReplicas === "number" ? { maxReplicas } : {}),
  };
}

/**
 * The objects that targets change, as they will be afterwards.
 *
 * @param autoscalers those that a target may name
 * @returns `undefined` where one of them cannot be foreseen
 */
export function patchedFacts(
  targets: readonly FixTarget[],
  workload: Workload,
  autoscalers: readonly Autoscaler[],
): { readonly workload: Workload; readonly others: readonly Fact[] } | undefined {
  let own = workload;
  const others = new Map<Autoscaler, Autoscaler>();
  for (const { object, patch } of targets) {
    if (object.kind === workload.kind && object.name === workload.name) {
      const patched = patchedWorkload(own, patch);
      if (patched === undefined) return undefined;
      own = patched;
      continue;
    }
    const autoscaler = autoscalers.find(({ kind, name }) => kind === object.kind && name === object.name);
    const patched = autoscaler && patchedAutoscaler(others.get(autoscaler) ?? autoscaler, patch);
    if (autoscaler === undefined || patched === undefined) return undefined;
    others.set(autoscaler, patched);
  }
  return { workload: own, others: [...others.values()].map(autoscalerFact) };
}

/** The facts of what was patched, to be overlaid on a view. */
export function asFacts({ workload, others }: NonNullable<ReturnType<typeof patchedFacts>>): readonly Fact[] {
  return [workloadFact(workload), ...others];
}
