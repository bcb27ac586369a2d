import t from "tap";
import {
  type Capabilities,
  capabilitiesOf,
  type DriverOverride,
  detachingOf,
} from "../../../src/policy/catalogue/capabilities.ts";
import type { AccessMode, Labels, VolumeMode } from "../../../src/policy/model.ts";

const SHORT: Readonly<Record<AccessMode, string>> = {
  ReadWriteOnce: "RWO",
  ReadOnlyMany: "ROX",
  ReadWriteMany: "RWX",
  ReadWriteOncePod: "RWOP",
};

/** `RWO RWX`, in a fixed order; `none`: the volumeMode is refused; `?`: not known. */
function modes(list: readonly AccessMode[] | undefined): string {
  if (list === undefined) return "?";
  if (list.length === 0) return "none";
  return (Object.keys(SHORT) as AccessMode[])
    .filter((mode) => list.includes(mode))
    .map((mode) => SHORT[mode])
    .join(" ");
}

function of(
  provisioner: string,
  volumeMode: VolumeMode,
  parameters: Labels = {},
  overrides: readonly DriverOverride[] = [],
  hasDataSource?: boolean,
): Capabilities {
  const found = capabilitiesOf(
    provisioner,
    parameters,
    volumeMode,
    overrides,
    hasDataSource === undefined ? undefined : { hasDataSource },
  );
  if (found === undefined) throw new Error(`${provisioner} is not in the catalogue`);
  return found;
}

const ALL = "RWO ROX RWX RWOP";

t.test("the backend table: which modes work, whether there is an attach step", async (t) => {
  const table: [
    provisioner: string,
    filesystem: string,
    block: string,
    attach: boolean | undefined,
    why: string,
  ][] = [
    ["ebs.csi.aws.com", "RWO RWOP", "RWO RWOP", true, "a disk: one node"],
    ["kubernetes.io/aws-ebs", "RWO RWOP", "RWO RWOP", true, "the in-tree name is served by the CSI driver"],
    [
      "efs.csi.aws.com",
      "RWO RWX RWOP",
      "none",
      false,
      "a network file system, whose driver does not list ROX",
    ],
    ["disk.csi.azure.com", "RWO RWOP", "RWO RWOP", true, "not shared unless maxShares says so"],
    ["kubernetes.io/azure-disk", "RWO RWOP", "RWO RWOP", true, "the in-tree name"],
    ["file.csi.azure.com", ALL, "none", false, "a network file system"],
    ["kubernetes.io/azure-file", ALL, "none", false, "the in-tree name"],
    ["pd.csi.storage.gke.io", "RWO RWOP", "RWO RWOP", true, "ROX needs a data source"],
    ["kubernetes.io/gce-pd", "RWO RWOP", "RWO RWOP", true, "the in-tree name"],
    ["filestore.csi.storage.gke.io", ALL, "none", false, "a network file system"],
    ["nfs.csi.k8s.io", ALL, "none", false, "a network file system"],
    [
      "k8s-sigs.io/nfs-subdir-external-provisioner",
      "RWO ROX RWX",
      "none",
      undefined,
      "not CSI: no CSIDriver at all",
    ],
    ["pv-source:nfs", "RWO ROX RWX", "none", undefined, "made by hand"],
    ["pv-source:iscsi", "RWO ROX", "?", undefined, "made by hand; writable on one node"],
    ["iscsi.csi.k8s.io", "RWO", "?", false, "made by hand, and without an attach step"],
    ["cephfs.csi.ceph.com", "RWO RWX RWOP", "none", false, "as the project's own manifests deploy it"],
    ["rook-ceph.cephfs.csi.ceph.com", "RWO RWX RWOP", "none", true, "Rook keeps the attach step"],
    ["openshift-storage.nfs.csi.ceph.com", "RWO RWX RWOP", "none", true, "for NFS exports too"],
    ["ebs.csi.eks.amazonaws.com", "RWO RWOP", "RWO RWOP", true, "the EBS driver of EKS Auto Mode"],
  ];
  for (const [provisioner, filesystem, block, attach, why] of table) {
    t.equal(
      modes(of(provisioner, "Filesystem", {}, [], false).accessModes),
      filesystem,
      `${provisioner} Filesystem: ${why}`,
    );
    t.equal(
      modes(of(provisioner, "Block", {}, [], false).accessModes),
      block,
      `${provisioner} Block: ${why}`,
    );
    t.equal(of(provisioner, "Filesystem").attachRequired, attach, `${provisioner} attach step: ${why}`);
  }
});

