import t from "tap";
import { ClusterIndex } from "../../src/cluster/cluster-index.ts";
import { overlay } from "../../src/cluster/overlay.ts";
import { type Fact, factFrom } from "../../src/kube/fact.ts";
import type { ClusterView, Lookup } from "../../src/policy/view.ts";

function fact(apiVersion: string, kind: string, metadata: object, body: object = {}): Fact {
  const read = factFrom({ apiVersion, kind, metadata, ...body });
  if (read === undefined) throw new Error(`no fact in ${kind}`);
  return read;
}

const deployment = (namespace: string, name: string, claimName: string, app = name): Fact =>
  fact(
    "apps/v1",
    "Deployment",
    { namespace, name },
    {
      spec: {
        template: {
          metadata: { labels: { app } },
          spec: { volumes: [{ name: "d", persistentVolumeClaim: { claimName } }] },
        },
      },
    },
  );

const claim = (namespace: string, name: string, mode: string, spec: object = {}): Fact =>
  fact("v1", "PersistentVolumeClaim", { namespace, name }, { spec: { accessModes: [mode], ...spec } });

const volume = (name: string, mode: string, spec: object = {}): Fact =>
  fact("v1", "PersistentVolume", { name }, { spec: { accessModes: [mode], ...spec } });

const autoscaler = (namespace: string, name: string, target: string, maxReplicas: number): Fact =>
  fact(
    "autoscaling/v2",
    "HorizontalPodAutoscaler",
    { namespace, name },
    { spec: { scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: target }, maxReplicas } },
  );

const storageClass = (name: string, isDefault: boolean, provisioner = "p"): Fact =>
  fact(
    "storage.k8s.io/v1",
    "StorageClass",
    { name, annotations: { "storageclass.kubernetes.io/is-default-class": String(isDefault) } },
    { provisioner },
  );

function view(facts: readonly Fact[], fromFiles = false): ClusterIndex {
  const index = new ClusterIndex({ fromFiles });
  for (const one of facts) index.put(one);
  return index;
}

const namesOf = (lookup: Lookup<readonly { name: string }[]>): string[] | string =>
  lookup.state === "known" ? lookup.value.map(({ name }) => name) : lookup.state;

const target = (name: string, namespace = "shop") => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  namespace,
  name,
});

const labelled = (over: ClusterView, app: string) =>
  namesOf(
    over.workloadsMatching({ selector: { matchLabels: { app }, matchExpressions: [] }, namespaces: "all" }),
  );

t.test("lays an object over its older self", async (t) => {
  const below = view([deployment("shop", "web", "data"), deployment("shop", "api", "data")]);
  const over = overlay(below, [deployment("shop", "web", "logs", "new")]);
  t.match(over.workload("Deployment", "shop", "web"), { value: { template: { labels: { app: "new" } } } });
  t.same(namesOf(over.workloadsMounting("shop", "data")), ["api"], "the older self mounts it no more");
  t.same(namesOf(over.workloadsMounting("shop", "logs")), ["web"]);
  t.same(labelled(over, "web"), [], "nor has it the labels");
  t.same(labelled(over, "new"), ["web"]);
  t.same(namesOf(below.workloadsMounting("shop", "data")), ["api", "web"], "the view below is as it was");
  const same = overlay(below, [deployment("shop", "web", "data")]);
  t.same(namesOf(same.workloadsMounting("shop", "data")), ["api", "web"], "once, not twice");
  const added = overlay(below, [deployment("shop", "zed", "data")]);
  t.same(namesOf(added.workloadsMounting("shop", "data")), ["api", "web", "zed"]);
});

