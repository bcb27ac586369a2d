/**
 * StorageClasses that a distribution or a driver's own manifests make under one name in every cluster, and that no
 * repository holds therefore: the provisioner behind each keeps a volume on the node where it was made. A convention
 * and no more: another class may have the name. Drivers that take one pod only, even on one node, are left out
 * (openebs-lvmpv, openebs-zfspv): one node would not make them safe.
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

/** The node-local provisioner that a class of this name has by convention; `undefined` for any other name. */
export function conventionalProvisioner(className: string): string | undefined {
  return Object.hasOwn(NODE_LOCAL, className) ? NODE_LOCAL[className] : undefined;
}

export const CONVENTIONAL_CLASSES: readonly string[] = Object.keys(NODE_LOCAL);
