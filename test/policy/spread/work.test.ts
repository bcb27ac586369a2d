/** No template is so large, and no cluster, that judging it takes long: what cannot be checked is not proved. */
import t from "tap";
import { ClusterIndex } from "../../../src/cluster/cluster-index.ts";
import { evaluate } from "../../../src/policy/evaluate.ts";
import type {
  Claim,
  Node,
  NodeSelectorTerm,
  Placement,
  PodAffinityTerm,
  Workload,
} from "../../../src/policy/model.ts";
import { HOSTNAME } from "../../../src/policy/nodes.ts";
import { DEFAULT_OPTIONS } from "../../../src/policy/options.ts";
import { steadyOverlap } from "../../../src/policy/overlap.ts";
import type { Change } from "../../../src/policy/ratchet.ts";
import { steadyApart } from "../../../src/policy/spread/apart.ts";
import { ANYWHERE } from "./cases.ts";

function many<T>(count: number, make: (at: number) => T): T[] {
  return Array.from({ length: count }, (_, at) => make(at));
}

function deployment(
  name: string,
  placement: Partial<Placement>,
  claims: readonly string[] = ["data"],
): Workload {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    namespace: "shop",
    name,
    uid: undefined,
    labels: {},
    annotations: {},
    pods: { by: "replicas", replicas: 1 },
    strategy: {
      kind: "rolling-update",
      maxSurge: { kind: "percent", value: 25 },
      maxUnavailable: { kind: "percent", value: 25 },
    },
    paused: false,
    template: {
      labels: { app: "web" },
      annotations: {},
      mounts: claims.map((claimName) => ({ kind: "claim", volumeName: claimName, claimName })),
      placement: { ...ANYWHERE, ...placement },
    },
    status: undefined,
    revisions: undefined,
    templateFrom: undefined,
    claimTemplates: [],
    firstOrdinal: 0,
    createdAt: undefined,
    source: undefined,
    notes: [],
  };
}

const claimNamed = (name: string): Claim => ({
  namespace: "shop",
  name,
  accessModes: ["ReadWriteOnce"],
  volumeMode: "Filesystem",
  storageClassName: "gp3",
  volumeName: undefined,
  selector: undefined,
  hasDataSource: false,
  requestedBytes: undefined,
  ofSet: undefined,
  uid: undefined,
  annotations: {},
  createdAt: undefined,
  source: undefined,
});

const nodes = (count: number): Node[] =>
  many(count, (at) => ({
    name: `n${at}`,
    labels: { [HOSTNAME]: `n${at}`, disk: "ssd" },
    taints: [],
    unschedulable: false,
  }));

const term = (values: readonly string[] = []): PodAffinityTerm => ({
  labelSelector: {
    matchLabels: { app: "web" },
    matchExpressions: values.length === 0 ? [] : [{ key: "app", operator: "NotIn", values }],
  },
  namespaces: [],
  namespaceSelector: undefined,
  topologyKey: HOSTNAME,
  matchLabelKeys: [],
  mismatchLabelKeys: [],
});

function viewOf(workloads: readonly Workload[], nodeCount = 0, claims: readonly string[] = ["data"]) {
  const view = new ClusterIndex();
  for (const object of workloads) view.put({ kind: "Deployment", object });
  for (const name of claims) view.put({ kind: "PersistentVolumeClaim", object: claimNamed(name) });
  for (const object of nodes(nodeCount)) view.put({ kind: "Node", object });
  return view;
}

/** 5,000 nodes, of which 4,900 share one value of a label that has too many for nodes to be grouped by it. */
function poolView(): ClusterIndex {
  const view = viewOf([]);
  for (const [at, node] of nodes(5000).entries()) {
    const labels = { ...node.labels, pool: at < 4900 ? "common" : `p${at}` };
    view.put({ kind: "Node", object: { ...node, labels } });
  }
  return view;
}

const ofPool = (...values: string[]): NodeSelectorTerm => ({
  matchExpressions: [{ key: "pool", operator: "In", values }],
  matchFields: [],
});