t.test("parameters of the class change what works", async (t) => {
  const table: [
    provisioner: string,
    parameters: Labels,
    filesystem: string,
    block: string,
    why: string,
    hasDataSource?: boolean,
  ][] = [
    ["ebs.csi.aws.com", { type: "io2" }, "RWO RWOP", "RWO RWX RWOP", "io2 Multi-Attach, raw block only"],
    [
      "ebs.csi.aws.com",
      { Type: "IO2" },
      "RWO RWOP",
      "RWO RWX RWOP",
      "keys and values without regard to case",
    ],
    ["ebs.csi.aws.com", { type: "io1" }, "RWO RWOP", "RWO RWOP", "the driver refuses Multi-Attach for io1"],
    ["kubernetes.io/aws-ebs", { type: "io2" }, "RWO RWOP", "RWO RWX RWOP", "the in-tree name too"],
    ["disk.csi.azure.com", { maxShares: "2" }, "RWO RWOP", ALL, "a shared disk, raw block only"],
    ["disk.csi.azure.com", { maxshares: "10" }, "RWO RWOP", ALL, "compared as numbers"],
    ["disk.csi.azure.com", { maxShares: "1" }, "RWO RWOP", "RWO RWOP", "one share is no sharing"],
    ["disk.csi.azure.com", { maxShares: "many" }, "RWO RWOP", "RWO RWOP", "not a number"],
    ["disk.csi.azure.com", { maxShares: "" }, "RWO RWOP", "RWO RWOP", "an empty value is not a number"],
    [
      "file.csi.azure.com",
      { fsType: "ext4" },
      "?",
      "none",
      "a disk image on a share is not a shared file system",
    ],
    ["pd.csi.storage.gke.io", {}, "RWO ROX RWOP", "RWO ROX RWOP", "read-only from a snapshot or clone", true],
    [
      "pd.csi.storage.gke.io",
      { type: "hyperdisk-ml" },
      "RWO ROX RWOP",
      "RWO ROX RWOP",
      "made writable, then shared",
      false,
    ],
    [
      "pd.csi.storage.gke.io",
      { type: "hyperdisk-balanced" },
      "RWO RWOP",
      "RWO RWX RWOP",
      "raw block only",
      false,
    ],
    [
      "pd.csi.storage.gke.io",
      { type: "hyperdisk-balanced-high-availability" },
      "RWO RWOP",
      "RWO RWX RWOP",
      "a later rule takes back what the data source gave",
      true,
    ],
    ["pd.csi.storage.gke.io", { type: "hyperdisk-extreme" }, "RWO RWOP", "RWO RWOP", "never shared", true],
    ["pd.csi.storage.gke.io", { type: "pd-ssd" }, "RWO RWOP", "RWO RWOP", "no change", false],
    ["driver.longhorn.io", {}, "RWO RWX RWOP", "RWO RWOP", "RWX is served over NFS"],
    [
      "driver.longhorn.io",
      { migratable: "true" },
      "RWO RWOP",
      "RWO RWX RWOP",
      "live migration needs raw block",
    ],
    ["driver.longhorn.io", { migratable: "false" }, "RWO RWX RWOP", "RWO RWOP", "not asked for"],
    [
      "driver.longhorn.io",
      { dataLocality: "strict-local" },
      "RWO RWOP",
      "RWO RWOP",
      "one replica on one node",
    ],
    ["rbd.csi.ceph.com", {}, "RWO RWOP", "RWO RWX RWOP", "RWX for raw block only", false],
    [
      "cephfs.csi.ceph.com",
      {},
      "RWO RWX RWOP",
      "none",
      "a network file system; an empty read-only one is refused",
      false,
    ],
    ["pxd.portworx.com", {}, ALL, "RWO RWOP", "shared through NFS"],
    ["pxd.portworx.com", { sharedv4: "true" }, ALL, "RWO RWOP", "with CSI the mode of the claim decides"],
    [
      "pxd.portworx.com",
      { backend: "pure_block" },
      "RWO RWOP",
      "RWO RWX RWOP",
      "FlashArray: no shared file system",
    ],
    ["pxd.portworx.com", { backend: "pure_file" }, ALL, "none", "FlashBlade: no raw block"],
    ["csi.vsphere.vmware.com", {}, ALL, "RWO RWOP", "the claim's mode chooses a file volume"],
    [
      "csi.vsphere.vmware.com",
      { "csi.storage.k8s.io/fstype": "nfs4" },
      "ROX RWX",
      "none",
      "file volumes only",
    ],
    [
      "csi.vsphere.vmware.com",
      { "csi.storage.k8s.io/fstype": "xfs" },
      "RWO RWOP",
      "RWO RWOP",
      "a local file system",
    ],
    ["csi.trident.netapp.io", { backendType: "ontap-nas-economy" }, ALL, "none", "a star in a value"],
    ["csi.trident.netapp.io", { backendType: "ontap-san" }, "RWO RWOP", ALL, "block protocol"],
    ["block.csi.vultr.com", { storage_type: "vfs" }, "RWX", "?", "file systems are RWX only"],
    [
      "linstor.csi.linbit.com",
      { "linstor.csi.linbit.com/layerList": "storage" },
      "RWO ROX RWOP",
      "RWO ROX RWOP",
      "without DRBD nothing is shared",
    ],
    [
      "linstor.csi.linbit.com",
      { "linstor.csi.linbit.com/layerList": "drbd storage" },
      "RWO ROX RWOP",
      ALL,
      "DRBD comes first",
    ],
    [
      "linstor.csi.linbit.com",
      {},
      "RWO ROX RWOP",
      ALL,
      "DRBD is the default: an absent key is not another value",
    ],
  ];
  for (const [provisioner, parameters, filesystem, block, why, hasDataSource] of table) {
    const title = `${provisioner} ${JSON.stringify(parameters)}${hasDataSource ? " from a data source" : ""}: ${why}`;
    t.equal(
      modes(of(provisioner, "Filesystem", parameters, [], hasDataSource).accessModes),
      filesystem,
      title,
    );
    t.equal(
      modes(of(provisioner, "Block", parameters, [], hasDataSource).accessModes),
      block,
      `${title} (Block)`,
    );
  }
});

