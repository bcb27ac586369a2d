import type { VolumeSource } from "../policy/model.ts";
import { isRecord, nonEmpty, type Raw } from "./raw.ts";

/** The members of `v1.PersistentVolumeSource`, those that later versions removed included. */
const PERSISTENT_SOURCES = [
  "csi",
  "nfs",
  "hostPath",
  "local",
  "iscsi",
  "fc",
  "rbd",
  "cephfs",
  "awsElasticBlockStore",
  "gcePersistentDisk",
  "azureDisk",
  "azureFile",
  "cinder",
  "vsphereVolume",
  "portworxVolume",
  "flexVolume",
  "glusterfs",
  "quobyte",
  "scaleIO",
  "storageos",
  "flocker",
  "photonPersistentDisk",
] as const;

/** Disks that a pod names itself and that attach to one node like those behind a claim. */
export const INLINE_DISKS = [
  "awsElasticBlockStore",
  "gcePersistentDisk",
  "azureDisk",
  "cinder",
  "vsphereVolume",
  "iscsi",
  "fc",
  "rbd",
] as const;

const NO_SOURCE: VolumeSource = Object.freeze({ type: "", driver: undefined, readOnly: false });

function sourceAmong(types: readonly string[], raw: Raw): VolumeSource | undefined {
  for (const type of types) {
    const source = raw[type];
    if (!isRecord(source)) continue;
    const driver = type === "csi" || type === "flexVolume" ? nonEmpty(source.driver) : undefined;
    return { type, driver, readOnly: source.readOnly === true };
  }
  return undefined;
}

/** The source of a PersistentVolume's spec; type `""` where no known one is set. */
export function persistentSourceOf(spec: Raw): VolumeSource {
  return sourceAmong(PERSISTENT_SOURCES, spec) ?? NO_SOURCE;
}

/** The disk that a volume of a pod names itself, if it does. */
export function inlineDiskOf(volume: Raw): VolumeSource | undefined {
  return sourceAmong(INLINE_DISKS, volume);
}