const CONTEXT = { options: DEFAULT_OPTIONS, waiver: null, namespace: null, dryRun: false };

function judged(view: ClusterIndex, workload: Workload, change: Change | null = null) {
  const { findings } = evaluate(view, workload, change, CONTEXT);
  const rules = findings.map(({ rule, severity }) => (severity === "error" ? rule : `${rule}?`));
  return { rules, evidence: findings.flatMap(({ evidence }) => evidence).join("\n") };
}

/** How many times as long as this machine takes, right now, to go through a fixed amount of plain work. */
function timesTheYardstick(work: () => void): number {
  const started = performance.now();
  let sum = 0;
  for (let round = 0; round < 20; round++) {
    const set = new Set(many(20_000, (at) => `value-${at}`));
    for (let at = 0; at < 20_000; at++) if (set.has(`value-${at * 2}`)) sum++;
  }
  const yardstick = performance.now() - started;
  if (sum === 0) throw new Error("the yardstick was optimised away");
  const begun = performance.now();
  work();
  return (performance.now() - begun) / yardstick;
}

const values = (count: number) => many(count, (at) => `v${at}`);
const hosts = (count: number) => many(count, (at) => `n${at}`);

const ATTACKS: readonly (readonly [why: string, workload: Workload, view: () => ClusterIndex])[] = [
  [
    "20,000 values beside 1,000 neighbours",
    deployment("big", { podAffinity: [term(values(20_000))] }),
    () => viewOf(many(1000, (at) => deployment(`w${at}`, { podAffinity: [term()] }))),
  ],
  [
    "1,000 neighbours with as many values as are looked at",
    deployment("big", { podAffinity: [term(values(1900))] }),
    () => viewOf(many(1000, (at) => deployment(`w${at}`, { podAffinity: [term(values(1900))] }))),
  ],
  [
    "250 terms beside 1,000 neighbours",
    deployment("big", { podAffinity: many(125, () => term()) }),
    () => viewOf(many(1000, (at) => deployment(`w${at}`, { podAffinity: many(125, () => term()) }))),
  ],
  [
    "5,000 expressions on 5,000 nodes",
    deployment("big", {
      nodeAffinity: [
        {
          matchExpressions: many(5000, (at) => ({ key: `k${at}`, operator: "DoesNotExist", values: [] })),
          matchFields: [],
        },
      ],
    }),
    () => viewOf([], 5000),
  ],
  [
    "NotIn of 30,000 hosts on 5,000 nodes",
    deployment("big", {
      nodeAffinity: [
        { matchExpressions: [{ key: HOSTNAME, operator: "NotIn", values: hosts(30_000) }], matchFields: [] },
      ],
    }),
    () => viewOf([], 5000),
  ],
  [
    "a nodeSelector of 130,000 labels",
    deployment("big", { nodeSelector: Object.fromEntries(many(130_000, (at) => [`k${at}`, ""])) }),
    () => viewOf([], 1000),
  ],
  [
    "30,000 node affinity terms of one host each",
    deployment("big", {
      nodeAffinity: many(30_000, (at) => ({
        matchExpressions: [{ key: HOSTNAME, operator: "In", values: [`n${at % 1000}`] }],
        matchFields: [],
      })),
    }),
    () => viewOf([], 1000),
  ],
  [
    "the same value 9,000 times, which most of 5,000 nodes have",
    deployment("big", { nodeAffinity: [ofPool(...many(9000, () => "common"))] }),
    poolView,
  ],
  [
    "300 terms of the same 30 values, which most of 5,000 nodes have",
    deployment("big", { nodeAffinity: many(300, () => ofPool(...many(30, () => "common"))) }),
    poolView,
  ],
  [
    "a term of 990 expressions, each of which most of 5,000 nodes satisfy",
    deployment("big", {
      nodeAffinity: [
        {
          matchExpressions: many(990, (at) => ofPool("common", `p${4900 + (at % 100)}`)).flatMap(
            (term) => term.matchExpressions,
          ),
          matchFields: [],
        },
      ],
    }),
    poolView,
  ],
  [
    "200 claims with 20 rivals each on 5,000 nodes",
    deployment("big", { nodeSelector: { disk: "ssd" } }, values(200)),
    () =>
      viewOf(
        many(20, (at) =>
          deployment(`w${at}`, { nodeSelector: { disk: "ssd" }, podAffinity: [term()] }, values(200)),
        ),
        5000,
        values(200),
      ),
  ],
];

