import fc from "fast-check";
import t from "tap";
import { ClusterIndex } from "../../../src/cluster/cluster-index.ts";
import type { ClaimReach } from "../../../src/policy/factors.ts";
import type {
  Labels,
  Node,
  NodeSelectorTerm,
  Placement,
  PodAffinityTerm,
  Workload,
} from "../../../src/policy/model.ts";
import { eligibleNodes, HOSTNAME, matchesTerms } from "../../../src/policy/nodes.ts";
import { DEFAULT_OPTIONS } from "../../../src/policy/options.ts";
import { keptTogether, rolloutSpread, steadySpread } from "../../../src/policy/spread/spread.ts";
import { ANYWHERE, ONE_NODE_CLAIM } from "./cases.ts";
import { type Pod, podOf, schedule } from "./scheduler.ts";

const ZONE = "topology.kubernetes.io/zone";

const node = (name: string, zone: string, disk: string): Node => ({
  name,
  labels: { [HOSTNAME]: name, [ZONE]: zone, disk },
  taints: [],
  unschedulable: false,
});
const NODES = [node("a", "z1", "ssd"), node("b", "z1", "hdd"), node("c", "z2", "hdd")];

function deployment(name: string, namespace: string, labels: Labels, placement: Placement): Workload {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    namespace,
    name,
    uid: undefined,
    labels: {},
    annotations: {},
    pods: { by: "replicas", replicas: 2 },
    strategy: { kind: "recreate" },
    paused: false,
    template: { labels, annotations: {}, mounts: [], placement },
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

const label = fc.constantFrom("app", "tier");
const value = fc.constantFrom("x", "y");
const labels = fc.dictionary(label, value, { noNullPrototype: true });
const key = fc.constantFrom(HOSTNAME, HOSTNAME, HOSTNAME, ZONE);
const labelKeys = fc.oneof(
  { weight: 5, arbitrary: fc.constant<string[]>([]) },
  { weight: 1, arbitrary: fc.constantFrom(["pod-template-hash"], ["app"], ["tier"]) },
);
const term: fc.Arbitrary<PodAffinityTerm> = fc.record({
  labelSelector: fc.record({
    matchLabels: fc.dictionary(label, value, { maxKeys: 1, noNullPrototype: true }),
    matchExpressions: fc.array(
      fc.record({
        key: label,
        operator: fc.constantFrom("In", "NotIn", "Exists"),
        values: fc.array(value, { minLength: 1, maxLength: 2 }),
      }),
      { maxLength: 1 },
    ),
  }),
  namespaces: fc.oneof(
    { weight: 4, arbitrary: fc.constant<string[]>([]) },
    { weight: 1, arbitrary: fc.constant(["one", "two"]) },
  ),
  namespaceSelector: fc.constant(undefined),
  topologyKey: key,
  matchLabelKeys: labelKeys,
  mismatchLabelKeys: labelKeys,
});
const constraint = fc.record({
  topologyKey: key,
  maxSkew: fc.constantFrom(1, 1, 2),
  labelSelector: fc.record({
    matchLabels: fc.dictionary(label, value, { maxKeys: 1, noNullPrototype: true }),
    matchExpressions: fc.constant([]),
  }),
  matchLabelKeys: fc.constant<string[]>([]),
});
const rarely = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T[]> =>
  fc.oneof({ weight: 4, arbitrary: fc.constant<T[]>([]) }, { weight: 1, arbitrary: of.map((one) => [one]) });
const placement: fc.Arbitrary<Placement> = fc.record({
  nodeName: fc.constant(undefined),
  nodeSelector: fc.oneof(
    { weight: 8, arbitrary: fc.constant<Labels>({}) },
    {
      weight: 1,
      arbitrary: fc.constantFrom<Labels>({ [HOSTNAME]: "a" }, { [HOSTNAME]: "c" }, { disk: "hdd" }),
    },
  ),
  nodeAffinity: fc.constant(undefined),
  podAffinity: fc.array(term, { maxLength: 2 }),
  podAntiAffinity: rarely(term),
  spreadConstraints: rarely(constraint),
  tolerations: fc.constant([]),
});
const namespace = fc.constantFrom("one", "one", "two");
/** Often several workloads share one placement, as the members of a closed group do. */
const cluster = fc
  .tuple(
    fc.array(placement, { minLength: 1, maxLength: 2 }),
    fc.array(fc.tuple(namespace, labels, fc.nat(1)), { minLength: 1, maxLength: 3 }),
  )
  .map(([placements, all]) =>
    all.map(([where, own, at], index) =>
      deployment(`w${index}`, where, own, placements[at % placements.length] ?? ANYWHERE),
    ),
  );
const dice = fc.infiniteStream(fc.nat(1000));

function viewOf(workloads: readonly Workload[]): ClusterIndex {
  const view = new ClusterIndex();
  for (const object of workloads) view.put({ kind: "Deployment", object });
  return view;
}

const hosts = (pods: readonly Pod[]): string[] => pods.flatMap((pod) => pod.node?.name ?? []);

function roller(stream: Iterator<number>): (count: number) => number {
  return (count) => (stream.next().value as number) % count;
}

function shuffled<T>(items: readonly T[], roll: (count: number) => number): T[] {
  const rest = [...items];
  return items.map(() => rest.splice(roll(rest.length), 1)[0] as T);
}

const RUNS = { numRuns: 4000 };

t.test("a steady proof holds in whatever order a scheduler places the pods", async (t) => {
  const seen = new Set<string>();
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(cluster, dice, (workloads, stream) => {
        const roll = roller(stream);
        const [first] = workloads as [Workload];
        const view = viewOf(workloads);
        const { value, proof } = steadySpread(first, [], view, DEFAULT_OPTIONS);
        seen.add(value);
        const pods = workloads.flatMap((workload) => [podOf(workload, "1"), podOf(workload, "1")]);
        schedule(shuffled(pods, roll), NODES, roll);
        const own = hosts(pods.filter(({ workload }) => workload === first));
        if (value === "one-node" && new Set(own).size > 1) throw new Error(`${proof}: ${own}`);
        if (value === "nowhere" && own.length > 0) throw new Error(`nowhere: ${own}`);
        if (value === "apart" && proof === "anti-affinity" && new Set(own).size < own.length)
          throw new Error(`apart: ${own}`);
      }),
      RUNS,
    ),
  );
  for (const value of ["one-node", "nowhere", "apart", "free"])
    t.ok(seen.has(value), `${value} has been tried`);
});

