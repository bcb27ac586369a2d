import t, { type Test as Tap } from "tap";
import { ClusterIndex } from "../../../src/cluster/cluster-index.ts";
import { factFrom } from "../../../src/kube/fact.ts";
import { DEFAULT_OPTIONS, type PolicyOptions } from "../../../src/policy/options.ts";
import { accessModeUnsupported } from "../../../src/policy/rules/access-mode-unsupported.ts";
import type { Match } from "../../../src/policy/rules/rule.ts";
import type { Severity } from "../../../src/policy/verdict.ts";
import { bundle } from "../../support/bundle.ts";
import { claim, file, volume } from "../../support/objects.ts";

type Raw = Readonly<Record<string, unknown>>;

const RWO = "ReadWriteOnce";
const ROX = "ReadOnlyMany";
const RWX = "ReadWriteMany";
const RWOP = "ReadWriteOncePod";
const BLOCK = { volumeMode: "Block" };

function storageClass(provisioner: string, parameters: Raw = {}, modes?: string, name = "gp3"): Raw {
  const annotations = modes === undefined ? {} : { "attachguard.dev/access-modes": modes };
  return {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name, annotations },
    provisioner,
    parameters,
  };
}

function judge(objects: readonly Raw[], options: Partial<PolicyOptions> = {}): Match | null {
  const { view, bundle: read } = bundle(file(...objects));
  const [subject] = read.claims;
  if (subject === undefined) throw new Error("no claim");
  return accessModeUnsupported.judge(subject, view, { ...DEFAULT_OPTIONS, ...options });
}

interface Row {
  readonly why: string;
  readonly modes: readonly string[];
  readonly spec?: Raw;
  readonly others: readonly Raw[];
  readonly severity: Severity | null;
  readonly options?: Partial<PolicyOptions>;
}

function table(t: Tap, rows: readonly Row[]): void {
  for (const { why, modes, spec = {}, others, severity, options } of rows) {
    const match = judge([claim({ modes, spec }), ...others], options);
    t.equal(match && (match.soft ? "warning" : "error"), severity, why);
  }
}