t.test("takes an object out", async (t) => {
  const below = view([
    deployment("shop", "web", "data"),
    claim("shop", "data", "ReadWriteOnce"),
    autoscaler("shop", "h", "web", 5),
    storageClass("gp3", true),
    volume("v", "ReadWriteOnce"),
    fact("v1", "Node", { name: "n1" }),
  ]);
  const over = overlay(
    below,
    [],
    [
      { kind: "Deployment", namespace: "shop", name: "web" },
      { kind: "PersistentVolumeClaim", namespace: "shop", name: "data" },
      { kind: "HorizontalPodAutoscaler", namespace: "shop", name: "h" },
      { kind: "StorageClass", namespace: "", name: "gp3" },
      { kind: "PersistentVolume", namespace: "", name: "v" },
      { kind: "Node", namespace: "", name: "n1" },
    ],
  );
  t.equal(over.workload("Deployment", "shop", "web").state, "absent");
  t.equal(over.claim("shop", "data").state, "absent");
  t.same(namesOf(over.autoscalersOf(target("web"))), []);
  t.same(namesOf(over.workloadsMounting("shop", "data")), []);
  t.equal(over.storageClass("gp3").state, "absent");
  t.equal(over.defaultStorageClass().state, "absent");
  t.same(over.storageClasses(), []);
  t.equal(over.volume("v").state, "absent");
  t.equal(over.nodes().state, "absent", "never a known empty list");
  t.equal(
    overlay(below, [], [{ kind: "Deployment", namespace: "shop", name: "none" }]).claim("shop", "data").state,
    "known",
  );
});

t.test("lays claims, volumes, classes, drivers, namespaces and nodes over", async (t) => {
  const bound = claim("shop", "data", "ReadWriteOnce", { volumeName: "v" });
  const below = view([
    bound,
    volume("v", "ReadWriteOnce"),
    storageClass("a", true),
    fact("v1", "Node", { name: "n2" }),
  ]);
  const over = overlay(below, [
    claim("shop", "fresh", "ReadWriteMany", { volumeName: "w" }),
    volume("v", "ReadWriteMany"),
    volume("w", "ReadWriteMany"),
    storageClass("b", false, "x"),
    fact("storage.k8s.io/v1", "CSIDriver", { name: "d" }, { spec: { attachRequired: false } }),
    fact("v1", "Namespace", { name: "shop" }),
    fact("v1", "Node", { name: "n1" }),
  ]);
  t.match(over.claim("shop", "fresh"), { value: { accessModes: ["ReadWriteMany"] } });
  t.equal(over.claim("prod", "fresh").state, "absent");
  t.match(bound.kind === "PersistentVolumeClaim" && over.volumeOf(bound.object), {
    value: { accessModes: ["ReadWriteMany"] },
  });
  const fresh = over.claim("shop", "fresh");
  t.match(fresh.state === "known" && over.volumeOf(fresh.value), { value: { name: "w" } });
  t.match(over.storageClass("b"), { value: { provisioner: "x" } });
  t.match(over.defaultStorageClass(), { value: { name: "a" } });
  t.same(
    over.storageClasses().map(({ name }) => name),
    ["a", "b"],
  );
  t.match(over.csiDriver("d"), { value: { attachRequired: false } });
  t.equal(over.csiDriver("e").state, "absent");
  t.equal(over.namespace("shop").state, "known");
  t.same(namesOf(over.nodes()), ["n1", "n2"]);
});

t.test("a default class laid over counts as one of the cluster's", async (t) => {
  const below = view([storageClass("b", true)]);
  t.match(overlay(below, [storageClass("a", true)]).defaultStorageClass(), { value: { name: "a" } });
  t.equal(
    overlay(below, [storageClass("b", false)]).defaultStorageClass().state,
    "absent",
    "not the default any more",
  );
});

t.test("merges autoscalers of one target", async (t) => {
  const below = view([autoscaler("shop", "a", "web", 5), autoscaler("shop", "b", "web", 3)]);
  const rows: { put: Fact[]; web: string[]; api: string[]; reason: string }[] = [
    { put: [autoscaler("shop", "c", "web", 2)], web: ["a", "b", "c"], api: [], reason: "one more" },
    {
      put: [autoscaler("shop", "a", "web", 9)],
      web: ["a", "b"],
      api: [],
      reason: "in place of its older self",
    },
    { put: [autoscaler("shop", "a", "api", 9)], web: ["b"], api: ["a"], reason: "moved to another target" },
    { put: [autoscaler("prod", "a", "web", 9)], web: ["a", "b"], api: [], reason: "of another namespace" },
  ];
  for (const { put, web, api, reason } of rows) {
    const over = overlay(below, put);
    t.same(namesOf(over.autoscalersOf(target("web"))), web, reason);
    t.same(namesOf(over.autoscalersOf(target("api"))), api, reason);
  }
});

