import { accessModesOf } from "../../kube/access-modes.ts";
import { CLASS_ANNOTATION } from "../../kube/claim.ts";
import { annotationOf, timeOf } from "../../kube/metadata.ts";
import { MIGRATED_TO, migratedVolumeOf } from "../../kube/migrated-volume.ts";
import { isRecord, list, nonEmpty, type Raw, record, shared, text } from "../../kube/raw.ts";
import { nodeSelectorTermsOf } from "../../kube/selector.ts";
import type {
  CsiDriver,
  CsiNode,
  DriverError,
  PersistentVolume,
  PersistentVolumeClaim,
  StorageClass,
  VolumeAttachment,
} from "../facts.ts";
import { metaOf } from "./meta.ts";

const STORAGE = "storage.k8s.io/v1";
const PROVISIONER = [
  "volume.kubernetes.io/storage-provisioner",
  "volume.beta.kubernetes.io/storage-provisioner",
];

export function claimFrom(raw: Raw): PersistentVolumeClaim {
  const spec = record(raw.spec);
  const provisioner = PROVISIONER.map((key) => annotationOf(raw, key)).find((value) => value !== undefined);
  const storageClassName = annotationOf(raw, CLASS_ANNOTATION) ?? text(spec.storageClassName);
  return {
    ...metaOf(raw, "PersistentVolumeClaim", "v1"),
    phase: shared(text(record(raw.status).phase) ?? ""),
    volumeName: nonEmpty(spec.volumeName),
    accessModes: accessModesOf(spec.accessModes),
    storageClassName: storageClassName === undefined ? undefined : shared(storageClassName),
    provisioner: provisioner === undefined ? undefined : shared(provisioner),
  };
}

export function volumeFrom(raw: Raw): PersistentVolume {
  const spec = record(raw.spec);
  const claimRef = record(spec.claimRef);
  const claimName = nonEmpty(claimRef.name);
  const csi = record(spec.csi);
  const migrated = migratedVolumeOf(spec, record(record(raw.metadata).labels));
  return {
    ...metaOf(raw, "PersistentVolume", "v1"),
    phase: shared(text(record(raw.status).phase) ?? ""),
    accessModes: accessModesOf(spec.accessModes),
    storageClassName: shared(text(spec.storageClassName) ?? ""),
    claim:
      claimName === undefined
        ? undefined
        : { namespace: shared(text(claimRef.namespace) ?? ""), name: claimName, uid: nonEmpty(claimRef.uid) },
    driver: nonEmpty(csi.driver) ?? migrated?.driver,
    handle: nonEmpty(csi.volumeHandle) ?? migrated?.handle,
    isMigrated: migrated === undefined ? undefined : annotationOf(raw, MIGRATED_TO) !== undefined,
    nodeAffinity: nodeSelectorTermsOf(record(spec.nodeAffinity).required),
  };
}

function driverError(value: unknown): DriverError | undefined {
  if (!isRecord(value)) return undefined;
  return { text: text(value.message) ?? "", at: timeOf(value.time) };
}

export function attachmentFrom(raw: Raw): VolumeAttachment {
  const spec = record(raw.spec);
  const status = record(raw.status);
  return {
    ...metaOf(raw, "VolumeAttachment", STORAGE),
    attacher: shared(text(spec.attacher) ?? ""),
    nodeName: shared(text(spec.nodeName) ?? ""),
    volumeName: nonEmpty(record(spec.source).persistentVolumeName),
    attached: status.attached === true,
    attachError: driverError(status.attachError),
    detachError: driverError(status.detachError),
  };
}

export function storageClassFrom(raw: Raw): StorageClass {
  return {
    ...metaOf(raw, "StorageClass", STORAGE),
    provisioner: shared(text(raw.provisioner) ?? ""),
    waitsForConsumer: raw.volumeBindingMode === "WaitForFirstConsumer",
  };
}

/** `attachRequired` defaults to true (`pkg/apis/storage/v1/defaults.go`). */
export function csiDriverFrom(raw: Raw): CsiDriver {
  return {
    ...metaOf(raw, "CSIDriver", STORAGE),
    attachRequired: record(raw.spec).attachRequired !== false,
  };
}

export function csiNodeFrom(raw: Raw): CsiNode {
  return {
    ...metaOf(raw, "CSINode", STORAGE),
    drivers: list(record(raw.spec).drivers).map((driver) => shared(text(record(driver).name) ?? "")),
  };
}
