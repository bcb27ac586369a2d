import t from "tap";
import { ClusterIndex, type Completeness } from "../../src/cluster/cluster-index.ts";
import { type Fact, type FactKind, factFrom } from "../../src/kube/fact.ts";
import type { LabelSelector } from "../../src/policy/model.ts";
import { knownValue } from "../../src/policy/view.ts";
import { privateFields } from "../support/private-fields.ts";

function fact(apiVersion: string, kind: string, metadata: object, body: object = {}): Fact {
  const read = factFrom({ apiVersion, kind, metadata, ...body });
  if (read === undefined) throw new Error(`no fact in ${kind}`);
  return read;
}

const deployment = (namespace: string, name: string, claims: string[] = [], labels: object = {}): Fact =>
  fact(
    "apps/v1",
    "Deployment",
    { namespace, name },
    {
      spec: {
        template: {
          metadata: { labels },
          spec: {
            volumes: claims.map((claimName) => ({ name: claimName, persistentVolumeClaim: { claimName } })),
          },
        },
      },
    },
  );

const storageClass = (name: string, isDefault: boolean, creationTimestamp?: string): Fact =>
  fact(
    "storage.k8s.io/v1",
    "StorageClass",
    {
      name,
      creationTimestamp,
      annotations: { "storageclass.kubernetes.io/is-default-class": String(isDefault) },
    },
    { provisioner: "ebs.csi.aws.com" },
  );

