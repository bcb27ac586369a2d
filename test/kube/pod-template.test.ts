import t from "tap";
import { mountList, tellMounts } from "../../src/kube/pod-template.ts";
import { workloadFrom } from "../../src/kube/workload.ts";
import type { Mount, PodTemplate } from "../../src/policy/model.ts";

const data = { name: "d", persistentVolumeClaim: { claimName: "data" } };
const mounts = [{ name: "d", mountPath: "/data" }];

function templateOf(spec: unknown, metadata: unknown = {}): PodTemplate {
  const workload = workloadFrom({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web" },
    spec: { template: { metadata, spec } },
  });
  if (workload === undefined) throw new Error("no workload");
  return workload.template;
}

const names = (template: PodTemplate): string[] =>
  template.mounts.map((mount) => (mount.kind === "claim" ? mount.claimName : mount.source.type));

t.test("counts a claim as mounted when a container of any sort uses it", async (t) => {
  const rows: { spec: unknown; mounted: string[]; reason: string }[] = [
    {
      spec: { containers: [{ name: "a", volumeMounts: mounts }], volumes: [data] },
      mounted: ["data"],
      reason: "a container mounts it",
    },
    {
      spec: {
        containers: [{ name: "a", volumeDevices: [{ name: "d", devicePath: "/dev/x" }] }],
        volumes: [data],
      },
      mounted: ["data"],
      reason: "a block device is mounted, too",
    },
    {
      spec: {
        containers: [{ name: "a" }],
        initContainers: [{ name: "i", volumeMounts: mounts }],
        volumes: [data],
      },
      mounted: ["data"],
      reason: "an init container",
    },
    {
      spec: {
        containers: [{ name: "a" }],
        initContainers: [{ name: "s", restartPolicy: "Always", volumeMounts: mounts }],
        volumes: [data],
      },
      mounted: ["data"],
      reason: "a sidecar",
    },
    {
      spec: {
        containers: [{ name: "a" }],
        ephemeralContainers: [{ name: "e", volumeMounts: mounts }],
        volumes: [data],
      },
      mounted: ["data"],
      reason: "an ephemeral container",
    },
    {
      spec: { containers: [{ name: "a" }], volumes: [data] },
      mounted: [],
      reason: "listed only: the kubelet skips it (semantics S4)",
    },
    {
      spec: { containers: [{ name: "a", volumeMounts: [{ name: "other" }] }], volumes: [data] },
      mounted: [],
      reason: "another volume is mounted",
    },
    { spec: { volumes: [data] }, mounted: ["data"], reason: "no containers: a patch" },
    { spec: { containers: [], volumes: [data] }, mounted: ["data"], reason: "none: a patch" },
    {
      spec: {
        containers: [{ name: "a", volumeMounts: [{ name: "d" }, { name: "e" }] }],
        volumes: [data, { name: "e", persistentVolumeClaim: { claimName: "data", readOnly: true } }],
      },
      mounted: ["data", "data"],
      reason: "one claim under two names",
    },
    { spec: undefined, mounted: [], reason: "a template without spec" },
    { spec: { volumes: "d", containers: 3 }, mounted: [], reason: "wrong types" },
    {
      spec: { volumes: [null, 7, { name: "d" }, { persistentVolumeClaim: { claimName: "" } }] },
      mounted: [],
      reason: "entries that name nothing",
    },
  ];
  for (const { spec, mounted, reason } of rows) {
    const template = templateOf(spec);
    t.same(names(template), mounted, reason);
  }
});

t.test("counts disks that the pod names itself, and no other kind of volume", async (t) => {
  const disks = [
    "awsElasticBlockStore",
    "gcePersistentDisk",
    "azureDisk",
    "cinder",
    "vsphereVolume",
    "iscsi",
    "fc",
    "rbd",
  ];
  const others = [
    "emptyDir",
    "configMap",
    "secret",
    "nfs",
    "hostPath",
    "ephemeral",
    "projected",
    "csi",
    "cephfs",
  ];
  for (const type of [...disks, ...others]) {
    const template = templateOf({
      containers: [{ name: "a", volumeMounts: mounts }],
      volumes: [{ name: "d", [type]: { readOnly: true } }],
    });
    const expected: Mount[] = disks.includes(type)
      ? [{ kind: "inline", volumeName: "d", source: { type, driver: undefined, readOnly: true } }]
      : [];
    t.same(template.mounts, expected, type);
  }
  const unmounted = templateOf({ containers: [{ name: "a" }], volumes: [{ name: "d", rbd: {} }] });
  t.same(unmounted.mounts, [], "a disk that no container mounts");
});

