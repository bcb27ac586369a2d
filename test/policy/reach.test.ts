import t, { type Test as Tap } from "tap";
import { ClusterIndex } from "../../src/cluster/cluster-index.ts";
import { factFrom } from "../../src/kube/fact.ts";
import { capabilitiesOf } from "../../src/policy/catalogue/capabilities.ts";
import { CONVENTIONAL_CLASSES } from "../../src/policy/catalogue/conventional-classes.ts";
import type { ClaimReach, Reach } from "../../src/policy/factors.ts";
import type { Mount } from "../../src/policy/model.ts";
import { DEFAULT_OPTIONS, type PolicyOptions } from "../../src/policy/options.ts";
import { classesOffering, reachOfMount } from "../../src/policy/reach.ts";
import { bundle } from "../support/bundle.ts";
import { claim, file, volume } from "../support/objects.ts";

type Raw = Readonly<Record<string, unknown>>;

/** `files`: what `check` sees; `live`: a cluster that is watched whole; `refused`: one that may not be read. */
type Source = "files" | "live" | "refused";

function viewOf(source: Source, objects: readonly Raw[]): ClusterIndex {
  if (source === "files") return bundle(file(...objects)).view;
  const view =
    source === "live"
      ? new ClusterIndex()
      : new ClusterIndex({ completeness: () => ({ reason: "403 Forbidden" }) });
  for (const object of objects) {
    const fact = factFrom(object);
    if (fact === undefined) throw new Error(`no fact: ${JSON.stringify(object)}`);
    view.put(fact);
  }
  return view;
}

const DATA: Mount = { kind: "claim", volumeName: "v", claimName: "data" };

function reach(
  source: Source,
  objects: readonly Raw[],
  mount: Mount = DATA,
  options: PolicyOptions = DEFAULT_OPTIONS,
): ClaimReach {
  return reachOfMount(mount, "shop", viewOf(source, objects), options);
}

function storageClass(
  provisioner: string,
  of: { name?: string; parameters?: Raw; annotations?: Raw } = {},
): Raw {
  const { name = "gp3", parameters = {}, annotations = {} } = of;
  return {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name, annotations },
    provisioner,
    parameters,
  };
}

const DEFAULT = { "storageclass.kubernetes.io/is-default-class": "true" };

function csiDriver(name: string, attachRequired: boolean): Raw {
  return { apiVersion: "storage.k8s.io/v1", kind: "CSIDriver", metadata: { name }, spec: { attachRequired } };
}

const csi = (driver: string): Raw => ({ csi: { driver, volumeHandle: "h" } });

function pinnedTo(key: string, ...values: readonly string[]): Raw {
  return {
    nodeAffinity: {
      required: { nodeSelectorTerms: [{ matchExpressions: [{ key, operator: "In", values }] }] },
    },
  };
}

const BOUND = { volumeName: "pv-data" };
const RWO = "ReadWriteOnce";
const ROX = "ReadOnlyMany";
const RWX = "ReadWriteMany";
const RWOP = "ReadWriteOncePod";

interface Row {
  readonly why: string;
  readonly from?: Source;
  readonly objects: readonly Raw[];
  readonly reach: Reach;
  /** Part of the evidence. */
  readonly says?: string;
  readonly options?: Partial<PolicyOptions>;
}

async function table(t: Tap, rows: readonly Row[]): Promise<void> {
  for (const { why, from = "live", objects, reach: expected, says, options } of rows) {
    const found = reach(from, objects, DATA, { ...DEFAULT_OPTIONS, ...options });
    t.equal(found.reach, expected, why);
    t.ok(found.evidence.length > 0, `${why}: has evidence`);
    if (says !== undefined) t.match(found.evidence.join("\n"), says, why);
  }
}