t.test("a mode that something out of sight may add stays possible", async (t) => {
  const table: [
    provisioner: string,
    volumeMode: VolumeMode,
    parameters: Labels,
    possible: string,
    why: string,
  ][] = [
    ["linstor.csi.linbit.com", "Filesystem", {}, "RWX", "the NFS export is a setting of the deployment"],
    ["rancher.io/local-path", "Filesystem", {}, "ROX RWX", "a shared path is set in the ConfigMap"],
    [
      "cinder.csi.openstack.org",
      "Block",
      { type: "fast" },
      "RWX",
      "only the site knows its multiattach types",
    ],
    ["cinder.csi.openstack.org", "Block", {}, "RWX", "the default type may be one of them"],
    ["cinder.csi.openstack.org", "Filesystem", {}, "none", "a file system is never shared"],
    ["csi.vsphere.vmware.com", "Block", {}, "ROX RWX", "shared disks of a Supervisor"],
    ["pd.csi.storage.gke.io", "Filesystem", {}, "ROX", "the data source of the claim is not known here"],
    [
      "pd.csi.storage.gke.io",
      "Filesystem",
      { type: "hyperdisk-extreme" },
      "none",
      "a later rule excludes it",
    ],
    ["org.democratic-csi.tank", "Filesystem", {}, ALL, "the driver behind it stands in its configuration"],
    ["kubernetes.io/vsphere-volume", "Filesystem", {}, "RWOP", "nobody found out about RWOP"],
    ["ebs.csi.aws.com", "Filesystem", {}, "none", "nothing out of sight"],
  ];
  for (const [provisioner, volumeMode, parameters, possible, why] of table) {
    t.equal(modes(of(provisioner, volumeMode, parameters).possibleModes), possible, `${provisioner}: ${why}`);
  }
});