const FACTS: readonly Fact[] = [
  deployment("shop", "web", ["data", "logs"], { app: "web", tier: "front" }),
  fact("apps/v1", "StatefulSet", { namespace: "shop", name: "db" }),
  fact("apps/v1", "DaemonSet", { namespace: "shop", name: "agent" }),
  fact("apps/v1", "ReplicaSet", { namespace: "shop", name: "old" }),
  fact("batch/v1", "Job", { namespace: "shop", name: "once" }),
  fact("batch/v1", "CronJob", { namespace: "shop", name: "nightly" }),
  fact("v1", "Pod", { namespace: "shop", name: "bare" }),
  fact(
    "autoscaling/v2",
    "HorizontalPodAutoscaler",
    { namespace: "shop", name: "web" },
    { spec: { scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" }, maxReplicas: 3 } },
  ),
  fact("v1", "PersistentVolumeClaim", { namespace: "shop", name: "data" }),
  fact("v1", "PersistentVolume", { name: "v1" }, { spec: { claimRef: { namespace: "shop", name: "data" } } }),
  fact("v1", "PersistentVolume", { name: "v2" }),
  storageClass("gp3", true),
  fact("storage.k8s.io/v1", "CSIDriver", { name: "ebs.csi.aws.com" }),
  fact("v1", "Namespace", { name: "shop" }),
  fact("v1", "Node", { name: "n1" }),
];

const namespaceOf = ({ object }: Fact): string => ("namespace" in object ? object.namespace : "");

/** Entries of every map and set below a value. */
function entriesWithin(value: unknown): number {
  if (value instanceof Map)
    return value.size + [...value.values()].reduce((sum, one) => sum + entriesWithin(one), 0);
  if (value instanceof Set) return value.size;
  if (typeof value !== "object" || value === null) return 0;
  return [...Object.values(value), ...privateFields(value)].reduce(
    (sum: number, one) => sum + entriesWithin(one),
    0,
  );
}

t.test("finds what was put, and forgets all of it", async (t) => {
  for (const fromFiles of [false, true]) {
    const index = new ClusterIndex({ fromFiles });
    const empty = entriesWithin(index);
    for (const one of FACTS) index.put(one);
    t.equal(index.count("PersistentVolume"), 2);
    t.equal([...index.workloads()].length, 7);
    t.equal([...index.claims()].length, 1);
    t.equal([...index.autoscalers()].length, 1);
    t.equal([...index.volumes()].length, 2);
    for (const one of FACTS) t.ok(index.has(one.kind, namespaceOf(one), one.object.name), one.kind);
    const filled = entriesWithin(index);
    t.ok(filled > empty + FACTS.length, "indices hold more than the objects");
    for (const one of FACTS) index.put(one);
    t.equal(entriesWithin(index), filled, "putting again adds nothing");
    for (const one of FACTS) index.remove(one.kind, namespaceOf(one), one.object.name);
    t.equal(entriesWithin(index), empty, "nothing is left");
    for (const one of FACTS) index.remove(one.kind, namespaceOf(one), one.object.name);
    t.equal(index.count("Deployment"), 0, "removing what is not there does nothing");
  }
});

t.test("an object takes the place of its older self in every index", async (t) => {
  const index = new ClusterIndex();
  const mounting = (claimName: string): string[] => {
    const found = index.workloadsMounting("shop", claimName);
    return found.state === "known" ? found.value.map(({ name }) => name) : [];
  };
  const matching = (app: string): number => {
    const found = index.workloadsMatching({
      selector: { matchLabels: { app }, matchExpressions: [] },
      namespaces: ["shop"],
    });
    return found.state === "known" ? found.value.length : -1;
  };
  index.put(deployment("shop", "web", ["data"], { app: "old" }));
  index.put(deployment("shop", "api", ["data"], { app: "old" }));
  t.same(mounting("data"), ["api", "web"]);
  index.put(deployment("shop", "web", ["logs"], { app: "new" }));
  t.same(mounting("data"), ["api"], "it mounts this claim no more");
  t.same(mounting("logs"), ["web"]);
  t.equal(matching("old"), 1);
  t.equal(matching("new"), 1);
  t.equal(index.count("Deployment"), 2);

  const scaler = (target: string): Fact =>
    fact(
      "autoscaling/v2",
      "HorizontalPodAutoscaler",
      { namespace: "shop", name: "h" },
      {
        spec: { scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: target }, maxReplicas: 3 },
      },
    );
  const scalersOf = (name: string): number => {
    const found = index.autoscalersOf({ apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name });
    return found.state === "known" ? found.value.length : -1;
  };
  index.put(scaler("web"));
  index.put(scaler("api"));
  t.equal(scalersOf("web"), 0, "it scales another one now");
  t.equal(scalersOf("api"), 1);
  const strange = { apiVersion: "v1", kind: "constructor", namespace: "shop", name: "api" };
  t.same(index.autoscalersOf(strange), { state: "known", value: [] }, "a kind that is not judged has none");
});

t.test("a claim under two volume names makes one workload that mounts it", async (t) => {
  const index = new ClusterIndex();
  index.put(deployment("shop", "web", ["data", "data"]));
  const found = index.workloadsMounting("shop", "data");
  t.equal(found.state === "known" && found.value.length, 1);
  index.remove("Deployment", "shop", "web");
  t.same(index.workloadsMounting("shop", "data"), { state: "known", value: [] });
});

t.test("selects workloads by label as a scan of all of them would", async (t) => {
  const index = new ClusterIndex();
  const all = [
    deployment("shop", "a", [], { app: "web", tier: "front" }),
    deployment("shop", "b", [], { app: "web", tier: "back" }),
    deployment("prod", "c", [], { app: "api", tier: "front" }),
    deployment("prod", "d", [], {}),
  ];
  for (const one of all) index.put(one);
  const selector = (
    matchLabels: Record<string, string>,
    ...matchExpressions: LabelSelector["matchExpressions"]
  ) => ({
    matchLabels,
    matchExpressions,
  });
  const rows: { selector: LabelSelector; namespaces: "all" | string[]; names: string[]; reason: string }[] = [
    { selector: selector({ app: "web" }), namespaces: "all", names: ["a", "b"], reason: "by one label" },
    { selector: selector({ app: "web", tier: "front" }), namespaces: "all", names: ["a"], reason: "by both" },
    { selector: selector({ app: "none" }), namespaces: "all", names: [], reason: "a label that nothing has" },
    {
      selector: selector({}, { key: "app", operator: "In", values: ["web", "api", "web"] }),
      namespaces: "all",
      names: ["c", "a", "b"],
      reason: "one of several values, each workload once",
    },
    {
      selector: selector({}, { key: "app", operator: "In", values: [] }),
      namespaces: "all",
      names: [],
      reason: "none of no values",
    },
    {
      selector: selector({}, { key: "app", operator: "Exists", values: [] }),
      namespaces: "all",
      names: ["c", "a", "b"],
      reason: "no pair to look up: a scan",
    },
    {
      selector: selector({ tier: "front" }, { key: "app", operator: "NotIn", values: ["api"] }),
      namespaces: "all",
      names: ["a"],
      reason: "the pair finds, the rest filters",
    },
    {
      selector: selector({}),
      namespaces: ["prod"],
      names: ["c", "d"],
      reason: "everything in one namespace",
    },
    {
      selector: selector({}),
      namespaces: ["prod", "prod"],
      names: ["c", "d"],
      reason: "a namespace named twice",
    },
    { selector: selector({ app: "web" }), namespaces: ["prod"], names: [], reason: "in the wrong namespace" },
    { selector: selector({}), namespaces: [], names: [], reason: "nowhere" },
  ];
  for (const { selector, namespaces, names, reason } of rows) {
    const found = index.workloadsMatching({ selector, namespaces });
    t.same(found.state === "known" && found.value.map(({ name }) => name), names, reason);
  }
});

t.test("what is looked at for a selector is charged, and no more is looked at than may be", async (t) => {
  const index = new ClusterIndex();
  for (let at = 0; at < 100; at += 1) index.put(deployment("shop", `web-${at}`, ["data"], { app: "web" }));
  let left = 30;
  const budget = {
    spend: (units: number) => {
      left -= units;
      return left >= 0;
    },
  };
  const exists = { key: "app", operator: "Exists", values: [] };
  const query = { selector: { matchLabels: {}, matchExpressions: [exists] }, namespaces: ["shop"] };
  t.equal(knownValue(index.workloadsMatching(query, budget))?.length, 15);
  t.equal(left, -2, "nothing was looked at any more once it was spent");
  t.equal(knownValue(index.workloadsMatching(query))?.length, 100, "nobody has to count");
});

t.test("a live view is strict about namespaces and binds by volumeName only", async (t) => {
  const index = new ClusterIndex();
  const claim = (namespace: string, spec: object): Fact =>
    fact("v1", "PersistentVolumeClaim", { namespace, name: "data" }, { spec });
  index.put(claim("", { accessModes: ["ReadWriteOnce"] }));
  t.equal(index.claim("shop", "data").state, "absent", "not the one without a namespace");
  index.put(
    fact(
      "v1",
      "PersistentVolume",
      { name: "v" },
      { spec: { claimRef: { namespace: "shop", name: "data" } } },
    ),
  );
  const pending = claim("shop", { accessModes: ["ReadWriteOnce"], storageClassName: "" });
  index.put(pending);
  t.equal(
    pending.kind === "PersistentVolumeClaim" && index.volumeOf(pending.object).state,
    "absent",
    "not bound",
  );
  const bound = claim("shop", { volumeName: "v" });
  t.equal(bound.kind === "PersistentVolumeClaim" && index.volumeOf(bound.object).state, "known", "bound");
});

t.test("the newest default class wins, then the first by name", async (t) => {
  const rows: { classes: Fact[]; expected: string | undefined; reason: string }[] = [
    { classes: [], expected: undefined, reason: "none" },
    { classes: [storageClass("a", false)], expected: undefined, reason: "none is marked" },
    {
      classes: [
        storageClass("a", true, "2026-01-01T00:00:00Z"),
        storageClass("b", true, "2026-02-01T00:00:00Z"),
      ],
      expected: "b",
      reason: "the newest",
    },
    {
      classes: [
        storageClass("b", true, "2026-01-01T00:00:00Z"),
        storageClass("a", true, "2026-01-01T00:00:00Z"),
      ],
      expected: "a",
      reason: "of the same age the first by name",
    },
    {
      classes: [storageClass("b", true), storageClass("a", true)],
      expected: "a",
      reason: "of unknown age, too",
    },
  ];
  for (const { classes, expected, reason } of rows) {
    const index = new ClusterIndex();
    for (const one of classes) index.put(one);
    const found = index.defaultStorageClass();
    t.equal(found.state === "known" ? found.value.name : undefined, expected, reason);
  }
  const index = new ClusterIndex();
  index.put(storageClass("b", true));
  t.same(
    index.storageClasses().map(({ name }) => name),
    ["b"],
  );
  index.put(storageClass("a", true));
  t.same(
    index.storageClasses().map(({ name }) => name),
    ["a", "b"],
    "sorted, and up to date",
  );
  index.remove("StorageClass", "", "b");
  t.same(
    index.storageClasses().map(({ name }) => name),
    ["a"],
  );
});

t.test("what is not found is unknown until its kind is complete", async (t) => {
  const waiting = new Set<FactKind>(FACTS.map(({ kind }) => kind));
  const completeness = (kind: FactKind): Completeness =>
    waiting.has(kind) ? { reason: `${kind} not listed yet` } : "complete";
  const index = new ClusterIndex({ completeness });
  const target = { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" };
  const everything = { selector: { matchLabels: {}, matchExpressions: [] }, namespaces: "all" as const };
  const answers = () => ({
    claim: index.claim("shop", "data"),
    volume: index.volume("v"),
    storageClass: index.storageClass("gp3"),
    defaultStorageClass: index.defaultStorageClass(),
    csiDriver: index.csiDriver("d"),
    autoscalers: index.autoscalersOf(target),
    workload: index.workload("Deployment", "shop", "web"),
    mounting: index.workloadsMounting("shop", "data"),
    matching: index.workloadsMatching(everything),
    namespace: index.namespace("shop"),
    nodes: index.nodes(),
  });
  for (const [question, answer] of Object.entries(answers())) t.equal(answer.state, "unknown", question);
  t.match(index.claim("shop", "data"), { reason: "PersistentVolumeClaim not listed yet" });
  waiting.clear();
  for (const [question, answer] of Object.entries(answers())) {
    const isList = ["autoscalers", "mounting", "matching"].includes(question);
    t.equal(answer.state, isList ? "known" : "absent", question);
  }
  for (const kind of new Set(FACTS.map(({ kind }) => kind))) waiting.add(kind);
  for (const one of FACTS) index.put(one);
  t.equal(index.claim("shop", "data").state, "known", "what has been seen is known at once");
  t.equal(index.workloadsMounting("shop", "data").state, "known");
  t.equal(index.nodes().state, "unknown", "some of the nodes are not the complete list");
});

t.test(
  "a workload with thousands of labels is found by each of them, and by none once it is gone",
  async (t) => {
    const labels = Object.fromEntries(Array.from({ length: 5_000 }, (_, at) => [`key-${at}`, "value"]));
    const index = new ClusterIndex();
    index.put(
      factFrom({
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { name: "web", namespace: "shop" },
        spec: { template: { metadata: { labels }, spec: { containers: [] } } },
      }) as Fact,
    );
    const found = (key: string): number => {
      const selector = { matchLabels: { [key]: "value" }, matchExpressions: [] };
      return knownValue(index.workloadsMatching({ selector, namespaces: ["shop"] }))?.length ?? 0;
    };
    t.same([found("key-0"), found("key-4999"), found("key-5000")], [1, 1, 0]);
    index.remove("Deployment", "shop", "web");
    t.equal(found("key-0"), 0);
  },
);

t.test("a node's status changes nothing; its labels, taints and cordon do", async (t) => {
  const index = new ClusterIndex();
  const node = (labels: object, spec: object, status: object) =>
    fact("v1", "Node", { name: "a", labels }, { spec, status });
  index.put(node({ zone: "a" }, {}, {}));
  const before = knownValue(index.nodes());
  index.put(node({ zone: "a" }, {}, { conditions: [{ type: "Ready", status: "True" }] }));
  t.equal(knownValue(index.nodes()), before, "the same list, with what was found out about it");
  for (const changed of [
    node({ zone: "b" }, {}, {}),
    node({ zone: "b" }, { unschedulable: true }, {}),
    node({ zone: "b" }, { unschedulable: true, taints: [{ key: "x", effect: "NoExecute" }] }, {}),
  ]) {
    const last = knownValue(index.nodes());
    index.put(changed);
    t.not(knownValue(index.nodes()), last);
    t.strictSame(knownValue(index.nodes()), [changed.object]);
  }
});
