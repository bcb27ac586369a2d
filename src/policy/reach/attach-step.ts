import type { Capabilities } from "../catalogue/capabilities.ts";
import type { ClusterView } from "../view.ts";

/** Whether a volume is attached to a node before it is mounted: only then does anything keep ReadWriteOnce. */
export interface AttachStep {
  readonly required: boolean;
  /** The end of a sentence about the driver, which says how this is known. */
  readonly because: string;
}

/**
 * Whether volumes of a provisioner or CSI driver have an attach step (semantics S5). What the cluster says comes
 * first: its CSIDriver object, read as the attach-detach controller reads it (`pkg/volume/csi/csi_attacher.go`: no
 * object means that it attaches). Then the configuration, then the catalogue.
 *
 * @param capabilities what `capabilitiesOf` says of it; `undefined` where the provisioner is not in the catalogue
 */
export function attachStepOf(
  provisioner: string,
  capabilities: Capabilities | undefined,
  view: ClusterView,
): AttachStep {
  const driver = capabilities === undefined ? provisioner : capabilities.csiDriver;
  const object = driver === undefined ? undefined : view.csiDriver(driver);
  if (object?.state === "known") {
    const { name, attachRequired } = object.value;
    return { required: attachRequired, because: `CSIDriver ${name} says attachRequired: ${attachRequired}` };
  }
  if (capabilities?.attachRequired !== undefined && capabilities.attachFrom === "configuration") {
    return { required: capabilities.attachRequired, because: "as the configuration says" };
  }
  if (capabilities?.volumeSource !== undefined) {
    const { attaches } = sourceType(capabilities.volumeSource);
    return { required: attaches, because: `its volumes are of type ${capabilities.volumeSource}` };
  }
  if (object?.state === "absent") {
    return { required: true, because: `no CSIDriver ${driver} exists, which means attachRequired: true` };
  }
  if (capabilities?.attachRequired !== undefined) {
    return { required: capabilities.attachRequired, because: "from the driver catalogue" };
  }
  return { required: true, because: "assumed" };
}

/** What Kubernetes does with one type of volume source. */
export interface SourceType {
  /** Whether it has an attach step; where `csiDriver` is given, unless that driver's CSIDriver object says otherwise. */
  readonly attaches: boolean;
  /** The CSI driver that serves an in-tree type today. */
  readonly csiDriver?: string;
  /** The in-tree provisioner, where its volumes differ from those of the CSI driver. */
  readonly provisioner?: string;
  /** True where pods on several nodes may hold it at once when all mount it read-only. */
  readonly sharedReadOnly?: true;
  /** True where the answer is a guess. */
  readonly assumed?: true;
}

/**
 * Volume plugins by whether they can attach (`pkg/volume/*`: those that implement AttachableVolumePlugin), and the
 * in-tree disks with the CSI drivers they were moved to (`k8s.io/csi-translation-lib`).
 */
const SOURCE_TYPES: Readonly<Record<string, SourceType>> = {
  awsElasticBlockStore: { attaches: true, csiDriver: "ebs.csi.aws.com" },
  azureDisk: { attaches: true, csiDriver: "disk.csi.azure.com" },
  cinder: { attaches: true, csiDriver: "cinder.csi.openstack.org" },
  gcePersistentDisk: { attaches: true, csiDriver: "pd.csi.storage.gke.io", sharedReadOnly: true },
  vsphereVolume: { attaches: true, csiDriver: "csi.vsphere.vmware.com" },
  // Portworx attaches a volume itself when it is mounted, in-tree and as a CSI driver.
  portworxVolume: {
    attaches: false,
    csiDriver: "pxd.portworx.com",
    provisioner: "kubernetes.io/portworx-volume",
  },
  fc: { attaches: true, sharedReadOnly: true },
  iscsi: { attaches: true, sharedReadOnly: true },
  rbd: { attaches: true, sharedReadOnly: true },
  azureFile: { attaches: false, csiDriver: "file.csi.azure.com" },
  cephfs: { attaches: false },
  glusterfs: { attaches: false },
  hostPath: { attaches: false },
  local: { attaches: false },
  nfs: { attaches: false },
};

/** The facts of a volume source's type; one that is not known (flexVolume too) is taken to attach. */
export function sourceType(type: string): SourceType {
  return Object.hasOwn(SOURCE_TYPES, type)
    ? (SOURCE_TYPES[type] as SourceType)
    : { attaches: true, assumed: true };
}