t.test("modes that are let through without being kept", async (t) => {
  const table: [
    provisioner: string,
    volumeMode: VolumeMode,
    parameters: Labels,
    unsafe: string,
    why: string,
  ][] = [
    ["zfs.csi.openebs.io", "Filesystem", {}, "ROX RWX", "the data is on one node"],
    ["driver.longhorn.io", "Block", {}, "ROX RWX", "no working way to mount it"],
    ["driver.longhorn.io", "Block", { migratable: "true" }, "ROX", "the parameter makes RWX work"],
    ["csi.san.synology.com", "Filesystem", {}, "RWX", "a file system on a shared disk"],
    ["csi.san.synology.com", "Filesystem", { protocol: "nfs" }, "none", "a shared folder"],
    ["ebs.csi.aws.com", "Filesystem", {}, "none", "refused, not let through"],
  ];
  for (const [provisioner, volumeMode, parameters, unsafe, why] of table) {
    t.equal(modes(of(provisioner, volumeMode, parameters).unsafeModes), unsafe, `${provisioner}: ${why}`);
  }
});

t.test("an exact name wins over a pattern, a longer pattern over a shorter one", async (t) => {
  t.equal(modes(of("rook-ceph.rbd.csi.ceph.com", "Block").accessModes), "RWO RWX RWOP", "*.rbd.csi.ceph.com");
  t.equal(
    modes(of("cluster.local/nfs-subdir-external-provisioner", "Filesystem").accessModes),
    "RWO ROX RWX",
    "stars may stand for nothing",
  );
  t.equal(
    modes(of("cluster.local/my-nfs-server-provisioner-2", "Filesystem").accessModes),
    "RWO ROX RWX",
    "and for something",
  );
  t.equal(
    modes(of("org.democratic-csi.iscsi", "Filesystem").accessModes),
    "RWO ROX RWOP",
    "longer than org.democratic-csi.*",
  );
  t.equal(modes(of("org.democratic-csi.nfs", "Filesystem").accessModes), ALL, "an exact name");
  t.equal(modes(of("org.democratic-csi.other", "Filesystem").accessModes), "?", "the short pattern");
  for (const stranger of ["rbd.csi.ceph.comx", "acme.example.com", "constructor", "__proto__", ""]) {
    t.equal(
      capabilitiesOf(stranger, {}, "Filesystem", []),
      undefined,
      `${stranger || "an empty name"} is not known`,
    );
  }
});

t.test("node-local drivers pin pods only where the scheduler is told", async (t) => {
  const table: [provisioner: string, parameters: Labels, nodeLocal: boolean, why: string][] = [
    ["topolvm.io", {}, true, "topology of the driver"],
    ["local.csi.openebs.io", {}, true, "topology of the driver"],
    ["rancher.io/local-path", {}, true, "node affinity on the host name"],
    ["rancher.io/local-path", { nodeAffinityKey: "rack" }, false, "a label that several nodes may share"],
    ["microk8s.io/hostpath", {}, true, "node affinity on the host name"],
    ["k8s.io/minikube-hostpath", {}, false, "a host path without node affinity"],
    ["docker.io/hostpath", {}, false, "closed source: no affinity is known of"],
    ["pv-source:hostPath", {}, false, "made by hand, without node affinity"],
    [
      "driver.longhorn.io",
      { dataLocality: "strict-local" },
      false,
      "one node, but the volume does not say so",
    ],
    [
      "linstor.csi.linbit.com",
      { "linstor.csi.linbit.com/allowRemoteVolumeAccess": "false" },
      true,
      "one replica is the default",
    ],
    [
      "linstor.csi.linbit.com",
      {
        "linstor.csi.linbit.com/allowRemoteVolumeAccess": "false",
        "linstor.csi.linbit.com/placementCount": "2",
      },
      false,
      "two replicas are two nodes",
    ],
    [
      "linstor.csi.linbit.com",
      { allowRemoteVolumeAccess: "false", autoPlace: "1" },
      true,
      "the old way to write it",
    ],
    [
      "linstor.csi.linbit.com",
      { allowRemoteVolumeAccess: "false", nodeList: "a b" },
      false,
      "nodes named by hand",
    ],
    [
      "linstor.csi.linbit.com",
      { "linstor.csi.linbit.com/layerList": "storage" },
      false,
      "older versions allow any node",
    ],
    ["ebs.csi.aws.com", {}, false, "any node of the zone"],
  ];
  for (const [provisioner, parameters, nodeLocal, why] of table) {
    t.equal(of(provisioner, "Filesystem", parameters).nodeLocal, nodeLocal, `${provisioner}: ${why}`);
  }
});

