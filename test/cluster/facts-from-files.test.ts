import t from "tap";
import { parseBundle } from "../../src/cluster/files.ts";
import { bundle } from "../support/bundle.ts";

const claim = (name: string, spec: string, namespace?: string): string => `
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: ${name}${namespace === undefined ? "" : `, namespace: ${namespace}`} }
spec: { ${spec} }
`;

const volume = (name: string, spec: string, labels = ""): string => `
---
apiVersion: v1
kind: PersistentVolume
metadata: { name: ${name}, labels: { ${labels} } }
spec: { ${spec} }
`;

const storageClass = (name: string, provisioner: string): string => `
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: { name: ${name} }
provisioner: ${provisioner}
`;

const deployment = (name: string, namespace?: string, claimName = "data", kind = "Deployment"): string => `
---
apiVersion: apps/v1
kind: ${kind}
metadata: { name: ${name}${namespace === undefined ? "" : `, namespace: ${namespace}`} }
spec:
  template:
    metadata: { labels: { app: ${name} } }
    spec:
      containers: [{ name: main, volumeMounts: [{ name: d, mountPath: /d }] }]
      volumes: [{ name: d, persistentVolumeClaim: { claimName: ${claimName} } }]
`;

const autoscaler = (name: string, target: string, namespace?: string, apiVersion = "apps/v1"): string => `
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: ${name}${namespace === undefined ? "" : `, namespace: ${namespace}`} }
spec: { scaleTargetRef: { apiVersion: ${apiVersion}, kind: Deployment, name: ${target} }, maxReplicas: 5 }
`;

const RWO = "accessModes: [ReadWriteOnce]";
const RWX = "accessModes: [ReadWriteMany]";
const BOTH = "accessModes: [ReadWriteOnce, ReadWriteMany]";