t.test("bound: the volume's access modes decide, not the claim's (semantics S2)", async (t) => {
  const bound = (modes: readonly string[], claimModes: readonly string[] = [RWO]): Raw[] => [
    claim({ modes: claimModes, spec: BOUND }),
    volume({ modes }),
  ];
  await table(t, [
    {
      why: "ReadWriteOnce only",
      objects: bound([RWO]),
      reach: "node",
      says: "claim data is bound to volume pv-data (ebs.csi.aws.com), which allows ReadWriteOnce;",
    },
    { why: "the volume also offers RWX", objects: bound([RWO, RWX]), reach: "many" },
    { why: "the volume also offers ROX", objects: bound([RWO, ROX]), reach: "many" },
    { why: "read-only on many nodes", objects: bound([ROX], [ROX]), reach: "many" },
    {
      why: "one pod in the cluster",
      objects: bound([RWOP], [RWOP]),
      reach: "pod",
      says: "one pod in the whole cluster",
    },
    { why: "an RWX claim on an RWO volume is attached once", objects: bound([RWO], [RWX]), reach: "node" },
    {
      why: "a volume without modes says nothing",
      objects: bound([]),
      reach: "unknown",
      says: "no access mode",
    },
    {
      why: "volumeMode Block changes nothing (semantics S3)",
      objects: [
        claim({ spec: { ...BOUND, volumeMode: "Block" } }),
        volume({ spec: { ...csi("ebs.csi.aws.com"), volumeMode: "Block" } }),
      ],
      reach: "node",
    },
  ]);
});

