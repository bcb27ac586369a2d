import type { Autoscaler, SourcePosition } from "../policy/model.ts";
import { metadataOf } from "./metadata.ts";
import { count, isRecord, record, shared, text } from "./raw.ts";

/**
 * A HorizontalPodAutoscaler of any version: the fields that are read never changed. `minReplicas` defaults to 1;
 * `maxReplicas` has no default, so one that cannot be read adds nothing to the minimum. `undefined` for what is
 * no object.
 */
export function autoscalerFrom(raw: unknown, source?: SourcePosition): Autoscaler | undefined {
  if (!isRecord(raw)) return undefined;
  const { namespace, name } = metadataOf(raw);
  const spec = record(raw.spec);
  const target = record(spec.scaleTargetRef);
  const minReplicas = count(spec.minReplicas) ?? 1;
  return {
    namespace,
    name,
    target: {
      apiVersion: shared(text(target.apiVersion) ?? ""),
      kind: shared(text(target.kind) ?? ""),
      name: shared(text(target.name) ?? ""),
    },
    minReplicas,
    maxReplicas: count(spec.maxReplicas) ?? minReplicas,
    source,
  };
}