t.test("binds a claim to a volume in three ways, and in no other", async (t) => {
  const rows: { yaml: string; bound: string | undefined; reason: string }[] = [
    {
      yaml: claim("data", `${RWO}, volumeName: v`) + volume("v", BOTH),
      bound: "v",
      reason: "(a) by volumeName",
    },
    {
      yaml: claim("data", RWO, "shop") + volume("v", `${BOTH}, claimRef: { namespace: shop, name: data }`),
      bound: "v",
      reason: "(b) by claimRef",
    },
    {
      yaml: claim("data", RWO) + volume("v", `${RWO}, claimRef: { namespace: shop, name: data }`),
      bound: "v",
      reason: "(b) a claim without a namespace matches the namespace of the claimRef",
    },
    {
      yaml: claim("data", RWO, "shop") + volume("v", `${RWO}, claimRef: { name: data }`),
      bound: "v",
      reason: "(b) and the other way round",
    },
    {
      yaml: claim("data", RWO, "shop") + volume("v", `${RWO}, claimRef: { namespace: prod, name: data }`),
      bound: undefined,
      reason: "(b) another namespace's claim",
    },
    {
      yaml:
        claim("data", RWO, "shop") +
        volume("any", `${RWO}, claimRef: { name: data }`) +
        volume("exact", `${RWO}, claimRef: { namespace: shop, name: data }`),
      bound: "exact",
      reason: "(b) an exact match comes first",
    },
    {
      yaml: claim("data", `${RWO}, storageClassName: ""`) + volume("v", RWO),
      bound: "v",
      reason: '(c) class "": a volume without a class',
    },
    {
      yaml:
        claim("data", `${RWO}, storageClassName: manual`) +
        storageClass("manual", "kubernetes.io/no-provisioner") +
        volume("v", `${RWO}, storageClassName: manual`),
      bound: "v",
      reason: "(c) a class that nothing provisions",
    },
    {
      yaml:
        claim("data", `${RWO}, storageClassName: manual`) + volume("v", `${RWO}, storageClassName: manual`),
      bound: "v",
      reason: "(c) a class that is named but not defined",
    },
    {
      yaml:
        claim("data", `${RWO}, storageClassName: gp3`) +
        storageClass("gp3", "ebs.csi.aws.com") +
        volume("v", `${RWO}, storageClassName: gp3`),
      bound: undefined,
      reason: "never (c) for a dynamic class",
    },
    {
      yaml: claim("data", RWO) + volume("v", RWO),
      bound: undefined,
      reason: "never (c) without storageClassName",
    },
    {
      yaml: claim("data", `${RWO}, storageClassName: ""`) + volume("v", `${RWO}, storageClassName: manual`),
      bound: undefined,
      reason: "(c) another class",
    },
    {
      yaml: claim("data", `${BOTH}, storageClassName: ""`) + volume("v", RWO),
      bound: undefined,
      reason: "(c) the volume lacks a mode",
    },
    {
      yaml: claim("data", 'storageClassName: ""') + volume("v", RWO),
      bound: undefined,
      reason: "(c) the API server refuses a claim without modes",
    },
    {
      yaml: claim("data", `${RWO}, storageClassName: "", volumeMode: Block`) + volume("v", RWO),
      bound: undefined,
      reason: "(c) another volume mode",
    },
    {
      yaml:
        claim("data", `${RWO}, storageClassName: "", selector: { matchLabels: { disk: b } }`) +
        volume("a", RWO, "disk: a") +
        volume("b", RWO, "disk: b"),
      bound: "b",
      reason: "(c) the selector chooses",
    },
    {
      yaml:
        claim("data", `${RWO}, storageClassName: "", selector: { matchLabels: { disk: c } }`) +
        volume("a", RWO),
      bound: undefined,
      reason: "(c) the selector matches none",
    },
    {
      yaml:
        claim("data", `${RWO}, storageClassName: ""`) +
        volume("v", `${RWO}, claimRef: { namespace: shop, name: other }`),
      bound: undefined,
      reason: "(c) the volume is another claim's",
    },
    {
      yaml: claim("data", `${RWO}, storageClassName: ""`) + volume("a", BOTH) + volume("b", RWO),
      bound: "b",
      reason: "(c) the volume with the fewest modes, as the binder chooses",
    },
    {
      yaml: claim("data", `${RWO}, storageClassName: ""`) + volume("b", RWO) + volume("a", RWO),
      bound: "a",
      reason: "(c) else by name, whatever the order of the documents",
    },
    {
      yaml:
        claim("data", `${RWO}, storageClassName: "", volumeName: v`) +
        volume("v", RWX) +
        volume("w", `${RWO}, claimRef: { name: data }`),
      bound: "v",
      reason: "volumeName comes before claimRef",
    },
  ];
  for (const { yaml, bound, reason } of rows) {
    const { view, bundle: read } = bundle(yaml);
    const found = view.volumeOf(read.claims[0] as (typeof read.claims)[0]);
    t.equal(found.state === "known" ? found.value.name : undefined, bound, reason);
    if (bound === undefined) t.equal(found.state, "absent", `${reason}: not bound`);
  }
  const { view, bundle: read } = bundle(claim("data", `${RWO}, volumeName: elsewhere`));
  t.equal(
    view.volumeOf(read.claims[0] as (typeof read.claims)[0]).state,
    "unknown",
    "the volume is not in the files",
  );
});

t.test("matches an object without a namespace with any, an exact match first", async (t) => {
  const found = (yaml: string, namespace: string): string | undefined => {
    const lookup = bundle(yaml).view.claim(namespace, "data");
    return lookup.state === "known" ? (lookup.value.accessModes[0] as string) : undefined;
  };
  const rows: { yaml: string; namespace: string; mode: string | undefined; reason: string }[] = [
    { yaml: claim("data", RWO, "shop"), namespace: "shop", mode: "ReadWriteOnce", reason: "exact" },
    {
      yaml: claim("data", RWO, "shop"),
      namespace: "prod",
      mode: undefined,
      reason: "two namespaces that differ",
    },
    { yaml: claim("data", RWO), namespace: "shop", mode: "ReadWriteOnce", reason: "the claim says none" },
    {
      yaml: claim("data", RWO, "shop"),
      namespace: "",
      mode: "ReadWriteOnce",
      reason: "the workload says none",
    },
    {
      yaml: claim("data", RWX) + claim("data", RWO, "shop"),
      namespace: "shop",
      mode: "ReadWriteOnce",
      reason: "exact first",
    },
    {
      yaml: claim("data", RWO, "shop") + claim("data", RWX),
      namespace: "",
      mode: "ReadWriteMany",
      reason: "exact first, the other way round",
    },
    {
      yaml: claim("data", RWX, "a") + claim("data", RWO, "default"),
      namespace: "",
      mode: "ReadWriteOnce",
      reason: "of several, default: that is where an object without a namespace goes",
    },
    {
      yaml: claim("data", RWX, "b") + claim("data", RWO, "a"),
      namespace: "",
      mode: "ReadWriteOnce",
      reason: "of several others the first by name",
    },
  ];
  for (const { yaml, namespace, mode, reason } of rows) t.equal(found(yaml, namespace), mode, reason);
});