t.test("bound: without an attach step nothing keeps ReadWriteOnce (semantics S5)", async (t) => {
  const bound = (spec: Raw, ...more: readonly Raw[]): Raw[] => [
    claim({ spec: BOUND }),
    volume({ spec }),
    ...more,
  ];
  await table(t, [
    {
      why: "NFS",
      objects: bound({ nfs: { server: "s", path: "/" } }),
      reach: "unenforced",
      says: "type nfs",
    },
    { why: "host path", objects: bound({ hostPath: { path: "/d" } }), reach: "unenforced" },
    {
      why: "local",
      objects: bound({ local: { path: "/d" }, ...pinnedTo("kubernetes.io/hostname", "a") }),
      reach: "unenforced",
    },
    { why: "CephFS", objects: bound({ cephfs: { monitors: ["m"] } }), reach: "unenforced" },
    { why: "GlusterFS", objects: bound({ glusterfs: { endpoints: "e", path: "p" } }), reach: "unenforced" },
    {
      why: "Azure file",
      objects: bound({ azureFile: { secretName: "s", shareName: "s" } }),
      reach: "unenforced",
    },
    {
      why: "iSCSI attaches",
      objects: bound({ iscsi: { iqn: "i", lun: 0, targetPortal: "t" } }),
      reach: "node",
    },
    { why: "fibre channel attaches", objects: bound({ fc: { lun: 0 } }), reach: "node" },
    { why: "RBD attaches", objects: bound({ rbd: { image: "i", monitors: ["m"] } }), reach: "node" },
    {
      why: "FlexVolume may or may not",
      objects: bound({ flexVolume: { driver: "acme/x" } }),
      reach: "node",
      says: "assumed",
    },
    {
      why: "an in-tree EBS disk is moved to CSI",
      objects: bound({ awsElasticBlockStore: { volumeID: "v" } }),
      reach: "node",
    },
    {
      why: "an in-tree Azure disk",
      objects: bound({ azureDisk: { diskName: "d", diskURI: "u" } }),
      reach: "node",
    },
    { why: "an in-tree GCE disk", objects: bound({ gcePersistentDisk: { pdName: "d" } }), reach: "node" },
    { why: "an in-tree Cinder disk", objects: bound({ cinder: { volumeID: "v" } }), reach: "node" },
    { why: "an in-tree vSphere disk", objects: bound({ vsphereVolume: { volumePath: "p" } }), reach: "node" },
    {
      why: "an in-tree Portworx volume is attached by Portworx itself, on one node at a time",
      objects: bound({ portworxVolume: { volumeID: "v" } }),
      reach: "node",
      says: "refuses a volume that another node holds",
    },
    {
      why: "unless it is shared",
      objects: bound(
        { portworxVolume: { volumeID: "v" }, storageClassName: "px" },
        storageClass("kubernetes.io/portworx-volume", { name: "px", parameters: { sharedv4: "true" } }),
      ),
      reach: "unenforced",
    },
    {
      why: "cStor: the CSIDriver has no attach step, the node plugin refuses a second node",
      objects: bound(csi("cstor.csi.openebs.io"), csiDriver("cstor.csi.openebs.io", false)),
      reach: "node",
      says: "has no attach step (CSIDriver cstor.csi.openebs.io says attachRequired: false), but on a second node it refuses",
    },
    {
      why: "the configuration knows a version that does not",
      objects: bound(csi("cstor.csi.openebs.io"), csiDriver("cstor.csi.openebs.io", false)),
      options: { drivers: [{ provisioner: "cstor.csi.openebs.io", refusesSecondNode: false }] },
      reach: "unenforced",
    },
    {
      why: "Jiva has nobody who refuses",
      objects: bound(csi("jiva.csi.openebs.io"), csiDriver("jiva.csi.openebs.io", false)),
      reach: "unenforced",
    },
    {
      why: "the CSIDriver of a moved type has the last word",
      objects: bound({ portworxVolume: { volumeID: "v" } }, csiDriver("pxd.portworx.com", true)),
      reach: "node",
      says: "CSIDriver pxd.portworx.com says attachRequired: true",
    },
    {
      why: "the configuration speaks for a moved type too",
      from: "files",
      objects: bound({ awsElasticBlockStore: { volumeID: "v" } }),
      options: { drivers: [{ provisioner: "ebs.csi.aws.com", attachRequired: false }] },
      reach: "unenforced",
    },
    {
      why: "a CSIDriver object without an attach step, whatever the catalogue says",
      objects: bound(csi("ebs.csi.aws.com"), csiDriver("ebs.csi.aws.com", false)),
      reach: "unenforced",
      says: "CSIDriver ebs.csi.aws.com says attachRequired: false",
    },
    {
      why: "a CSIDriver object with an attach step, whatever the catalogue says",
      objects: bound(csi("efs.csi.aws.com"), csiDriver("efs.csi.aws.com", true)),
      reach: "node",
    },
    {
      why: "no CSIDriver object in a live cluster means attachRequired true",
      objects: bound(csi("efs.csi.aws.com")),
      reach: "node",
      says: "no CSIDriver efs.csi.aws.com exists",
    },
    {
      why: "in files nothing is said about CSIDriver objects: the catalogue",
      from: "files",
      objects: bound(csi("efs.csi.aws.com")),
      reach: "unenforced",
      says: "from the driver catalogue",
    },
    {
      why: "in files a driver that nobody knows attaches, and that is said",
      from: "files",
      objects: bound(csi("csi.example.com")),
      reach: "node",
      says: "assumed",
    },
    {
      why: "the configuration wins over the catalogue",
      from: "files",
      objects: bound(csi("ebs.csi.aws.com")),
      options: { drivers: [{ provisioner: "ebs.csi.aws.com", attachRequired: false }] },
      reach: "unenforced",
      says: "as the configuration says",
    },
    {
      why: "the configuration says what a missing CSIDriver object cannot",
      objects: bound(csi("csi.example.com")),
      options: { drivers: [{ provisioner: "*.example.com", attachRequired: false }] },
      reach: "unenforced",
    },
    {
      why: "the CSIDriver object is what the controller reads, so it wins over the configuration",
      objects: bound(csi("ebs.csi.aws.com"), csiDriver("ebs.csi.aws.com", true)),
      options: { drivers: [{ provisioner: "ebs.csi.aws.com", attachRequired: false }] },
      reach: "node",
    },
    {
      why: "modes that many nodes share need no attach step",
      objects: [
        claim({ spec: BOUND }),
        volume({ modes: [RWO, RWX], spec: { nfs: { server: "s", path: "/" } } }),
      ],
      reach: "many",
    },
    {
      why: "one pod is kept by the scheduler, not by attaching",
      objects: [
        claim({ modes: [RWOP], spec: BOUND }),
        volume({ modes: [RWOP], spec: csi("efs.csi.aws.com") }),
        csiDriver("efs.csi.aws.com", false),
      ],
      reach: "pod",
    },
  ]);
});