t.test("stacks", async (t) => {
  const below = view([deployment("shop", "web", "data")]);
  const first = overlay(below, [deployment("shop", "web", "logs"), deployment("shop", "api", "logs")]);
  const second = overlay(
    first,
    [deployment("shop", "web", "cache")],
    [{ kind: "Deployment", namespace: "shop", name: "api" }],
  );
  t.same(namesOf(second.workloadsMounting("shop", "data")), []);
  t.same(namesOf(second.workloadsMounting("shop", "logs")), []);
  t.same(namesOf(second.workloadsMounting("shop", "cache")), ["web"]);
  const third = overlay(second, [deployment("shop", "api", "cache")]);
  t.same(
    namesOf(third.workloadsMounting("shop", "cache")),
    ["api", "web"],
    "what was taken out can come back",
  );
  t.equal(overlay(third, []), third, "nothing laid over is the view itself");
});

t.test("over files, a request's namespace matches an object that says none", async (t) => {
  const below = view(
    [
      deployment("", "web", "data"),
      claim("", "data", "ReadWriteOnce"),
      autoscaler("", "h", "web", 5),
      deployment("", "api", "data"),
    ],
    true,
  );
  const over = overlay(below, [deployment("shop", "web", "data")]);
  t.same(
    namesOf(over.workloadsMounting("shop", "data")),
    ["api", "web"],
    "the file's web is this one, older",
  );
  t.match(over.workload("Deployment", "shop", "web"), { value: { namespace: "shop" } });
  const scaled = overlay(below, [autoscaler("shop", "h", "web", 2)]);
  const scalers = scaled.autoscalersOf(target("web"));
  t.match(scalers.state === "known" && scalers.value, [{ namespace: "shop", maxReplicas: 2 }]);
  t.equal(scalers.state === "known" && scalers.value.length, 1);
  const claimed = overlay(below, [claim("shop", "data", "ReadWriteMany")]);
  t.match(claimed.claim("shop", "data"), { value: { accessModes: ["ReadWriteMany"] } });
  const both = view([autoscaler("", "h", "web", 5), autoscaler("shop", "h", "web", 4)], true);
  const exact = overlay(both, [autoscaler("shop", "h", "web", 2)]).autoscalersOf(target("web"));
  t.same(
    exact.state === "known" && exact.value.map(({ maxReplicas }) => maxReplicas),
    [5, 2],
    "an exact match is the one that is replaced",
  );
});

t.test("keeps unknown unknown, except for what is laid over", async (t) => {
  const below = new ClusterIndex({ completeness: (kind) => ({ reason: `${kind} not listed yet` }) });
  const over = overlay(below, [
    deployment("shop", "web", "data"),
    claim("shop", "data", "ReadWriteOnce"),
    autoscaler("shop", "h", "web", 5),
    fact("v1", "Node", { name: "n1" }),
  ]);
  t.equal(over.claim("shop", "data").state, "known");
  t.equal(over.claim("shop", "other").state, "unknown");
  t.same(namesOf(over.workloadsMounting("shop", "data")), ["web"]);
  t.same(namesOf(over.workloadsMounting("shop", "other")), "unknown");
  t.same(namesOf(over.autoscalersOf(target("web"))), ["h"]);
  t.same(namesOf(over.autoscalersOf(target("api"))), "unknown");
  t.equal(over.nodes().state, "unknown", "one node is not the complete list");
  t.equal(over.workload("Rollout", "shop", "x").state, below.workload("Rollout", "shop", "x").state);
});
