import type { Autoscaler, SourcePosition } from "../policy/model.ts";
import { annotationOf, metadataOf } from "./metadata.ts";
import { count, isRecord, list, nonEmpty, type Raw, record, shared, text } from "./raw.ts";

/**
 * A HorizontalPodAutoscaler of any version: the fields that are read never changed. `minReplicas` defaults to 1;
 * `maxReplicas` has no default, so an unreadable one counts as no more than the minimum. `undefined` for a value that
 * is not an object.
 */
export function autoscalerFrom(raw: unknown, source?: SourcePosition): Autoscaler | undefined {
  if (!isRecord(raw)) return undefined;
  const { namespace, name, uid } = metadataOf(raw);
  const spec = record(raw.spec);
  const target = record(spec.scaleTargetRef);
  const minReplicas = count(spec.minReplicas) ?? 1;
  return {
    kind: "HorizontalPodAutoscaler",
    namespace,
    name,
    target: {
      apiVersion: shared(text(target.apiVersion) ?? ""),
      kind: shared(text(target.kind) ?? ""),
      name: shared(text(target.name) ?? ""),
    },
    minReplicas,
    maxReplicas: count(spec.maxReplicas) ?? minReplicas,
    uid,
    scaledObject: scaledObjectOf(raw),
    paused: false,
    source,
  };
}

/** `kedacore/keda`: `apis/keda/v1alpha1/scaledobject_types.go` (defaultHPAMaxReplicas). */
const KEDA_MAX = 100;

/** Both pause the scaler, the second at a given number of replicas (`PausedAnnotation`, `PausedReplicasAnnotation`). */
const PAUSING = ["autoscaling.keda.sh/paused", "autoscaling.keda.sh/paused-replicas"];

/**
 * KEDA's ScaledObject as the autoscaler that its operator creates for it (semantics S40, S41): the maximum is 100 and
 * the minimum 0 where they are not set, and the target defaults to a Deployment. `undefined` for a value that is not an
 * object.
 */
export function scaledObjectFrom(raw: unknown, source?: SourcePosition): Autoscaler | undefined {
  if (!isRecord(raw)) return undefined;
  const { namespace, name, uid } = metadataOf(raw);
  const spec = record(raw.spec);
  const target = record(spec.scaleTargetRef);
  const minReplicas = count(spec.minReplicaCount) ?? 0;
  return {
    kind: "ScaledObject",
    namespace,
    name,
    target: {
      apiVersion: shared(nonEmpty(target.apiVersion) ?? "apps/v1"),
      kind: shared(nonEmpty(target.kind) ?? "Deployment"),
      name: shared(text(target.name) ?? ""),
    },
    minReplicas,
    maxReplicas: count(spec.maxReplicaCount) ?? KEDA_MAX,
    uid,
    scaledObject: undefined,
    paused: PAUSING.some((key) => !["", "false"].includes(annotationOf(raw, key) ?? "")),
    source,
  };
}

function scaledObjectOf(raw: Raw): Autoscaler["scaledObject"] {
  for (const entry of list(record(raw.metadata).ownerReferences)) {
    const owner = record(entry);
    if (owner.controller !== true || owner.kind !== "ScaledObject") continue;
    const [name, uid] = [nonEmpty(owner.name), nonEmpty(owner.uid)];
    if (name !== undefined && uid !== undefined) return { name, uid };
  }
  return undefined;
}