t.test("a driver that refuses a second pod on the node does so for file systems only", async (t) => {
  for (const provisioner of ["local.csi.openebs.io", "zfs.csi.openebs.io"]) {
    t.equal(
      of(provisioner, "Filesystem").sameNodeMultiPod,
      false,
      `${provisioner}: shared is "no" by default`,
    );
    t.equal(of(provisioner, "Filesystem", { shared: "yes" }).sameNodeMultiPod, true, `${provisioner} shared`);
    t.equal(of(provisioner, "Block").sameNodeMultiPod, true, `${provisioner}: a raw device is not mounted`);
  }
  t.equal(of("ebs.csi.aws.com", "Filesystem").sameNodeMultiPod, true, "the usual case");
});

t.test("the configuration wins over the catalogue", async (t) => {
  const ours: DriverOverride[] = [
    { provisioner: "*", attachRequired: false },
    { provisioner: "*.example.com", accessModes: ["ReadWriteMany"] },
    { provisioner: "*.csi.aws.com", sameNodeMultiPod: false },
    { provisioner: "ebs.csi.aws.com", accessModes: ["ReadWriteOnce", "ReadWriteMany"] },
  ];
  const exact = of("ebs.csi.aws.com", "Filesystem", {}, ours);
  t.equal(modes(exact.accessModes), "RWO RWX", "the exact entry");
  t.equal(exact.modesFrom, "configuration");
  t.equal(exact.attachRequired, true, "what the entry leaves out stays as the catalogue has it");
  t.equal(
    modes(of("ebs.csi.aws.com", "Block", { type: "io2" }, ours).accessModes),
    "RWO RWX RWOP",
    "the other volumeMode too",
  );
  t.equal(
    modes(of("kubernetes.io/aws-ebs", "Filesystem", {}, ours).accessModes),
    "RWO RWX",
    "the in-tree name follows its driver",
  );
  t.equal(
    of("efs.csi.aws.com", "Filesystem", {}, ours).sameNodeMultiPod,
    false,
    "the longest pattern that matches",
  );
  t.equal(of("smb.csi.k8s.io", "Filesystem", {}, ours).attachRequired, false, "the pattern for everything");

  const stranger = of("nas.example.com", "Filesystem", {}, ours);
  t.equal(modes(stranger.accessModes), "RWX", "a driver that the catalogue does not have");
  t.equal(stranger.csiDriver, "nas.example.com", "is taken for a CSI driver");

  const parameters = of("driver.longhorn.io", "Block", { migratable: "true" }, [
    { provisioner: "driver.longhorn.io", blockAccessModes: ["ReadWriteOnce"] },
  ]);
  t.equal(modes(parameters.accessModes), "RWO", "whatever the parameters add");
  t.equal(modes(parameters.unsafeModes), "none", "and nothing else is held against it");

  t.equal(
    of("driver.longhorn.io", "Filesystem", {}, [{ provisioner: "driver.longhorn.io", nodeLocal: true }])
      .nodeLocal,
    true,
    "node-local by configuration",
  );
  t.equal(
    of("topolvm.io", "Filesystem", {}, [{ provisioner: "topolvm.io", nodeLocal: false }]).nodeLocal,
    false,
    "not node-local by configuration",
  );
});

t.test("the parameters that decided are named", async (t) => {
  t.same(of("disk.csi.azure.com", "Block", { skuName: "Premium_LRS", maxshares: "3" }).because, [
    "maxshares: 3",
  ]);
  t.same(of("ebs.csi.aws.com", "Filesystem", { type: "gp3" }).because, [], "gp3 changes nothing");
});