t.test("finds the workloads that mount a claim across unsaid namespaces", async (t) => {
  const rows: { yaml: string; namespace: string; names: string[]; reason: string }[] = [
    {
      yaml: deployment("a", "shop") + deployment("b", "prod"),
      namespace: "shop",
      names: ["a"],
      reason: "strict",
    },
    { yaml: deployment("a", "shop") + deployment("b"), namespace: "shop", names: ["b", "a"], reason: "any" },
    { yaml: deployment("a", "shop") + deployment("b"), namespace: "", names: ["b", "a"], reason: "and back" },
    {
      yaml: deployment("a", "shop") + deployment("b") + claim("data", RWO) + claim("data", RWO, "shop"),
      namespace: "shop",
      names: ["a"],
      reason: "each has its exact claim",
    },
    {
      yaml: deployment("a", "shop") + deployment("b") + claim("data", RWO) + claim("data", RWO, "shop"),
      namespace: "",
      names: ["b"],
      reason: "each has its exact claim, seen from the other one",
    },
    {
      yaml: deployment("a", "shop") + deployment("b") + claim("data", RWO),
      namespace: "shop",
      names: ["b", "a"],
      reason: "only one has its exact claim, and it is the other's, too",
    },
    {
      yaml: deployment("a", "shop") + deployment("b") + claim("data", RWO, "shop"),
      namespace: "",
      names: ["b", "a"],
      reason: "the same, seen from the other one",
    },
    { yaml: deployment("a", "shop", "other"), namespace: "shop", names: [], reason: "another claim" },
    {
      yaml: deployment("a", "shop", "data", "StatefulSet") + deployment("a", "shop"),
      namespace: "shop",
      names: ["a", "a"],
      reason: "two kinds of one name",
    },
  ];
  for (const { yaml, namespace, names, reason } of rows) {
    const lookup = bundle(yaml).view.workloadsMounting(namespace, "data");
    t.same(lookup.state === "known" && lookup.value.map(({ name }) => name), names, reason);
  }
});

t.test("gives a workload the autoscalers that mean it", async (t) => {
  const rows: { yaml: string; names: string[]; reason: string }[] = [
    { yaml: autoscaler("h", "web", "shop"), names: ["h"], reason: "exact" },
    { yaml: autoscaler("h", "web"), names: ["h"], reason: "no namespace said" },
    { yaml: autoscaler("h", "web", "prod"), names: [], reason: "another namespace" },
    { yaml: autoscaler("h", "api", "shop"), names: [], reason: "another target" },
    {
      yaml: autoscaler("h", "web", "shop", "apps/v1beta2"),
      names: ["h"],
      reason: "the version does not count",
    },
    { yaml: autoscaler("h", "web", "shop", "argoproj.io/v1alpha1"), names: [], reason: "another group" },
    {
      yaml: autoscaler("h", "web", "shop", "extensions/v1beta1"),
      names: [],
      reason: "a group without Deployments",
    },
    {
      yaml: autoscaler("h", "web", "shop").replace("kind: Deployment", "kind: StatefulSet"),
      names: [],
      reason: "another kind",
    },
    {
      yaml: autoscaler("b", "web", "shop") + autoscaler("a", "web", "shop"),
      names: ["a", "b"],
      reason: "several",
    },
    {
      yaml: autoscaler("h", "web") + deployment("web"),
      names: [],
      reason: "it has an exact match elsewhere",
    },
    { yaml: "", names: [], reason: "none" },
  ];
  for (const { yaml, names, reason } of rows) {
    const read = bundle(deployment("web", "shop") + yaml);
    const target = read.bundle.workloads[0] as (typeof read.bundle.workloads)[0];
    const lookup = read.view.autoscalersOf(target);
    t.same(lookup.state === "known" && lookup.value.map(({ name }) => name), names, reason);
  }
  const bare = bundle(deployment("web") + autoscaler("h", "web", "shop"));
  const lookup = bare.view.autoscalersOf(bare.workload());
  t.equal(lookup.state === "known" && lookup.value.length, 1, "a workload without a namespace");
});

