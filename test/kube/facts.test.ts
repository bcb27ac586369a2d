import t from "tap";
import { autoscalerFrom } from "../../src/kube/autoscaler.ts";
import { claimFrom } from "../../src/kube/claim.ts";
import { csiDriverFrom } from "../../src/kube/csi-driver.ts";
import { namespaceFrom } from "../../src/kube/namespace.ts";
import { nodeFrom } from "../../src/kube/node.ts";
import { storageClassFrom } from "../../src/kube/storage-class.ts";
import { volumeFrom } from "../../src/kube/volume.ts";

const metadata = { name: "x", namespace: "shop" };

t.test("reads a claim", async (t) => {
  const rows: { spec: unknown; expected: object; reason: string }[] = [
    {
      spec: { accessModes: ["ReadWriteOnce"] },
      expected: {
        accessModes: ["ReadWriteOnce"],
        volumeMode: "Filesystem",
        storageClassName: undefined,
        volumeName: undefined,
        selector: undefined,
        hasDataSource: false,
      },
      reason: "defaults: Filesystem, no class said",
    },
    {
      spec: { accessModes: ["ReadWriteMany", "RWO", 7, "ReadWriteMany"], volumeMode: "Block" },
      expected: { accessModes: ["ReadWriteMany"], volumeMode: "Block" },
      reason: "what is no access mode is left out, and each counts once",
    },
    {
      spec: { storageClassName: "", volumeName: "" },
      expected: { accessModes: [], storageClassName: "", volumeName: undefined },
      reason: "no class on purpose is not the same as none said; an empty volume name is none",
    },
    { spec: { storageClassName: null }, expected: { storageClassName: undefined }, reason: "null is absent" },
    {
      spec: { selector: { matchLabels: { a: "b" } }, dataSource: { kind: "VolumeSnapshot", name: "s" } },
      expected: { selector: { matchLabels: { a: "b" }, matchExpressions: [] }, hasDataSource: true },
      reason: "selector and data source",
    },
    {
      spec: { dataSource: null, dataSourceRef: {} },
      expected: { hasDataSource: true },
      reason: "the newer field",
    },
    { spec: 7, expected: { accessModes: [], storageClassName: undefined }, reason: "no spec" },
  ];
  for (const { spec, expected, reason } of rows) t.match(claimFrom({ metadata, spec }), expected, reason);
  const annotations = { "volume.beta.kubernetes.io/storage-class": "old" };
  const beta = claimFrom({ metadata: { ...metadata, annotations }, spec: { storageClassName: "new" } });
  t.equal(beta?.storageClassName, "old", "the annotation still comes before the field");
  const once = claimFrom({ metadata, spec: { accessModes: ["ReadWriteOnce"] } })?.accessModes;
  t.equal(
    claimFrom({ metadata, spec: { accessModes: ["ReadWriteOnce"] } })?.accessModes,
    once,
    "lists are shared",
  );
});

t.test("reads a volume", async (t) => {
  const rows: { spec: unknown; expected: object; reason: string }[] = [
    {
      spec: { accessModes: ["ReadWriteOnce"], csi: { driver: "ebs.csi.aws.com", volumeHandle: "v" } },
      expected: {
        accessModes: ["ReadWriteOnce"],
        storageClassName: "",
        source: { type: "csi", driver: "ebs.csi.aws.com", readOnly: false },
        claimRef: undefined,
        nodeAffinity: undefined,
        reclaimPolicy: "Retain",
      },
      reason: "defaults: no class, kept",
    },
    {
      spec: { nfs: { server: "s", path: "/", readOnly: true }, persistentVolumeReclaimPolicy: "Delete" },
      expected: { source: { type: "nfs", driver: undefined, readOnly: true }, reclaimPolicy: "Delete" },
      reason: "an in-tree source",
    },
    {
      spec: { flexVolume: { driver: "vendor/disk" } },
      expected: { source: { type: "flexVolume", driver: "vendor/disk" } },
      reason: "FlexVolume names a driver",
    },
    { spec: { somethingNew: {} }, expected: { source: { type: "" } }, reason: "a source that is not known" },
    {
      spec: { claimRef: { namespace: "shop", name: "data" }, storageClassName: "gp3", volumeMode: "Block" },
      expected: {
        claimRef: { namespace: "shop", name: "data" },
        storageClassName: "gp3",
        volumeMode: "Block",
      },
      reason: "bound",
    },
    { spec: { claimRef: {} }, expected: { claimRef: undefined }, reason: "a claimRef that names nothing" },
    {
      spec: {
        local: { path: "/d" },
        nodeAffinity: {
          required: { nodeSelectorTerms: [{ matchExpressions: [{ key: "kubernetes.io/hostname" }] }] },
        },
      },
      expected: {
        source: { type: "local" },
        nodeAffinity: [
          {
            matchExpressions: [{ key: "kubernetes.io/hostname", operator: "", values: [] }],
            matchFields: [],
          },
        ],
      },
      reason: "pinned",
    },
  ];
  for (const { spec, expected, reason } of rows) t.match(volumeFrom({ metadata, spec }), expected, reason);
});