t.test("nothing that a user can write takes long, and its size makes no proof", async (t) => {
  for (const [why, workload, make] of ATTACKS) {
    const view = make();
    view.put({ kind: "Deployment", object: workload });
    let rules: readonly string[] = [];
    const previous = { ...workload, template: { ...workload.template, annotations: { a: "b" } } };
    const change: Change = {
      previous,
      previousView: view,
      specChanged: true,
      templateChanged: true,
      cause: "update",
    };
    view.nodes();
    const created = timesTheYardstick(() => ({ rules } = judged(view, workload)));
    const updated = timesTheYardstick(() => judged(view, workload, change));
    t.ok(rules.includes("rwo-rolling-update"), `${why}: ${rules}`);
    t.ok(created < 4, `${why}: created in ${created.toFixed(2)} yardsticks`);
    t.ok(updated < 6, `${why}: updated in ${updated.toFixed(2)} yardsticks`);
  }
});

t.test("a DaemonSet's nodes are counted only where that is quick", (t) => {
  const view = viewOf([], 5000);
  const absent = (count: number) =>
    many(count, (at) => ({ key: `k${at}`, operator: "DoesNotExist", values: [] }));
  const host = { key: HOSTNAME, operator: "In", values: ["n1"] };
  const named = (count: number): Placement => ({
    ...ANYWHERE,
    nodeAffinity: [{ matchExpressions: [...absent(count), host], matchFields: [] }],
  });
  const tolerant: Placement = {
    ...ANYWHERE,
    tolerations: many(80_000, (at) => ({ key: `k${at}`, operator: "Exists", value: "", effect: "" })),
  };
  const daemonSet = (placement: Placement): Workload => ({
    ...deployment("agent", placement),
    kind: "DaemonSet",
    pods: { by: "nodes" },
    strategy: { kind: "delete-first" },
  });
  t.equal(steadyOverlap(daemonSet(named(10)), view).value, "never", "one node, by its name");
  for (const placement of [named(5000), tolerant]) {
    const taken = timesTheYardstick(() => {
      const { value, evidence } = steadyOverlap(daemonSet(placement), view);
      t.equal(value, "always");
      t.match(evidence, [/assumed to be more than one \(its constraints are too many to check\)/]);
    });
    t.ok(taken < 0.5, `${taken.toFixed(2)} yardsticks`);
  }
  t.end();
});

t.test("labels are not copied for every term that looks at them", (t) => {
  const anti: PodAffinityTerm = {
    ...term(),
    labelSelector: { matchLabels: { "job-name": "other" }, matchExpressions: [] },
  };
  const base = deployment("big", { podAntiAffinity: many(200, () => anti) });
  const job: Workload = {
    ...base,
    kind: "Job",
    template: { ...base.template, labels: Object.fromEntries(many(900, (at) => [`l${at}`, ""])) },
  };
  let apart: unknown;
  const taken = timesTheYardstick(() => {
    apart = steadyApart(job, viewOf([]));
  });
  t.equal(apart, undefined);
  t.ok(taken < 2, `${taken.toFixed(2)} yardsticks`);
  const own = { ...anti, labelSelector: { matchLabels: { "job-name": "big" }, matchExpressions: [] } };
  const alone = { ...job, template: { ...job.template, placement: { ...ANYWHERE, podAntiAffinity: [own] } } };
  t.match(steadyApart(alone, viewOf([])), { proof: "anti-affinity" }, "the name that the controller adds");
  t.end();
});

