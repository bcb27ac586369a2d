import type { Autoscaler, Claim, ObjectRef, SourcePosition, Workload } from "./model.ts";

/** One step into a manifest: a key, or the item of a list in which a field has a value. */
export type FieldStep = string | { readonly holding: readonly string[]; readonly value: string };

/** A field of an object. Where it is not written, the nearest part above it that is stands for it. */
export interface Field {
  readonly object: ObjectRef;
  readonly source: SourcePosition | null;
  readonly path: readonly FieldStep[];
}

/** Another object that has a part in a finding. */
export interface Related {
  readonly object: ObjectRef;
  readonly source: SourcePosition | null;
}

/** What names an object, without the rest of it. */
export function refOf({ apiVersion, kind, namespace, name }: ObjectRef): ObjectRef {
  return { apiVersion, kind, namespace, name };
}

/** A field of a workload itself, by its keys from the top. */
export function fieldOf(workload: Workload, ...path: readonly FieldStep[]): Field {
  return { ...relatedTo(workload), path };
}

/** The field that names a claim in a workload's pod template. */
export function claimNameField(workload: Workload, claimName: string): Field {
  if (workload.templateFrom !== undefined) return fieldOf(workload, "spec", "workloadRef");
  if (
    workload.claimTemplates.some((template) => claimName.startsWith(`${template.name}-${workload.name}-`))
  ) {
    return fieldOf(workload, "spec", "volumeClaimTemplates");
  }
  const path = ["persistentVolumeClaim", "claimName"];
  return fieldOf(workload, ...podSpecPath(workload), "volumes", { holding: path, value: claimName }, ...path);
}

/** The field that says how many pods of a workload run at once. */
export function countField(workload: Workload): Field {
  switch (workload.pods.by) {
    case "parallelism":
      return fieldOf(workload, "spec", workload.kind === "ScaledJob" ? "maxReplicaCount" : "parallelism");
    case "schedule":
      return workload.pods.parallelism > 1
        ? fieldOf(workload, "spec", "jobTemplate", "spec", "parallelism")
        : fieldOf(workload, "spec", "concurrencyPolicy");
    case "nodes":
    case "pod":
      return fieldOf(workload, "spec");
    case "replicas":
      return fieldOf(workload, "spec", "replicas");
  }
}

/** The field that says how far an autoscaler may go. */
export function maximumField({ kind, namespace, name, source }: Autoscaler): Field {
  const isKeda = kind === "ScaledObject";
  const object = { apiVersion: isKeda ? "keda.sh/v1alpha1" : "autoscaling/v2", kind, namespace, name };
  return { object, source: source ?? null, path: ["spec", isKeda ? "maxReplicaCount" : "maxReplicas"] };
}

/** A claim with the type that its model does not repeat. */
export function claimRef(claim: Claim): ObjectRef & { readonly source: SourcePosition | undefined } {
  const { namespace, name, source } = claim;
  return { apiVersion: "v1", kind: "PersistentVolumeClaim", namespace, name, source };
}

export function relatedTo({
  apiVersion,
  kind,
  namespace,
  name,
  source,
}: ObjectRef & { readonly source: SourcePosition | undefined }): Related {
  return { object: { apiVersion, kind, namespace, name }, source: source ?? null };
}

function podSpecPath({ kind }: Workload): readonly string[] {
  switch (kind) {
    case "Pod":
      return ["spec"];
    case "CronJob":
      return ["spec", "jobTemplate", "spec", "template", "spec"];
    case "ScaledJob":
      return ["spec", "jobTargetRef", "template", "spec"];
    default:
      return ["spec", "template", "spec"];
  }
}
