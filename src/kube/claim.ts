import type { Claim, SourcePosition } from "../policy/model.ts";
import { accessModesOf, volumeModeOf } from "./access-modes.ts";
import { annotationOf, metadataOf } from "./metadata.ts";
import { bytesOf } from "./quantity.ts";
import { isRecord, nonEmpty, record, shared, text } from "./raw.ts";
import { labelSelectorOf } from "./selector.ts";

/**
 * Older than the field, and still takes precedence (`component-helpers/storage/volume` GetPersistentVolumeClaimClass).
 */
export const CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class";

/** A PersistentVolumeClaim as the API server would store it. `undefined` for a value that is not an object. */
export function claimFrom(raw: unknown, source?: SourcePosition): Claim | undefined {
  if (!isRecord(raw)) return undefined;
  const { namespace, name, uid, annotations, createdAt } = metadataOf(raw);
  const spec = record(raw.spec);
  const storageClassName = annotationOf(raw, CLASS_ANNOTATION) ?? text(spec.storageClassName);
  return {
    namespace,
    name,
    accessModes: accessModesOf(spec.accessModes),
    volumeMode: volumeModeOf(spec.volumeMode),
    storageClassName: storageClassName === undefined ? undefined : shared(storageClassName),
    volumeName: nonEmpty(spec.volumeName),
    selector: labelSelectorOf(spec.selector),
    hasDataSource: isRecord(spec.dataSource) || isRecord(spec.dataSourceRef),
    requestedBytes: bytesOf(record(record(spec.resources).requests).storage),
    annotations,
    ofSet: undefined,
    uid,
    createdAt,
    source,
  };
}