t.test("what could not be checked is said, with what can be", async (t) => {
  const big = deployment("big", { podAffinity: [term(values(20_000))] });
  const { rules, evidence } = judged(viewOf([big]), big);
  t.strictSame(rules, ["rwo-rolling-update"]);
  t.match(
    evidence,
    /the terms were too many to check, so no proof was found; nodeName, one host in nodeSelector/,
  );
  const pinned = deployment("big", { podAffinity: [term(values(20_000))], nodeName: "n1" });
  t.strictSame(judged(viewOf([pinned]), pinned).rules, [], "nodeName is proved beside them");
  const small = deployment("small", { podAffinity: [term(["x"])] });
  t.strictSame(judged(viewOf([small]), small).rules, [], "ordinary terms are proved");
});

t.test("a state before that was too large to check forgives nothing, but no way out is closed", async (t) => {
  const large = { podAffinity: [term(values(20_000))] };
  const before = { ...deployment("web", large), pods: { by: "replicas", replicas: 3 } as const };
  const update = (after: Workload, more: Partial<Change> = {}) => {
    const view = viewOf([after]);
    return judged(view, after, {
      previous: before,
      previousView: viewOf([before]),
      specChanged: true,
      templateChanged: false,
      cause: "update",
      ...more,
    }).rules;
  };
  t.strictSame(
    update({ ...before, labels: { a: "b" } }),
    ["rwo-replicas", "rwo-rolling-update"],
    "another field",
  );
  t.strictSame(
    update({ ...before, pods: { by: "replicas", replicas: 2 } }),
    ["rwo-replicas?", "rwo-rolling-update?"],
    "fewer replicas",
  );
  t.strictSame(update({ ...before, strategy: { kind: "recreate" } }), ["rwo-replicas?"], "to Recreate");
  t.strictSame(
    update(before, { specChanged: false }),
    ["rwo-replicas?", "rwo-rolling-update?"],
    "metadata only",
  );
});

t.test("5,000 nodes cost what 50 do once their list is known", async (t) => {
  const cost = (count: number) => {
    const workload = deployment("web", {});
    const view = viewOf([workload], count);
    judged(view, workload);
    return timesTheYardstick(() => {
      for (let at = 0; at < 200; at++) judged(view, workload);
    });
  };
  cost(50);
  // The least of three each: whatever else the machine does only adds to it.
  const least = (count: number) => Math.min(...[1, 2, 3].map(() => cost(count)));
  const [few, lots] = [least(50), least(5000)];
  t.ok(lots < Math.max(few, 0.02) * 3, `${few.toFixed(3)} and ${lots.toFixed(3)} yardsticks`);
});

t.test("a selector that names no value is charged for everything it looks at", async (t) => {
  const exists = { key: "app", operator: "Exists", values: [] };
  const missing = many(199, (at) => ({ key: `key-${at}`, operator: "DoesNotExist", values: [] }));
  const term: PodAffinityTerm = {
    labelSelector: { matchLabels: {}, matchExpressions: [...missing, exists] },
    namespaces: [],
    namespaceSelector: undefined,
    topologyKey: HOSTNAME,
    matchLabelKeys: [],
    mismatchLabelKeys: [],
  };
  const web = deployment("web", { podAffinity: [term] });
  const others = many(3_000, (at) => {
    const { template, ...other } = deployment(`other-${at}`, {}, []);
    return { ...other, template: { ...template, labels: { unrelated: "yes" } } };
  });
  const index = new ClusterIndex();
  index.put({ kind: "PersistentVolumeClaim", object: claimNamed("data") });
  for (const object of [web, ...others]) index.put({ kind: "Deployment", object });
  const context = { options: DEFAULT_OPTIONS, dryRun: false, waiver: null, namespace: null };
  const [finding] = evaluate(index, web, null, context).findings;
  t.equal(finding?.severity, "error", "too much to check is no proof");
  t.match(finding?.evidence.join("\n"), "the terms were too many to check");
});