t.test("selects pods across unsaid namespaces", async (t) => {
  const yaml = deployment("web", "shop") + deployment("api", "prod") + deployment("any");
  const everything = { matchLabels: {}, matchExpressions: [] };
  const rows: { namespaces: "all" | string[]; names: string[]; reason: string }[] = [
    { namespaces: "all", names: ["any", "api", "web"], reason: "all" },
    {
      namespaces: ["shop"],
      names: ["any", "web"],
      reason: "one that is named, and the one that is not said",
    },
    { namespaces: [""], names: ["any", "api", "web"], reason: "a pod without a namespace may be anywhere" },
    { namespaces: ["dev"], names: ["any"], reason: "only what is not said" },
  ];
  for (const { namespaces, names, reason } of rows) {
    const lookup = bundle(yaml).view.workloadsMatching({ selector: everything, namespaces });
    t.same(lookup.state === "known" && lookup.value.map(({ name }) => name), names, reason);
  }
});

t.test(
  "says absent where files are complete and unknown where they leave things to the cluster",
  async (t) => {
    const { view } = bundle(deployment("web"));
    t.same(
      {
        claim: view.claim("", "data").state,
        workload: view.workload("Deployment", "", "api").state,
        storageClass: view.storageClass("gp3").state,
        nodes: view.nodes().state,
        csiDriver: view.csiDriver("ebs.csi.aws.com").state,
        volume: view.volume("v").state,
        namespace: view.namespace("shop").state,
        defaultStorageClass: view.defaultStorageClass().state,
        mounting: view.workloadsMounting("", "other").state,
      },
      {
        claim: "absent",
        workload: "absent",
        storageClass: "unknown",
        nodes: "absent",
        csiDriver: "unknown",
        volume: "unknown",
        namespace: "unknown",
        defaultStorageClass: "unknown",
        mounting: "known",
      },
    );
    t.equal(view.workload("Rollout", "", "web").state, "absent", "a kind that is not judged");
    const nodes = bundle("{ apiVersion: v1, kind: Node, metadata: { name: n1 } }").view.nodes();
    t.equal(nodes.state === "known" && nodes.value.length, 1, "Node objects are the complete list");
  },
);

t.test("does not depend on the order of documents", async (t) => {
  const documents = [
    deployment("web"),
    deployment("api", "shop"),
    claim("data", `${RWO}, storageClassName: ""`),
    claim("data", `${RWO}, storageClassName: ""`, "shop"),
    volume("v1", RWO),
    volume("v2", BOTH),
    volume("v3", `${RWX}, claimRef: { namespace: shop, name: data }`),
    autoscaler("h1", "web"),
    autoscaler("h2", "api", "shop"),
    autoscaler("h3", "api"),
    storageClass("a", "x") + storageClass("b", "y"),
  ];
  const answers = (texts: readonly string[]): unknown => {
    const { index } = parseBundle(texts.map((text, at) => ({ file: `${at}.yaml`, text })));
    const everything = { selector: { matchLabels: {}, matchExpressions: [] }, namespaces: "all" as const };
    const strip = (value: unknown) =>
      JSON.parse(JSON.stringify(value, (key, member) => (key === "source" ? 0 : member)));
    return strip(
      ["", "shop", "prod"].map((namespace) => {
        const found = index.claim(namespace, "data");
        return [
          found,
          found.state === "known" && index.volumeOf(found.value),
          index.workloadsMounting(namespace, "data"),
          ["web", "api"].map((name) =>
            index.autoscalersOf({ apiVersion: "apps/v1", kind: "Deployment", namespace, name }),
          ),
          index.workloadsMatching(everything),
          index.storageClasses(),
        ];
      }),
    );
  };
  const expected = answers(documents);
  t.same(answers([...documents].reverse()), expected, "reversed");
  for (let shift = 1; shift < documents.length; shift += 1) {
    t.same(
      answers([...documents.slice(shift), ...documents.slice(0, shift)]),
      expected,
      `rotated by ${shift}`,
    );
  }
});