t.test("reads a class", async (t) => {
  const annotated = (annotations: object) =>
    storageClassFrom({ metadata: { name: "x", annotations }, provisioner: "p" });
  t.equal(storageClassFrom({ metadata, parameters: {} }), undefined, "a patch: no class without provisioner");
  t.equal(storageClassFrom({ metadata, provisioner: "" }), undefined, "an empty one is none");
  t.match(storageClassFrom({ metadata, provisioner: "p", parameters: { type: "io2", iops: 5 } }), {
    name: "x",
    provisioner: "p",
    parameters: { type: "io2", iops: "5" },
    isDefault: false,
    accessModes: undefined,
  });
  const rows: { annotations: object; isDefault: boolean; reason: string }[] = [
    {
      annotations: { "storageclass.kubernetes.io/is-default-class": "true" },
      isDefault: true,
      reason: "today's",
    },
    {
      annotations: { "storageclass.beta.kubernetes.io/is-default-class": "true" },
      isDefault: true,
      reason: "beta",
    },
    {
      annotations: { "storageclass.kubernetes.io/is-default-class": "false" },
      isDefault: false,
      reason: "false",
    },
    {
      annotations: { "storageclass.kubernetes.io/is-default-class": true },
      isDefault: false,
      reason: "no string",
    },
  ];
  for (const { annotations, isDefault, reason } of rows)
    t.equal(annotated(annotations)?.isDefault, isDefault, reason);
  t.same(annotated({ "attachguard.dev/access-modes": "ReadWriteOnce, ReadWriteMany" })?.accessModes, [
    "ReadWriteOnce",
    "ReadWriteMany",
  ]);
  t.equal(
    annotated({ "attachguard.dev/access-modes": "all" })?.accessModes,
    undefined,
    "nothing that can be read",
  );
});

t.test("reads a driver, which attaches unless it says otherwise", async (t) => {
  const rows: { spec: unknown; attachRequired: boolean; reason: string }[] = [
    { spec: undefined, attachRequired: true, reason: "no spec" },
    { spec: {}, attachRequired: true, reason: "the default" },
    { spec: { attachRequired: null }, attachRequired: true, reason: "null is absent" },
    { spec: { attachRequired: false }, attachRequired: false, reason: "explicit" },
    { spec: { attachRequired: "false" }, attachRequired: true, reason: "not a boolean" },
  ];
  for (const { spec, attachRequired, reason } of rows) {
    t.same(csiDriverFrom({ metadata, spec }), { name: "x", attachRequired }, reason);
  }
});

t.test("reads an autoscaler of every version alike", async (t) => {
  const scaleTargetRef = { apiVersion: "apps/v1", kind: "Deployment", name: "web" };
  const rows: { spec: object; min: number; max: number; reason: string }[] = [
    { spec: { maxReplicas: 5 }, min: 1, max: 5, reason: "minReplicas defaults to 1" },
    { spec: { minReplicas: 0, maxReplicas: 3 }, min: 0, max: 3, reason: "an explicit zero is kept" },
    {
      spec: { minReplicas: 2, maxReplicas: "many" },
      min: 2,
      max: 2,
      reason: "an unreadable maximum adds nothing",
    },
    { spec: {}, min: 1, max: 1, reason: "nothing said" },
  ];
  for (const { spec, min, max, reason } of rows) {
    t.match(
      autoscalerFrom({ metadata, spec: { scaleTargetRef, ...spec } }),
      { namespace: "shop", name: "x", target: scaleTargetRef, minReplicas: min, maxReplicas: max },
      reason,
    );
  }
  t.same(autoscalerFrom({ metadata })?.target, { apiVersion: "", kind: "", name: "" }, "no target");
});

t.test("reads nodes and namespaces", async (t) => {
  t.same(
    nodeFrom({
      metadata: { name: "n1", labels: { zone: "a", "kubernetes.io/hostname": "host-1" } },
      spec: { unschedulable: true, taints: [{ key: "k", effect: "NoSchedule" }, null] },
    }),
    {
      name: "n1",
      labels: { zone: "a", "kubernetes.io/hostname": "host-1" },
      taints: [
        { key: "k", value: "", effect: "NoSchedule" },
        { key: "", value: "", effect: "" },
      ],
      unschedulable: true,
    },
  );
  t.match(
    nodeFrom({ metadata: { name: "n2" } }),
    { labels: { "kubernetes.io/hostname": "n2" }, taints: [], unschedulable: false },
    "a Node written by hand gets the label that the kubelet would set",
  );
  t.same(namespaceFrom({ metadata: { name: "shop", labels: { team: "a" } } }), {
    name: "shop",
    labels: { team: "a", "kubernetes.io/metadata.name": "shop" },
  });
});

t.test("reads nothing from what is no object", async (t) => {
  const readers = [
    claimFrom,
    volumeFrom,
    storageClassFrom,
    csiDriverFrom,
    autoscalerFrom,
    nodeFrom,
    namespaceFrom,
  ];
  for (const reader of readers) {
    for (const value of [undefined, null, "text", 3, true, []])
      t.equal(reader(value), undefined, reader.name);
  }
});