t.test("not bound: the claim's modes, its class, the driver behind it", async (t) => {
  const asks = (modes: readonly string[], ...more: readonly Raw[]): Raw[] => [claim({ modes }), ...more];
  const ebs = storageClass("ebs.csi.aws.com");
  await table(t, [
    {
      why: "a disk",
      from: "files",
      objects: asks([RWO], ebs),
      reach: "node",
      says: "claim data asks for ReadWriteOnce; StorageClass gp3 (ebs.csi.aws.com) attaches a volume to one node at a time (from the driver catalogue)",
    },
    {
      why: "the claim's RWX is copied to the volume (semantics S2)",
      objects: asks([RWX, RWO], ebs),
      reach: "many",
    },
    { why: "so is its ROX", objects: asks([RWO, ROX], ebs), reach: "many" },
    { why: "one pod", objects: asks([RWOP], ebs), reach: "pod" },
    {
      why: "a claim without modes",
      objects: asks([], ebs),
      reach: "unknown",
      says: "claim data asks for no access mode",
    },
    {
      why: "a network file system",
      from: "files",
      objects: asks([RWO], storageClass("efs.csi.aws.com")),
      reach: "unenforced",
      says: "has no attach step (from the driver catalogue)",
    },
    {
      why: "the CSIDriver object wins over the catalogue",
      objects: asks([RWO], storageClass("efs.csi.aws.com"), csiDriver("efs.csi.aws.com", true)),
      reach: "node",
    },
    {
      why: "no CSIDriver object in a live cluster",
      objects: asks([RWO], storageClass("efs.csi.aws.com")),
      reach: "node",
      says: "no CSIDriver efs.csi.aws.com exists",
    },
    {
      why: "an in-tree name asks for the CSIDriver of its successor",
      objects: asks([RWO], storageClass("kubernetes.io/aws-ebs"), csiDriver("ebs.csi.aws.com", false)),
      reach: "unenforced",
    },
    {
      why: "a provisioner without CSI makes NFS volumes: a missing CSIDriver means nothing",
      objects: asks([RWO], storageClass("k8s-sigs.io/nfs-subdir-external-provisioner")),
      reach: "unenforced",
      says: "its volumes are of type nfs",
    },
    { why: "local path", objects: asks([RWO], storageClass("rancher.io/local-path")), reach: "unenforced" },
    {
      why: "an unknown provisioner, live",
      objects: asks([RWO], storageClass("csi.example.com")),
      reach: "node",
      says: "no CSIDriver csi.example.com exists",
    },
    {
      why: "an unknown provisioner, in files",
      from: "files",
      objects: asks([RWO], storageClass("csi.example.com")),
      reach: "node",
      says: "assumed",
    },
    {
      why: "a class for volumes made by hand: anything may be behind it",
      objects: asks([RWO], storageClass("kubernetes.io/no-provisioner")),
      reach: "node",
      says: "assumed",
    },
    {
      why: "a parameter of the class turns the attach step on",
      from: "files",
      objects: asks([RWO], storageClass("file.csi.azure.com", { parameters: { fsType: "ext4" } })),
      reach: "node",
    },
    {
      why: "the named class is not there",
      objects: asks([RWO]),
      reach: "node",
      says: "claim data asks for ReadWriteOnce; there is no StorageClass gp3: ReadWriteOnce is assumed to have its Kubernetes meaning, one node",
    },
    {
      why: "the named class may not be read",
      from: "refused",
      objects: asks([RWO]),
      reach: "node",
      says: "StorageClass gp3 is not known (403 Forbidden)",
    },
    {
      why: "no class at all, and no volume",
      objects: [claim({ spec: { storageClassName: "" } })],
      reach: "node",
      says: "it has no StorageClass",
    },
  ]);
});

t.test("a claim that names no class has the default one, and that is said to be inferred", async (t) => {
  const unnamed = claim({ spec: { storageClassName: undefined } });
  const found = reach("files", [
    unnamed,
    storageClass("efs.csi.aws.com", { name: "standard", annotations: DEFAULT }),
  ]);
  t.equal(found.reach, "unenforced");
  t.equal(found.storageClass, "standard");
  t.equal(found.provisioner, "efs.csi.aws.com");
  t.match(found.evidence.join(), "the default class, inferred since the claim names none");

  const live = reach("live", [unnamed, storageClass("efs.csi.aws.com", { name: "other" })]);
  t.equal(live.reach, "node", "a class that is not the default is not taken");
  t.match(live.evidence.join(), "there is no default StorageClass");

  const files = reach("files", [unnamed]);
  t.equal(files.reach, "node");
  t.match(
    files.evidence.join(),
    "default StorageClass is not known (no default StorageClass is among the files)",
  );
});

