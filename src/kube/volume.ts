import type { Volume } from "../policy/model.ts";
import { accessModesOf, volumeModeOf } from "./access-modes.ts";
import { CLASS_ANNOTATION } from "./claim.ts";
import { annotationOf, metadataOf } from "./metadata.ts";
import { isRecord, nonEmpty, record, shared, text } from "./raw.ts";
import { nodeSelectorTermsOf } from "./selector.ts";
import { persistentSourceOf } from "./volume-source.ts";

/** A PersistentVolume as the API server would store it. `undefined` for a value that is not an object. */
export function volumeFrom(raw: unknown): Volume | undefined {
  if (!isRecord(raw)) return undefined;
  const { name, labels } = metadataOf(raw);
  const spec = record(raw.spec);
  const claimName = nonEmpty(record(spec.claimRef).name);
  return {
    name,
    accessModes: accessModesOf(spec.accessModes),
    volumeMode: volumeModeOf(spec.volumeMode),
    storageClassName: shared(annotationOf(raw, CLASS_ANNOTATION) ?? text(spec.storageClassName) ?? ""),
    source: persistentSourceOf(spec),
    claimRef:
      claimName === undefined
        ? undefined
        : { namespace: shared(text(record(spec.claimRef).namespace) ?? ""), name: shared(claimName) },
    nodeAffinity: nodeSelectorTermsOf(record(spec.nodeAffinity).required),
    labels,
    // SetDefaults_PersistentVolume: a volume made by hand is kept.
    reclaimPolicy: shared(nonEmpty(spec.persistentVolumeReclaimPolicy) ?? "Retain"),
  };
}