t.test("leaves out volumes that each pod of a StatefulSet has for itself", async (t) => {
  const workload = workloadFrom({
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: "db" },
    spec: {
      volumeClaimTemplates: [{ metadata: { name: "d" } }, null, {}],
      template: {
        spec: {
          containers: [{ name: "a", volumeMounts: [{ name: "d" }, { name: "shared" }] }],
          volumes: [data, { name: "shared", persistentVolumeClaim: { claimName: "shared" } }],
        },
      },
    },
  });
  t.same(workload && names(workload.template), ["shared"], "a claim template takes the place of the volume");
});

t.test("finds the template of every kind", async (t) => {
  const template = {
    metadata: { labels: { app: "web" }, annotations: { "attachguard.dev/reason": "x", other: "y" } },
    spec: { containers: [{ name: "a", volumeMounts: mounts }], volumes: [data], nodeName: "n1" },
  };
  const metadata = { name: "web" };
  const rows: { raw: object; reason: string }[] = [
    {
      raw: { apiVersion: "apps/v1", kind: "Deployment", metadata, spec: { template } },
      reason: "Deployment",
    },
    {
      raw: { apiVersion: "apps/v1", kind: "StatefulSet", metadata, spec: { template } },
      reason: "StatefulSet",
    },
    { raw: { apiVersion: "apps/v1", kind: "DaemonSet", metadata, spec: { template } }, reason: "DaemonSet" },
    {
      raw: { apiVersion: "apps/v1", kind: "ReplicaSet", metadata, spec: { template } },
      reason: "ReplicaSet",
    },
    { raw: { apiVersion: "batch/v1", kind: "Job", metadata, spec: { template } }, reason: "Job" },
    {
      raw: {
        apiVersion: "batch/v1",
        kind: "CronJob",
        metadata,
        spec: { jobTemplate: { spec: { template } } },
      },
      reason: "CronJob: two templates deep",
    },
    {
      raw: {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { ...metadata, ...template.metadata },
        spec: template.spec,
      },
      reason: "a Pod is its own template",
    },
  ];
  for (const { raw, reason } of rows) {
    const read = workloadFrom(raw)?.template;
    t.same(read && names(read), ["data"], reason);
    t.equal(read?.labels.app, "web", `${reason}: labels`);
    t.same(Object.keys(read?.annotations ?? {}), ["attachguard.dev/reason"], `${reason}: annotations`);
    t.equal(read?.placement.nodeName, "n1", `${reason}: placement`);
  }
});

t.test("reads labels that JavaScript would mistake for something else", async (t) => {
  const labels = JSON.parse(
    '{"__proto__": "polluted", "constructor": "c", "n": 1, "b": true, "o": {}, "z": null}',
  );
  const read = templateOf({}, { labels }).labels;
  t.same(Object.entries(read), [
    ["__proto__", "polluted"],
    ["constructor", "c"],
    ["n", "1"],
    ["b", "true"],
  ]);
  t.equal(templateOf({}, { labels: {} }).labels.constructor, undefined, "no label of that name");
  t.equal(({} as Record<string, unknown>).polluted, undefined);
});

t.test("survives 10,000 volumes", async (t) => {
  const volumes = Array.from({ length: 10_000 }, (_, at) => ({
    name: `v${at}`,
    persistentVolumeClaim: { claimName: `c${at}` },
  }));
  const containers = [{ name: "a", volumeMounts: volumes.slice(1).map(({ name }) => ({ name })) }];
  const template = templateOf({ containers, volumes });
  t.equal(template.mounts.length, 9_999);
});

t.test("nobody can say in a template what it mounts instead of its volumes", async (t) => {
  const data = { name: "d", persistentVolumeClaim: { claimName: "data" } };
  const other = { sources: [{ type: "persistentVolumeClaim" }], of: [0], names: ["other"] };
  const spec = {
    containers: [{ name: "a", volumeMounts: [{ name: "d", mountPath: "/d" }] }],
    volumes: [data],
  };
  t.same(names(templateOf({ ...spec, mounted: other })), ["data"], "a field of that name is none");
  t.same(names(templateOf({ mounted: other })), [], "nor where nothing else is mounted");
  tellMounts(spec, mountList(other));
  t.same(names(templateOf(spec)), ["other"], "who read the body can say it about the very object");
  t.same(names(templateOf({ ...spec })), ["data"], "and about no copy");
});