t.test("an error where the catalogue documents that provisioning is refused", async (t) => {
  table(t, [
    { why: "RWX on a disk", modes: [RWX], others: [storageClass("ebs.csi.aws.com")], severity: "error" },
    { why: "ROX on a disk", modes: [ROX], others: [storageClass("ebs.csi.aws.com")], severity: "error" },
    {
      why: "the in-tree name",
      modes: [RWX],
      others: [storageClass("kubernetes.io/azure-disk")],
      severity: "error",
    },
    { why: "ROX on EFS", modes: [ROX], others: [storageClass("efs.csi.aws.com")], severity: "error" },
    {
      why: "raw block on files",
      modes: [RWO],
      spec: BLOCK,
      others: [storageClass("efs.csi.aws.com")],
      severity: "error",
    },
    {
      why: "a file system on io2",
      modes: [RWX],
      others: [storageClass("ebs.csi.aws.com", { type: "io2" })],
      severity: "error",
    },
    {
      why: "RWO where file systems are RWX only",
      modes: [RWO],
      others: [storageClass("block.csi.vultr.com", { storage_type: "vfs" })],
      severity: "error",
    },
    {
      why: "RWX outranks RWO in what a CSI driver is sent",
      modes: [RWO, RWX],
      others: [storageClass("ebs.csi.aws.com")],
      severity: "error",
    },
    {
      why: "a read-only disk without a source",
      modes: [ROX],
      others: [storageClass("pd.csi.storage.gke.io")],
      severity: "error",
    },
    {
      why: "RWOP where it is refused",
      modes: [RWOP],
      others: [storageClass("openebs.io/local")],
      severity: "error",
    },
    {
      why: "the default class, which the claim will get",
      modes: [RWX],
      spec: { storageClassName: undefined },
      others: [
        {
          ...storageClass("ebs.csi.aws.com"),
          metadata: { name: "gp3", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
        },
      ],
      severity: "error",
    },
  ]);
});

t.test("nothing where the mode works", async (t) => {
  table(t, [
    { why: "RWO on a disk", modes: [RWO], others: [storageClass("ebs.csi.aws.com")], severity: null },
    { why: "RWOP on a disk", modes: [RWOP], others: [storageClass("ebs.csi.aws.com")], severity: null },
    { why: "RWX on files", modes: [RWX], others: [storageClass("efs.csi.aws.com")], severity: null },
    {
      why: "raw block RWX on io2",
      modes: [RWX],
      spec: BLOCK,
      others: [storageClass("ebs.csi.aws.com", { type: "io2" })],
      severity: null,
    },
    {
      why: "RWX is all that is sent, so RWO is not refused",
      modes: [RWO, RWX],
      others: [storageClass("block.csi.vultr.com", { storage_type: "vfs" })],
      severity: null,
    },
    {
      why: "a read-only disk from a snapshot",
      modes: [ROX],
      spec: { dataSource: { kind: "VolumeSnapshot", name: "s", apiGroup: "snapshot.storage.k8s.io" } },
      others: [storageClass("pd.csi.storage.gke.io")],
      severity: null,
    },
  ]);
});

t.test("a warning where the mode is refused later, or accepted without being kept", async (t) => {
  table(t, [
    {
      why: "refused when it is mounted",
      modes: [RWX],
      others: [storageClass("csi-powermax.dellemc.com")],
      severity: "warning",
    },
    {
      why: "provisioned, then kept on one node",
      modes: [RWX],
      others: [storageClass("zfs.csi.openebs.io")],
      severity: "warning",
    },
    {
      why: "listed as let through, by a driver that checks other things",
      modes: [ROX],
      others: [storageClass("driver.longhorn.io")],
      severity: "warning",
    },
    {
      why: "a driver that checks nothing",
      modes: [RWX],
      others: [storageClass("kubernetes.io/cinder")],
      severity: "warning",
    },
    {
      why: "raw block on NFS, which checks nothing",
      modes: [RWO],
      spec: BLOCK,
      others: [storageClass("nfs.csi.k8s.io")],
      severity: "warning",
    },
    {
      why: "storage for many nodes, which checks nothing, serves one as well",
      modes: [RWO],
      others: [storageClass("openebs.io/nfsrwx")],
      severity: null,
    },
  ]);
});

t.test("nothing where it is not known", async (t) => {
  table(t, [
    {
      why: "an unknown provisioner",
      modes: [RWX],
      others: [storageClass("csi.example.com")],
      severity: null,
    },
    {
      why: "only the unvalidated table",
      modes: [RWX],
      others: [storageClass("csi.block.xsky.com")],
      severity: null,
    },
    {
      why: "secondary sources",
      modes: [RWX],
      others: [storageClass("hspc.csi.hitachi.com")],
      severity: null,
    },
    {
      why: "where it is refused is not known",
      modes: [RWX],
      others: [storageClass("csi.hpe.com")],
      severity: null,
    },
    {
      why: "modes of this volumeMode not known",
      modes: [ROX],
      spec: BLOCK,
      others: [storageClass("fsx.csi.aws.com")],
      severity: null,
    },
    {
      why: "a setting of the deployment may add it",
      modes: [RWX],
      others: [storageClass("linstor.csi.linbit.com")],
      severity: null,
    },
    {
      why: "a shared path may be configured",
      modes: [RWX],
      others: [storageClass("rancher.io/local-path")],
      severity: null,
    },
    {
      why: "the volume type may be multiattach",
      modes: [RWX],
      spec: BLOCK,
      others: [storageClass("cinder.csi.openstack.org", { type: "x" })],
      severity: null,
    },
    {
      why: "RWOP on an in-tree name that nobody tried",
      modes: [RWOP],
      others: [storageClass("kubernetes.io/vsphere-volume")],
      severity: null,
    },
    {
      why: "a driver for volumes made by hand",
      modes: [RWO],
      spec: BLOCK,
      others: [storageClass("gcsfuse.csi.storage.gke.io")],
      severity: null,
    },
    {
      why: "a class for volumes made by hand",
      modes: [RWX],
      others: [storageClass("kubernetes.io/no-provisioner")],
      severity: null,
    },
    { why: "the class is not there", modes: [RWX], others: [], severity: null },
    {
      why: "no default class",
      modes: [RWX],
      spec: { storageClassName: undefined },
      others: [storageClass("ebs.csi.aws.com")],
      severity: null,
    },
    {
      why: "no class: made by hand",
      modes: [RWX],
      spec: { storageClassName: "" },
      others: [storageClass("ebs.csi.aws.com")],
      severity: null,
    },
    { why: "a claim without modes", modes: [], others: [storageClass("ebs.csi.aws.com")], severity: null },
  ]);
});

t.test("nothing for a claim that is bound, or meant for a volume made by hand", async (t) => {
  const ebs = storageClass("ebs.csi.aws.com");
  table(t, [
    {
      why: "bound",
      modes: [RWX],
      spec: { volumeName: "pv-data" },
      others: [ebs, volume({ modes: [RWX] })],
      severity: null,
    },
    {
      why: "pre-bound to a volume that is not in sight",
      modes: [RWX],
      spec: { volumeName: "pv-other" },
      others: [ebs],
      severity: null,
    },
    {
      why: "a volume names the claim",
      modes: [RWX],
      others: [ebs, volume({ modes: [RWX] })],
      severity: null,
    },
    {
      why: "a selector, which no new volume satisfies",
      modes: [RWX],
      spec: { selector: { matchLabels: { a: "b" } } },
      others: [ebs],
      severity: null,
    },
  ]);
});

t.test("nothing for a live claim that names a volume which is gone", async (t) => {
  const view = new ClusterIndex();
  for (const object of [
    claim({ modes: [RWX], spec: { volumeName: "gone" } }),
    storageClass("ebs.csi.aws.com"),
  ]) {
    const fact = factFrom(object);
    if (fact) view.put(fact);
  }
  const found = view.claim("shop", "data");
  if (found.state !== "known") throw new Error("no claim");
  t.equal(view.volumeOf(found.value).state, "absent", "the volume is known to be gone");
  t.equal(accessModeUnsupported.judge(found.value, view, DEFAULT_OPTIONS), null);
});

t.test("the annotation of the class and the configuration win over the catalogue", async (t) => {
  const ours = (driver: PolicyOptions["drivers"][number]): Partial<PolicyOptions> => ({ drivers: [driver] });
  table(t, [
    {
      why: "the annotation allows what the catalogue refuses",
      modes: [RWX],
      others: [storageClass("ebs.csi.aws.com", {}, "ReadWriteOnce,ReadWriteMany")],
      severity: null,
    },
    {
      why: "the annotation leaves out what the catalogue allows",
      modes: [RWX],
      others: [storageClass("efs.csi.aws.com", {}, "ReadWriteOnce")],
      severity: "warning",
    },
    {
      why: "both refuse",
      modes: [RWX],
      others: [storageClass("ebs.csi.aws.com", {}, "ReadWriteOnce")],
      severity: "error",
    },
    {
      why: "nobody knows the driver, but the class says",
      modes: [RWX],
      others: [storageClass("csi.example.com", {}, "ReadWriteOnce")],
      severity: "warning",
    },
    {
      why: "a list with RWO does not forbid RWOP",
      modes: [RWOP],
      others: [storageClass("csi.example.com", {}, "ReadWriteOnce,ReadWriteMany")],
      severity: null,
    },
    {
      why: "the configuration allows",
      modes: [RWX],
      others: [storageClass("ebs.csi.aws.com")],
      options: ours({ provisioner: "ebs.csi.aws.com", accessModes: [RWX] }),
      severity: null,
    },
    {
      why: "the configuration for the other volumeMode says nothing",
      modes: [RWX],
      others: [storageClass("ebs.csi.aws.com")],
      options: ours({ provisioner: "ebs.csi.aws.com", blockAccessModes: [RWX] }),
      severity: "error",
    },
    {
      why: "the configuration refuses",
      modes: [RWX],
      others: [storageClass("csi.example.com")],
      options: ours({ provisioner: "*.example.com", accessModes: [RWO] }),
      severity: "warning",
    },
    {
      why: "the annotation wins over the configuration",
      modes: [RWX],
      others: [storageClass("csi.example.com", {}, "ReadWriteMany")],
      options: ours({ provisioner: "*.example.com", accessModes: [RWO] }),
      severity: null,
    },
  ]);
});

t.test("the finding says what happens, what the class offers and which class does better", async (t) => {
  const match = judge([
    claim({ modes: [RWX] }),
    storageClass("ebs.csi.aws.com"),
    storageClass("efs.csi.aws.com", {}, undefined, "shared"),
  ]);
  t.equal(
    match?.problem,
    "asks for ReadWriteMany (volumeMode Filesystem), which StorageClass gp3 (ebs.csi.aws.com) refuses: the claim stays Pending",
  );
  t.equal(match?.brief, "StorageClass gp3 cannot do ReadWriteMany");
  t.same(match?.evidence, [
    "StorageClass gp3 (ebs.csi.aws.com) offers ReadWriteOnce, ReadWriteOncePod for volumeMode Filesystem, according to the driver catalogue",
    "ReadWriteMany is offered by StorageClass shared",
  ]);
  t.same(
    match?.claims.map(({ name, storageClass }) => [name, storageClass]),
    [["data", "gp3"]],
  );

  const later = judge([claim({ modes: [RWX] }), storageClass("zfs.csi.openebs.io")]);
  t.equal(
    later?.problem,
    "asks for ReadWriteMany (volumeMode Filesystem), which StorageClass gp3 (zfs.csi.openebs.io) accepts without honouring it",
  );

  const files = judge([claim({ modes: [RWO], spec: BLOCK }), storageClass("efs.csi.aws.com")]);
  t.same(files?.evidence, [
    "StorageClass gp3 (efs.csi.aws.com) offers no access mode for volumeMode Block, according to the driver catalogue",
  ]);

  const withParameter = judge([
    claim({ modes: [RWX], spec: {} }),
    storageClass("csi.vsphere.vmware.com", { "csi.storage.k8s.io/fstype": "xfs" }),
  ]);
  t.match(withParameter?.evidence[0], "(csi.vsphere.vmware.com with csi.storage.k8s.io/fstype: xfs)");
});
