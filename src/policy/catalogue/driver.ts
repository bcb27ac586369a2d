import type { AccessMode, VolumeMode } from "../model.ts";
import type { ParameterRule } from "./parameter-rule.ts";

/**
 * What stands behind a provisioner's name. `csi`, `in-tree-migrated`: a CSI driver. `external`, `in-tree`: no CSI
 * driver, its volumes have the source type `volumeSource`. `static`: volumes made by hand. `pv-source`: such a
 * volume by its source type. `ephemeral-only`: volumes that live in a pod.
 */
export type DriverKind =
  | "csi"
  | "external"
  | "in-tree"
  | "in-tree-migrated"
  | "static"
  | "pv-source"
  | "ephemeral-only";

/**
 * Where a driver refuses a mode that it cannot do: said only where it was read from its code or documentation.
 * `publish`: the claim binds, the pod does not start.
 */
export type EnforcedAt = "provision" | "publish" | "none" | "unknown";

/**
 * One entry of the catalogue as the program loads it: `drivers.json` without its notes and sources. What is left
 * out is not known, unless said otherwise.
 */
export interface Driver {
  readonly kind: DriverKind;
  /** Modes for volumeMode Filesystem; empty: that volumeMode is refused. */
  readonly accessModes?: readonly AccessMode[];
  /** The same for volumeMode Block. */
  readonly blockAccessModes?: readonly AccessMode[];
  /** Modes that the driver lets through without keeping them. */
  readonly unsafe?: Readonly<Record<VolumeMode, readonly AccessMode[]>>;
  /** True where it is not known what happens to ReadWriteOncePod. */
  readonly rwopUnknown?: true;
  /** What the CSIDriver object shipped with the driver says. */
  readonly attachRequired?: boolean;
  /** The source type of the volumes that a provisioner without a CSI driver makes, e.g. `nfs`. */
  readonly volumeSource?: string;
  /** The CSI driver that serves an in-tree name. */
  readonly migratesTo?: string;
  /** True: a volume can be used from one node only. */
  readonly nodeLocal?: boolean;
  /** With `nodeLocal`, true: its volumes carry a node affinity that tells the scheduler so. Left out: they do not. */
  readonly nodeAffinity?: boolean;
  /** Labels by which the driver tells single nodes apart in the node affinity of its volumes. */
  readonly nodeTopologyKeys?: readonly string[];
  /** False: with volumeMode Filesystem a second pod cannot use the volume even on the same node. */
  readonly sameNodeMultiPod?: false;
  /** True: there is no attach step, but the node plugin refuses a volume that another node holds. */
  readonly refusesSecondNode?: true;
  /**
   * True: its ControllerUnpublishVolume takes a volume from whichever node has it, so that deleting one attachment
   * may cut off another node. False: only from the node that is named.
   */
  readonly unpublishIgnoresNode?: boolean;
  /** Where the storage itself says who holds a volume. */
  readonly backEndHint?: string;
  readonly dynamicProvisioning?: boolean;
  readonly enforcedAt?: Exclude<EnforcedAt, "unknown">;
  readonly parameters?: readonly ParameterRule[];
  /** True where it was not researched beyond a table: there is no page about it. */
  readonly unstudied?: true;
}
