/** What a class of this name is by convention, where nothing says what it is. */
export interface ConventionalClass {
  readonly provisioner: string;
  /** Why no pod would wait for its volumes: they stay on the node where they were made, or have no attach step. */
  readonly volumes: "on-one-node" | "not-attached";
}

/**
 * StorageClasses that a distribution, a chart or a driver's own manifests make under one name, and that no repository
 * holds therefore: the provisioner behind each keeps a volume on the node where it was made. A convention and no more:
 * another class may have the name. Drivers that take one pod only, even on one node, are left out (openebs-lvmpv,
 * openebs-zfspv): one node would not make them safe.
 */
const NODE_LOCAL: Readonly<Record<string, string>> = {
  "csi-hostpath-sc": "hostpath.csi.k8s.io",
  "directpv-min-io": "directpv-min-io",
  hostpath: "docker.io/hostpath",
  "hostpath-csi": "kubevirt.io.hostpath-provisioner",
  "local-path": "rancher.io/local-path",
  "microk8s-hostpath": "microk8s.io/hostpath",
  "openebs-device": "openebs.io/local",
  "openebs-hostpath": "openebs.io/local",
  "topolvm-provisioner": "topolvm.io",
  "topolvm-provisioner-thin": "topolvm.io",
};

/**
 * The same for file storage without an attach step: the classes that AKS and GKE make, and those that the charts and
 * the documentation of a driver call so.
 */
const NOT_ATTACHED: Readonly<Record<string, string>> = {
  azurefile: "file.csi.azure.com",
  "azurefile-csi": "file.csi.azure.com",
  "azurefile-csi-premium": "file.csi.azure.com",
  "azurefile-premium": "file.csi.azure.com",
  "azureblob-fuse-premium": "blob.csi.azure.com",
  "azureblob-nfs-premium": "blob.csi.azure.com",
  "efs-sc": "efs.csi.aws.com",
  "enterprise-rwx": "filestore.csi.storage.gke.io",
  "enterprise-multishare-rwx": "filestore.csi.storage.gke.io",
  "managed-nfs-storage": "fuseim.pri/ifs",
  "nfs-client": "k8s-sigs.io/nfs-subdir-external-provisioner",
  "nfs-csi": "nfs.csi.k8s.io",
  "premium-rwx": "filestore.csi.storage.gke.io",
  smb: "smb.csi.k8s.io",
  "standard-rwx": "filestore.csi.storage.gke.io",
  "zonal-rwx": "filestore.csi.storage.gke.io",
};

/** What a class of this name is by convention; `undefined` for any other name. */
export function conventionalClass(name: string): ConventionalClass | undefined {
  return CLASSES.get(name);
}

const CLASSES: ReadonlyMap<string, ConventionalClass> = new Map(
  [
    { names: NODE_LOCAL, volumes: "on-one-node" as const },
    { names: NOT_ATTACHED, volumes: "not-attached" as const },
  ].flatMap(({ names, volumes }) =>
    Object.entries(names).map(([name, provisioner]) => [name, { provisioner, volumes }] as const),
  ),
);

export const CONVENTIONAL_CLASSES: readonly string[] = [...CLASSES.keys()];