t.test("what cannot be placed cannot be, whatever pods run that nobody knows", async (t) => {
  const seen = new Set<string>();
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(cluster, fc.boolean(), labels, dice, (workloads, update, newLabels, stream) => {
        const roll = roller(stream);
        const [first, ...hidden] = workloads as [Workload];
        const next = deployment(first.name, first.namespace, newLabels, first.template.placement);
        const view = viewOf([update ? next : first]);
        const { value } = update
          ? rolloutSpread(next, first, [], view, DEFAULT_OPTIONS)
          : steadySpread(first, [], view, DEFAULT_OPTIONS);
        seen.add(value);
        if (value !== "nowhere") return;
        const running = hidden.flatMap((workload) => [podOf(workload, "1"), podOf(workload, "1")]);
        const old = update ? [podOf(first, "1")] : [];
        schedule(shuffled([...running, ...old], roll), NODES, roll);
        const fresh = podOf(update ? next : first, "2");
        schedule([fresh], NODES, roll, [...running, ...old]);
        if (fresh.node !== undefined) throw new Error(`nowhere: ${fresh.node.name}`);
      }),
      RUNS,
    ),
  );
  for (const value of ["one-node", "nowhere", "leaning", "free"])
    t.ok(seen.has(value), `${value} has been tried`);
});

t.test("a rollout proof holds for one old and one new pod among whatever else runs", async (t) => {
  const seen = new Set<string>();
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(
        cluster,
        labels,
        placement,
        fc.boolean(),
        dice,
        (workloads, newLabels, other, keep, stream) => {
          const roll = roller(stream);
          const [old, ...rest] = workloads as [Workload];
          const next = deployment(old.name, old.namespace, newLabels, keep ? old.template.placement : other);
          const { value, proof } = rolloutSpread(next, old, [], viewOf([next, ...rest]), DEFAULT_OPTIONS);
          seen.add(value);
          const running = [
            podOf(old, "1"),
            ...rest.flatMap((workload) => [podOf(workload, "1"), podOf(workload, "1")]),
          ];
          schedule(shuffled(running, roll), NODES, roll);
          const fresh = podOf(next, "2");
          schedule([fresh], NODES, roll, running);
          const both = hosts([running[0] as Pod, fresh]);
          if (value === "one-node" && new Set(both).size > 1) throw new Error(`${proof}: ${both}`);
          if (value === "nowhere" && fresh.node !== undefined) throw new Error(`nowhere: ${both}`);
          if (value === "apart" && proof === "anti-affinity" && both.length === 2 && new Set(both).size < 2) {
            throw new Error(`apart: ${both}`);
          }
        },
      ),
      RUNS,
    ),
  );
  for (const value of ["one-node", "nowhere", "apart", "free"])
    t.ok(seen.has(value), `${value} has been tried`);
});