t.test(
  "a driver that refuses a second pod on the node makes ReadWriteOnce reach one pod (semantics S29)",
  async (t) => {
    const lvm = (parameters: Raw = {}): Raw => storageClass("local.csi.openebs.io", { parameters });
    const bound = (more: Raw = {}): Raw => volume({ spec: { ...csi("local.csi.openebs.io"), ...more } });
    const block = { volumeMode: "Block" };
    await table(t, [
      {
        why: "LVM, not bound",
        from: "files",
        objects: [claim(), lvm()],
        reach: "pod",
        says: "refuses a second pod even on the same node",
      },
      {
        why: "LVM, shared: yes",
        from: "files",
        objects: [claim(), lvm({ shared: "yes" })],
        reach: "unenforced",
      },
      {
        why: "LVM as a raw device is not mounted twice",
        from: "files",
        objects: [claim({ spec: block }), lvm()],
        reach: "unenforced",
      },
      { why: "ZFS", from: "files", objects: [claim(), storageClass("zfs.csi.openebs.io")], reach: "pod" },
      {
        why: "LVM, bound: the class has the parameters",
        objects: [claim({ spec: BOUND }), bound(), lvm()],
        reach: "pod",
      },
      {
        why: "LVM, bound, shared: yes",
        from: "files",
        objects: [claim({ spec: BOUND }), bound(), lvm({ shared: "yes" })],
        reach: "unenforced",
      },
      {
        why: "LVM, bound, its class gone: the driver's default",
        from: "files",
        objects: [claim({ spec: BOUND }), bound()],
        reach: "pod",
      },
      {
        why: "LVM, bound, raw device: the volume says so",
        from: "files",
        objects: [claim({ spec: { ...BOUND, ...block } }), bound(block), lvm()],
        reach: "unenforced",
      },
      { why: "RWX is a different matter", objects: [claim({ modes: [RWX] }), lvm()], reach: "many" },
      {
        why: "a driver that the configuration describes",
        objects: [claim(), storageClass("csi.example.com")],
        options: { drivers: [{ provisioner: "csi.example.com", sameNodeMultiPod: false }] },
        reach: "pod",
      },
      {
        why: "the configuration knows better",
        from: "files",
        objects: [claim(), lvm()],
        options: { drivers: [{ provisioner: "local.csi.openebs.io", sameNodeMultiPod: true }] },
        reach: "unenforced",
      },
    ]);
  },
);

t.test("a claim that is not found", async (t) => {
  const absent = reach("live", []);
  t.match(absent, {
    reach: "unknown",
    missing: true,
    name: "data",
    evidence: ["claim data was not found in namespace shop"],
  });
  const refused = reach("refused", []);
  t.match(refused, {
    reach: "unknown",
    missing: false,
    evidence: ["claim data in namespace shop is not known (403 Forbidden)"],
  });
  const nowhere = reachOfMount(DATA, "", viewOf("live", []), DEFAULT_OPTIONS);
  t.same(nowhere.evidence, ["claim data was not found"], "a file that says no namespace");
});

t.test("a volume that cannot be read: the claim's own modes stand in, and that is said", async (t) => {
  const objects = [claim({ spec: BOUND }), storageClass("ebs.csi.aws.com")];
  for (const [source, why] of [
    ["live", "volume pv-data of claim data was not found; the claim's own access modes are used instead"],
    [
      "files",
      "volume pv-data of claim data is not known (it is not among the files); the claim's own access modes are used instead",
    ],
    [
      "refused",
      "volume pv-data of claim data is not known (403 Forbidden); the claim's own access modes are used instead",
    ],
  ] as const) {
    const found = reach(source, objects);
    t.equal(found.reach, "node", source);
    t.equal(found.evidence[0], why);
  }
  t.equal(reach("live", [claim({ modes: [RWX], spec: BOUND })]).reach, "many", "the claim's RWX too");
});

t.test("from files a volume whose claimRef names the claim is its volume", async (t) => {
  const objects = [claim(), volume({ modes: [RWO, RWX] }), storageClass("ebs.csi.aws.com")];
  t.equal(reach("files", objects).reach, "many");
  t.equal(reach("live", objects).reach, "node", "live only spec.volumeName counts");
});