t.test("the CSIDriver object to look at", async (t) => {
  t.equal(of("ebs.csi.aws.com", "Filesystem").csiDriver, "ebs.csi.aws.com", "the driver itself");
  t.equal(
    of("kubernetes.io/aws-ebs", "Filesystem").csiDriver,
    "ebs.csi.aws.com",
    "the driver that serves the in-tree name",
  );
  t.equal(of("rancher.io/local-path", "Filesystem").csiDriver, undefined, "not a CSI driver");
  t.equal(of("kubernetes.io/no-provisioner", "Filesystem").csiDriver, undefined, "anything may be behind it");
});

t.test("drivers whose node plugin refuses a second node", async (t) => {
  for (const name of ["cstor.csi.openebs.io", "pxd.portworx.com", "kubernetes.io/portworx-volume"]) {
    t.equal(of(name, "Filesystem").refusesSecondNode, true, name);
  }
  t.equal(of("kubernetes.io/portworx-volume", "Filesystem", { sharedv4: "true" }).refusesSecondNode, false);
  for (const name of ["jiva.csi.openebs.io", "iscsi.csi.k8s.io", "efs.csi.aws.com"]) {
    t.equal(of(name, "Filesystem").refusesSecondNode, false, `${name}: nobody refuses`);
  }
  const override = { provisioner: "cstor.csi.openebs.io", refusesSecondNode: false };
  t.equal(of("cstor.csi.openebs.io", "Filesystem", {}, [override]).refusesSecondNode, false, "configured");
});

t.test("a mode that the cloud decides about is possible, never refused", async (t) => {
  for (const [name, type] of [
    ["pd.csi.storage.gke.io", "pd-ssd"],
    ["pd.csi.storage.gke.io", "pd-balanced"],
    ["kubernetes.io/gce-pd", "pd-standard"],
  ] as const) {
    t.ok(of(name, "Block", { type }).possibleModes.includes("ReadWriteMany"), `${name} ${type}`);
    t.notOk(of(name, "Filesystem", { type }).possibleModes.includes("ReadWriteMany"), "a file system never");
  }
  t.ok(
    of("pd.csi.storage.gke.io", "Block").possibleModes.includes("ReadWriteMany"),
    "pd-standard is the default",
  );
  const throughput = of("pd.csi.storage.gke.io", "Block", { type: "hyperdisk-throughput" });
  t.notOk(throughput.possibleModes.includes("ReadWriteMany"), "a type that refuses outright");
});

t.test("provisioners of NFS volumes by the names that they are given", async (t) => {
  for (const name of [
    "example.com/aws-efs",
    "kubernetes.io/aws-efs",
    "example.com/nfs",
    "fuseim.pri/ifs",
    "cluster.local/files-nfs-client-provisioner",
    "nfs-client-provisioner",
    "cluster.local/nfs-ganesha-nfs-provisioner",
    "cluster.local/nfs-server-provisioner",
  ]) {
    t.equal(of(name, "Filesystem").volumeSource, "nfs", name);
  }
  t.equal(capabilitiesOf("example.com/disk", {}, "Filesystem", []), undefined, "another name");
});

t.test("what deleting an attachment does, and where the storage says who holds a volume", async (t) => {
  for (const name of [
    "ebs.csi.aws.com",
    "pd.csi.storage.gke.io",
    "disk.csi.azure.com",
    "cinder.csi.openstack.org",
    "csi.vsphere.vmware.com",
    "driver.longhorn.io",
    "rbd.csi.ceph.com",
    "rook-ceph.rbd.csi.ceph.com",
    "kubernetes.io/aws-ebs",
  ]) {
    const { unpublishIgnoresNode, backEndHint } = detachingOf(name);
    t.equal(unpublishIgnoresNode, false, `${name}: from the node that is named`);
    t.ok(backEndHint, `${name}: where to look`);
  }
  t.equal(detachingOf("io.openebs.csi-mayastor").unpublishIgnoresNode, true, "from whichever node has it");
  t.same(detachingOf("csi.example.com"), { unpublishIgnoresNode: "unknown", backEndHint: undefined });
  t.equal(detachingOf("csi.hetzner.cloud").unpublishIgnoresNode, "unknown", "nobody has read it");
});