t.test("two workloads that are kept together are on one node", async (t) => {
  const seen = new Set<string>();
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(cluster, dice, (workloads, stream) => {
        const [a, b] = workloads;
        if (a === undefined || b === undefined) return;
        const roll = roller(stream);
        const { value } = keptTogether(a, b, ONE_NODE_CLAIM, viewOf(workloads), DEFAULT_OPTIONS);
        seen.add(value);
        const pods = workloads.flatMap((workload) => [podOf(workload, "1"), podOf(workload, "1")]);
        schedule(shuffled(pods, roll), NODES, roll);
        const own = hosts(pods.filter(({ workload }) => workload === a || workload === b));
        if (value === "one-node" && new Set(own).size > 1) throw new Error(`together: ${own}`);
      }),
      RUNS,
    ),
  );
  t.ok(seen.has("one-node") && seen.has("free"), "both answers have been tried");
});

const expression = fc.record({
  key: fc.constantFrom(HOSTNAME, HOSTNAME, "disk", ZONE),
  operator: fc.constantFrom("In", "In", "NotIn", "Exists", "DoesNotExist"),
  values: fc.array(fc.constantFrom("a", "b", "c", "ssd", "hdd", "z1"), { minLength: 1, maxLength: 3 }),
});
const field = fc.record({
  key: fc.constant("metadata.name"),
  operator: fc.constantFrom("In", "NotIn"),
  values: fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 2 }),
});
const nodeTerms: fc.Arbitrary<NodeSelectorTerm[]> = fc.array(
  fc.record({
    matchExpressions: fc.array(expression, { maxLength: 3 }),
    matchFields: fc.array(field, { maxLength: 1 }),
  }),
  { minLength: 1, maxLength: 3 },
);
const limited = fc.record({
  ...Object.fromEntries(Object.entries(ANYWHERE).map(([name, of]) => [name, fc.constant(of)])),
  nodeSelector: fc.dictionary(fc.constantFrom(HOSTNAME, "disk"), fc.constantFrom("a", "b", "ssd"), {
    maxKeys: 1,
    noNullPrototype: true,
  }),
  nodeAffinity: fc.option(nodeTerms, { nil: undefined }),
}) as fc.Arbitrary<Placement>;
/** Every node that there could be, with the host label that the kubelet gives it. */
const UNIVERSE: readonly Node[] = ["a", "b", "c", "d"].flatMap((name) =>
  ["ssd", "hdd", undefined].flatMap((disk) =>
    ["z1", undefined].map((zone) => ({
      name,
      labels: { [HOSTNAME]: name, ...(disk && { disk }), ...(zone && { [ZONE]: zone }) },
      taints: [],
      unschedulable: false,
    })),
  ),
);
const volumeOn = (nodeAffinity: readonly NodeSelectorTerm[]): ClaimReach => ({
  ...ONE_NODE_CLAIM,
  volume: {
    name: "pv",
    accessModes: [],
    volumeMode: "Filesystem",
    storageClassName: "",
    source: { type: "csi", driver: "x", readOnly: false },
    claimRef: undefined,
    nodeAffinity,
    labels: {},
    reclaimPolicy: "Delete",
  },
});

t.test("a host proof holds for every node that there could be", async (t) => {
  const seen = new Set<string>();
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(limited, fc.option(nodeTerms, { nil: undefined }), (of, onVolume) => {
        const workload = deployment("w", "one", {}, of);
        const claims = onVolume === undefined ? [] : [volumeOn(onVolume)];
        const { value, host } = steadySpread(workload, claims, viewOf([workload]), DEFAULT_OPTIONS);
        seen.add(value);
        const possible = eligibleNodes(of, UNIVERSE).filter(
          (one) => onVolume === undefined || matchesTerms(onVolume, one),
        );
        const names = [...new Set(possible.map(({ name }) => name))];
        if (value === "one-node" && names.some((name) => name !== host)) throw new Error(`${host}: ${names}`);
        if (value === "nowhere" && names.length > 0) throw new Error(`nowhere: ${names}`);
      }),
      RUNS,
    ),
  );
  t.same([...seen].sort(), ["free", "nowhere", "one-node"]);
});

const tolerations = fc.constantFrom<Placement["tolerations"]>(
  [],
  [],
  [{ key: "dedicated", operator: "Exists", value: "", effect: "" }],
  [{ key: "", operator: "Exists", value: "", effect: "" }],
);
const tolerant = fc
  .tuple(limited, fc.boolean(), tolerations)
  .map(([of, plain, own]) => ({ ...(plain ? ANYWHERE : of), tolerations: own }));