t.test("what is told of a claim", async (t) => {
  const bound = reach("live", [
    claim({ spec: BOUND }),
    volume({ modes: [RWO, RWX] }),
    storageClass("ebs.csi.aws.com"),
  ]);
  t.match(bound, {
    name: "data",
    inline: false,
    missing: false,
    storageClass: "gp3",
    provisioner: "ebs.csi.aws.com",
  });
  t.same(bound.accessModes, [RWO, RWX], "those of the volume");
  t.equal(bound.volume?.name, "pv-data");

  const open = reach("live", [claim({ modes: [RWX] }), storageClass("efs.csi.aws.com")]);
  t.match(open, { storageClass: "gp3", provisioner: "efs.csi.aws.com", volume: undefined });
  t.same(open.accessModes, [RWX], "those of the claim");

  const classless = reach("live", [
    claim({ spec: BOUND }),
    volume({ spec: { storageClassName: "", nfs: { server: "s", path: "/" } } }),
  ]);
  t.equal(classless.storageClass, undefined, "no class is not a class with an empty name");
  t.equal(classless.provisioner, undefined, "nobody provisions NFS volumes made by hand");

  const moved = reach("live", [
    claim({ spec: BOUND }),
    volume({ spec: { awsElasticBlockStore: { volumeID: "v" } } }),
  ]);
  t.equal(moved.provisioner, "ebs.csi.aws.com", "the driver that serves an in-tree disk");

  t.equal(
    reach("live", [claim()]).storageClass,
    "gp3",
    "the class that the claim names, though it is not there",
  );
});

t.test("a node-local volume: only where the scheduler is told", async (t) => {
  const rows: [why: string, nodeLocal: boolean, objects: Raw[], options?: Partial<PolicyOptions>][] = [
    ["a node-local driver that sets a topology", true, [claim(), storageClass("topolvm.io")]],
    [
      "strict-local Longhorn sets none",
      false,
      [claim(), storageClass("driver.longhorn.io", { parameters: { dataLocality: "strict-local" } })],
    ],
    ["a disk of a zone", false, [claim(), storageClass("ebs.csi.aws.com")]],
    [
      "bound by the driver's own label",
      true,
      [
        claim({ spec: BOUND }),
        volume({ spec: { ...csi("topolvm.io"), ...pinnedTo("topology.topolvm.io/node", "a") } }),
      ],
    ],
    [
      "bound, but the volume says nothing",
      false,
      [claim({ spec: BOUND }), volume({ spec: csi("topolvm.io") })],
    ],
    [
      "bound to two nodes",
      false,
      [
        claim({ spec: BOUND }),
        volume({ spec: { ...csi("topolvm.io"), ...pinnedTo("topology.topolvm.io/node", "a", "b") } }),
      ],
    ],
    [
      "bound by a label that is not the driver's",
      false,
      [claim({ spec: BOUND }), volume({ spec: { ...csi("topolvm.io"), ...pinnedTo("rack", "a") } })],
    ],
    [
      "bound by another driver's label",
      false,
      [
        claim({ spec: BOUND }),
        volume({ spec: { ...csi("ebs.csi.aws.com"), ...pinnedTo("topology.topolvm.io/node", "a") } }),
      ],
    ],
    [
      "LINSTOR with replicas on one node, by its own label",
      true,
      [
        claim({ spec: BOUND }),
        volume({ spec: { ...csi("linstor.csi.linbit.com"), ...pinnedTo("linbit.com/hostname", "a") } }),
      ],
    ],
    [
      "two terms for two nodes",
      false,
      [
        claim({ spec: BOUND }),
        volume({
          spec: {
            ...csi("linstor.csi.linbit.com"),
            nodeAffinity: {
              required: {
                nodeSelectorTerms: ["a", "b"].map((value) => ({
                  matchExpressions: [{ key: "linbit.com/hostname", operator: "In", values: [value] }],
                })),
              },
            },
          },
        }),
      ],
    ],
    [
      "the configuration says node-local: any label of one value that is no zone",
      true,
      [
        claim({ spec: BOUND }),
        volume({ spec: { ...csi("csi.example.com"), ...pinnedTo("example.com/host", "a") } }),
      ],
      { drivers: [{ provisioner: "csi.example.com", nodeLocal: true }] },
    ],
    [
      "a zone is not a node, whatever the configuration says",
      false,
      [
        claim({ spec: BOUND }),
        volume({ spec: { ...csi("csi.example.com"), ...pinnedTo("topology.kubernetes.io/zone", "a") } }),
      ],
      { drivers: [{ provisioner: "csi.example.com", nodeLocal: true }] },
    ],
  ];
  for (const [why, nodeLocal, objects, options] of rows) {
    t.equal(
      reach("live", objects, DATA, { ...DEFAULT_OPTIONS, ...options }).pin !== undefined,
      nodeLocal,
      why,
    );
  }
});