const knownNodes = fc
  .tuple(
    ...["a", "b", "c"].map((name) =>
      fc.record({
        name: fc.constant(name),
        labels: fc.constantFrom({ disk: "ssd" }, { disk: "hdd" }, { disk: "hdd" }).map((disk) => ({
          [HOSTNAME]: name,
          ...disk,
        })),
        taints: fc.constantFrom<Node["taints"]>(
          [],
          [{ key: "dedicated", value: "", effect: "NoSchedule" }],
          [{ key: "other", value: "", effect: "NoExecute" }],
        ),
        unschedulable: fc.constantFrom(false, false, true),
      }),
    ),
  )
  .chain((nodes) => fc.subarray([...nodes], { minLength: 1 }));

t.test("a proof by the known nodes holds for all pods that take part", async (t) => {
  const seen = new Set<string>();
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(
        knownNodes,
        tolerant,
        tolerant,
        fc.option(nodeTerms, { nil: undefined }),
        (nodes, before, after, onVolume) => {
          const claims = onVolume === undefined ? [] : [volumeOn(onVolume)];
          const [old, next] = [deployment("w", "one", {}, before), deployment("w", "one", {}, after)];
          const other = deployment("other", "one", {}, before);
          const view = viewOf([next, other]);
          for (const object of nodes) view.put({ kind: "Node", object });
          const reached = (...placements: readonly Placement[]) =>
            new Set(
              placements
                .flatMap((of) => eligibleNodes(of, nodes))
                .filter((one) => onVolume === undefined || matchesTerms(onVolume, one)),
            ).size;
          const claim = claims[0] ?? ONE_NODE_CLAIM;
          const answers = [
            ["steady", steadySpread(next, claims, view, DEFAULT_OPTIONS), reached(after)],
            ["rollout", rolloutSpread(next, undefined, claims, view, DEFAULT_OPTIONS), reached(after)],
            ["update", rolloutSpread(next, old, claims, view, DEFAULT_OPTIONS), reached(before, after)],
            ["together", keptTogether(next, other, claim, view, DEFAULT_OPTIONS), reached(before, after)],
          ] as const;
          for (const [name, { value, evidence }, count] of answers) {
            seen.add(`${name} ${value}`);
            if (value === "one-node" && count > 1)
              throw new Error(`${name}: ${evidence}, yet ${count} nodes`);
          }
        },
      ),
      RUNS,
    ),
  );
  for (const name of ["steady", "rollout", "update", "together"])
    t.ok(seen.has(`${name} one-node`) && seen.has(`${name} free`), `${name}: both answers have been tried`);
});

t.test("the order of terms and expressions does not change the value", async (t) => {
  const reversed = (of: Placement): Placement => ({
    ...of,
    nodeAffinity: of.nodeAffinity?.toReversed().map(({ matchExpressions, matchFields }) => ({
      matchExpressions: matchExpressions
        .toReversed()
        .map((one) => ({ ...one, values: one.values.toReversed() })),
      matchFields: matchFields.toReversed(),
    })),
    podAffinity: of.podAffinity.toReversed(),
    podAntiAffinity: of.podAntiAffinity.toReversed(),
  });
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(cluster, limited, fc.option(nodeTerms, { nil: undefined }), (workloads, of, onVolume) => {
        const claims = onVolume === undefined ? [] : [volumeOn(onVolume)];
        const values = [workloads, workloads.toReversed()].map((all, at) => {
          const turn = at === 0 ? (one: Placement) => one : reversed;
          const turned = all.map((one) =>
            deployment(
              one.name,
              one.namespace,
              one.template.labels,
              turn({ ...one.template.placement, nodeAffinity: of.nodeAffinity }),
            ),
          );
          const first = turned.find(({ name }) => name === "w0") as Workload;
          const view = viewOf(turned);
          return [
            steadySpread(first, claims, view, DEFAULT_OPTIONS).value,
            rolloutSpread(first, undefined, claims, view, DEFAULT_OPTIONS).value,
          ];
        });
        if (values[0]?.join() !== values[1]?.join()) throw new Error(JSON.stringify(values));
      }),
    ),
  );
});

t.test("a pin on top of anything makes it one node", async (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(cluster, (workloads) => {
        const [first, ...rest] = workloads as [Workload];
        const pinned = deployment(first.name, first.namespace, first.template.labels, {
          ...first.template.placement,
          nodeName: "a",
        });
        const { value } = steadySpread(pinned, [], viewOf([pinned, ...rest]), DEFAULT_OPTIONS);
        if (value !== "one-node") throw new Error(value);
      }),
    ),
  );
});