t.test(
  "a disk named in the pod belongs to one node, unless all mount it read-only and it can be shared so",
  async (t) => {
    const rows: [type: string, readOnly: boolean, reach: Reach][] = [
      ["awsElasticBlockStore", false, "node"],
      ["awsElasticBlockStore", true, "node"],
      ["azureDisk", true, "node"],
      ["cinder", true, "node"],
      ["vsphereVolume", true, "node"],
      ["gcePersistentDisk", false, "node"],
      ["gcePersistentDisk", true, "many"],
      ["iscsi", false, "node"],
      ["iscsi", true, "many"],
      ["fc", true, "many"],
      ["rbd", true, "many"],
    ];
    for (const [type, readOnly, expected] of rows) {
      const found = reach("live", [], {
        kind: "inline",
        volumeName: "disk",
        source: { type, driver: undefined, readOnly },
      });
      t.match(
        found,
        { name: "disk", inline: true, reach: expected, missing: false, volume: undefined },
        `${type} ${readOnly ? "read-only" : ""}`,
      );
      t.match(found.evidence.join(), `volume disk is a disk named in the pod (${type})`);
    }
  },
);

t.test("the classes that can do a mode are named, in a stable order", async (t) => {
  const annotated = (modes: string): Raw => ({ "attachguard.dev/access-modes": modes });
  const view = viewOf("live", [
    storageClass("ebs.csi.aws.com", { name: "disk" }),
    storageClass("ebs.csi.aws.com", { name: "disk-shared", parameters: { type: "io2" } }),
    storageClass("efs.csi.aws.com", { name: "files" }),
    storageClass("csi.example.com", { name: "acme" }),
    storageClass("csi.example.com", {
      name: "acme-files",
      annotations: annotated("ReadWriteOnce,ReadWriteMany"),
    }),
    storageClass("nfs.csi.k8s.io", { name: "nfs-one", annotations: annotated("ReadWriteOnce") }),
    storageClass("nfs.csi.k8s.io", { name: "nfs", annotations: annotated("ReadWriteMany") }),
    storageClass("s3.csi.aws.com", { name: "bucket" }),
    storageClass("zfs.csi.openebs.io", { name: "zfs" }),
    storageClass("org.democratic-csi.tank", { name: "tank" }),
  ]);
  const options = {
    ...DEFAULT_OPTIONS,
    drivers: [{ provisioner: "org.democratic-csi.tank", accessModes: [RWX] as const }],
  };
  t.same(
    classesOffering(RWX, "Filesystem", view, DEFAULT_OPTIONS),
    ["acme-files", "files", "nfs"],
    "no guesses, nothing that is only let through, nothing that provisions no volumes; the annotation wins",
  );
  t.same(
    classesOffering(RWX, "Block", view, DEFAULT_OPTIONS),
    ["acme-files", "disk-shared"],
    "an annotation on storage of files does not make it raw block",
  );
  t.same(
    classesOffering(RWX, "Filesystem", view, options),
    ["acme-files", "files", "nfs", "tank"],
    "the configuration too",
  );
});

const LOCAL_PATH = { name: "local-path", provisioner: "rancher.io/local-path" };

t.test("not bound: a claim with a selector only gets a volume that somebody made", async (t) => {
  const selecting = { selector: { matchLabels: { vol: "files" } } };
  const nfs = { ...volume({ name: "files", spec: { nfs: { server: "s", path: "/" } } }) } as Raw & {
    metadata: Raw;
    spec: Raw;
  };
  const free = {
    ...nfs,
    metadata: { name: "files", labels: { vol: "files" } },
    spec: { ...nfs.spec, claimRef: null, storageClassName: undefined },
  };
  const efs = storageClass("efs.csi.aws.com", { annotations: DEFAULT });
  await table(t, [
    {
      why: "the labelled volume among the files",
      from: "files",
      objects: [claim({ spec: { ...selecting, storageClassName: undefined } }), free],
      reach: "unenforced",
      says: "bound to volume files (nfs)",
    },
    {
      why: "no volume that fits: its default class would not make one",
      from: "files",
      objects: [claim({ spec: { ...selecting, storageClassName: undefined } }), efs],
      reach: "node",
      says: "it has a selector, so nothing is provisioned for it",
    },
    {
      why: "the class that it names would not make one either",
      objects: [claim({ spec: selecting }), storageClass("efs.csi.aws.com")],
      reach: "node",
      says: "has a selector",
    },
    {
      why: "a volume by name and no class: none is inferred",
      from: "files",
      objects: [claim({ spec: { ...BOUND, storageClassName: undefined } }), efs],
      reach: "node",
      says: "it asks for a volume by name",
    },
  ]);
  const local = storageClass("rancher.io/local-path");
  t.same(reach("live", [claim(), local]).pin, { node: undefined }, "made by a node-local driver");
  t.equal(
    reach("live", [claim({ spec: BOUND }), local]).pin,
    undefined,
    "a volume by another name may be anywhere",
  );
  const made = { volumeName: "pvc-5f0d2c1e-8d3a-4a39-9d6e-0c1f3b6f7a11" };
  t.same(reach("live", [claim({ spec: made }), local]).pin, { node: undefined }, "named as provisioners do");
});

t.test("the configuration says what the cluster's classes are, where nobody sees them", async (t) => {
  const fast = { name: "gp3", provisioner: "efs.csi.aws.com", default: true };
  await table(t, [
    {
      why: "in files",
      from: "files",
      objects: [claim()],
      options: { storageClasses: [fast] },
      reach: "unenforced",
      says: "StorageClass gp3 (efs.csi.aws.com, according to the configuration)",
    },
    {
      why: "a class among the files wins",
      from: "files",
      objects: [claim(), storageClass("ebs.csi.aws.com")],
      options: { storageClasses: [fast] },
      reach: "node",
    },
    {
      why: "a cluster that can be read knows better",
      objects: [claim()],
      options: { storageClasses: [fast] },
      reach: "node",
      says: "there is no StorageClass gp3",
    },
    {
      why: "the default class",
      from: "files",
      objects: [claim({ spec: { storageClassName: undefined } })],
      options: { storageClasses: [fast] },
      reach: "unenforced",
      says: "the default class, inferred",
    },
    {
      why: "its parameters count",
      from: "files",
      objects: [claim()],
      options: {
        storageClasses: [{ name: "gp3", provisioner: "zfs.csi.openebs.io", parameters: { shared: "yes" } }],
      },
      reach: "unenforced",
    },
  ]);
  const options = { ...DEFAULT_OPTIONS, storageClasses: [fast, LOCAL_PATH] };
  const offering = (objects: readonly Raw[]) =>
    classesOffering(RWX, "Filesystem", viewOf("files", objects), options);
  t.same(offering([]), ["gp3"], "they are named as alternatives too");
  t.same(offering([storageClass("ebs.csi.aws.com")]), [], "but not against a class that is seen");
});

t.test("a class is presumed to be what its name is by convention, only in files", async (t) => {
  const on = (name: string) => claim({ spec: { storageClassName: name } });
  for (const name of CONVENTIONAL_CLASSES) {
    const { reach: found, presumed, pin, evidence } = reach("files", [on(name)]);
    t.same([found, pin], ["node", undefined], name);
    const { provisioner = "", volumes } = presumed ?? {};
    const seen = reach("files", [on(name), storageClass(provisioner, { name })]);
    t.equal(capabilitiesOf(provisioner, {}, "Filesystem", [])?.sameNodeMultiPod, true, provisioner);
    if (volumes === "not-attached") {
      t.equal(seen.reach, "unenforced", `${name}: ${provisioner} has no attach step`);
      t.match(evidence.at(-1), `if StorageClass ${name} is ${provisioner}, as its name suggests`);
    }
  }
  t.equal(reach("files", [on("fast")]).presumed, undefined, "any other name");
  t.equal(reach("live", [on("local-path")]).presumed, undefined, "a cluster that can be read");
  t.equal(reach("refused", [on("local-path")]).presumed, undefined, "a cluster that may not be read");
  const object = storageClass("ebs.csi.aws.com", { name: "local-path" });
  t.equal(reach("files", [on("local-path"), object]).presumed, undefined, "a class object says what it is");
  const options = { ...DEFAULT_OPTIONS, storageClasses: [LOCAL_PATH] };
  const configured = reach("files", [on("local-path")], DATA, options);
  t.same(
    [configured.presumed, configured.pin],
    [undefined, { node: undefined }],
    "so does the configuration",
  );
});
