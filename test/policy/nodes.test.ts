import fc from "fast-check";
import t, { type Test } from "tap";
import type {
  Labels,
  Node,
  NodeSelectorTerm,
  Placement,
  Requirement,
  Taint,
  Toleration,
  WorkloadKind,
} from "../../src/policy/model.ts";
import { eligibleNodes, exclusionOf, HOSTNAME, nodesAge } from "../../src/policy/nodes.ts";
import { known, unknown } from "../../src/policy/view.ts";
import { ANYWHERE } from "./spread/cases.ts";

const node = (name: string, labels: Labels = {}, more: Partial<Node> = {}): Node => ({
  name,
  labels: { [HOSTNAME]: name, ...labels },
  taints: [],
  unschedulable: false,
  ...more,
});
const tainted = (name: string, key: string, effect: string, value = ""): Node =>
  node(name, {}, { taints: [{ key, value, effect }] });
const toleration = (key: string, operator = "Exists", effect = "", value = ""): Toleration => ({
  key,
  operator,
  effect,
  value,
});
const requirement = (key: string, operator: string, ...values: string[]): Requirement => ({
  key,
  operator,
  values,
});
const term = (...matchExpressions: Requirement[]): NodeSelectorTerm => ({
  matchExpressions,
  matchFields: [],
});
const fields = (...matchFields: Requirement[]): NodeSelectorTerm => ({ matchExpressions: [], matchFields });
const affinity = (...nodeAffinity: NodeSelectorTerm[]): Partial<Placement> => ({ nodeAffinity });

interface Row {
  readonly reason: string;
  readonly placement: Partial<Placement>;
  readonly nodes: readonly Node[];
  readonly kind?: WorkloadKind;
  readonly expected: string;
}

t.test("nodes are left out by hard constraints only", async (t) => {
  const abc = [node("a", { disk: "ssd", cores: "8" }), node("b", { disk: "hdd", cores: "16" }), node("c")];
  const rows: readonly Row[] = [
    { reason: "no constraint", placement: {}, nodes: abc, expected: "a b c" },
    { reason: "nodeName", placement: { nodeName: "b" }, nodes: abc, expected: "b" },
    { reason: "nodeSelector", placement: { nodeSelector: { disk: "ssd" } }, nodes: abc, expected: "a" },
    {
      reason: "every label of nodeSelector",
      placement: { nodeSelector: { disk: "ssd", cores: "16" } },
      nodes: abc,
      expected: "",
    },
    {
      reason: "terms are alternatives",
      placement: affinity(term(requirement("disk", "In", "ssd")), term(requirement(HOSTNAME, "In", "c"))),
      nodes: abc,
      expected: "a c",
    },
    {
      reason: "the expressions of a term hold together",
      placement: affinity(term(requirement("disk", "Exists"), requirement("cores", "In", "16"))),
      nodes: abc,
      expected: "b",
    },
    {
      reason: "nodeSelector and affinity hold together",
      placement: { nodeSelector: { disk: "ssd" }, ...affinity(term(requirement(HOSTNAME, "In", "b"))) },
      nodes: abc,
      expected: "",
    },
    {
      reason: "NotIn holds where the label is missing",
      placement: affinity(term(requirement("disk", "NotIn", "hdd"))),
      nodes: abc,
      expected: "a c",
    },
    {
      reason: "DoesNotExist",
      placement: affinity(term(requirement("disk", "DoesNotExist"))),
      nodes: abc,
      expected: "c",
    },
    { reason: "Gt", placement: affinity(term(requirement("cores", "Gt", "8"))), nodes: abc, expected: "b" },
    { reason: "Lt", placement: affinity(term(requirement("cores", "Lt", "9"))), nodes: abc, expected: "a" },
    {
      reason: "matchFields by name",
      placement: affinity(fields(requirement("metadata.name", "In", "c"))),
      nodes: abc,
      expected: "c",
    },
    {
      reason: "matchFields NotIn",
      placement: affinity(fields(requirement("metadata.name", "NotIn", "c"))),
      nodes: abc,
      expected: "a b",
    },
    {
      reason: "expressions and fields of a term hold together",
      placement: affinity({
        matchExpressions: [requirement("disk", "Exists")],
        matchFields: [requirement("metadata.name", "In", "c", "a")],
      }),
      nodes: abc,
      expected: "a",
    },
    {
      reason: "an empty term matches no node, beside one that does",
      placement: affinity(term(), term(requirement("disk", "In", "ssd"))),
      nodes: abc,
      expected: "a",
    },
    { reason: "an empty list of terms matches no node", placement: affinity(), nodes: abc, expected: "" },
    {
      reason: "a name is not a host label",
      placement: affinity(fields(requirement("metadata.name", "In", "x"))),
      nodes: [node("a", { [HOSTNAME]: "x" })],
      expected: "",
    },
    {
      reason: "an operator Kubernetes does not have excludes nothing",
      placement: affinity(term(requirement("disk", "Like", "ssd"))),
      nodes: abc,
      expected: "a b c",
    },
    {
      reason: "a field Kubernetes does not have excludes nothing",
      placement: affinity(fields(requirement("spec.podCIDR", "In", "x"))),
      nodes: abc,
      expected: "a b c",
    },
  ];
  check(t, rows);
});

t.test("taints and cordons are respected as the scheduler does", async (t) => {
  const gpu = [node("a"), tainted("b", "dedicated", "NoSchedule", "gpu")];
  const rows: readonly Row[] = [
    { reason: "NoSchedule", placement: {}, nodes: gpu, expected: "a" },
    { reason: "NoExecute", placement: {}, nodes: [node("a"), tainted("b", "x", "NoExecute")], expected: "a" },
    {
      reason: "PreferNoSchedule is only a wish",
      placement: {},
      nodes: [node("a"), tainted("b", "x", "PreferNoSchedule")],
      expected: "a b",
    },
    {
      reason: "tolerated by Exists",
      placement: { tolerations: [toleration("dedicated")] },
      nodes: gpu,
      expected: "a b",
    },
    {
      reason: "tolerated by value",
      placement: { tolerations: [toleration("dedicated", "Equal", "NoSchedule", "gpu")] },
      nodes: gpu,
      expected: "a b",
    },
    {
      reason: "no operator means Equal",
      placement: { tolerations: [toleration("dedicated", "", "", "gpu")] },
      nodes: gpu,
      expected: "a b",
    },
    {
      reason: "another value",
      placement: { tolerations: [toleration("dedicated", "Equal", "", "cpu")] },
      nodes: gpu,
      expected: "a",
    },
    {
      reason: "another effect",
      placement: { tolerations: [toleration("dedicated", "Exists", "NoExecute")] },
      nodes: gpu,
      expected: "a",
    },
    { reason: "another key", placement: { tolerations: [toleration("other")] }, nodes: gpu, expected: "a" },
    {
      reason: "no key with Exists tolerates everything",
      placement: { tolerations: [toleration("")] },
      nodes: gpu,
      expected: "a b",
    },
    {
      reason: "an operator not known here excludes nothing",
      placement: { tolerations: [toleration("dedicated", "Gt", "", "1")] },
      nodes: gpu,
      expected: "a b",
    },
    {
      reason: "one of two taints is not tolerated",
      placement: { tolerations: [toleration("x")] },
      nodes: [node("a", {}, { taints: [taint("x"), taint("y")] })],
      expected: "",
    },
    {
      reason: "cordoned",
      placement: {},
      nodes: [node("a"), node("b", {}, { unschedulable: true })],
      expected: "a",
    },
    {
      reason: "cordon tolerated",
      placement: { tolerations: [toleration("node.kubernetes.io/unschedulable")] },
      nodes: [node("b", {}, { unschedulable: true })],
      expected: "b",
    },
    {
      reason: "the cordon's own taint",
      placement: {},
      nodes: [tainted("b", "node.kubernetes.io/unschedulable", "NoSchedule")],
      expected: "",
    },
    {
      reason: "DaemonSet pods tolerate a cordon",
      placement: {},
      kind: "DaemonSet",
      nodes: [node("b", {}, { unschedulable: true, taints: [taint("node.kubernetes.io/unschedulable")] })],
      expected: "b",
    },
    {
      reason: "DaemonSet pods do not tolerate every taint",
      placement: {},
      kind: "DaemonSet",
      nodes: gpu,
      expected: "a",
    },
    { reason: "nodeName goes past the scheduler", placement: { nodeName: "b" }, nodes: gpu, expected: "b" },
    {
      reason: "nodeName goes past a cordon",
      placement: { nodeName: "b" },
      nodes: [node("b", {}, { unschedulable: true })],
      expected: "b",
    },
    {
      reason: "nodeName does not go past NoExecute",
      placement: { nodeName: "b" },
      nodes: [tainted("b", "x", "NoExecute")],
      expected: "",
    },
    ...[
      "not-ready",
      "unreachable",
      "memory-pressure",
      "disk-pressure",
      "pid-pressure",
      "network-unavailable",
    ].map(
      (condition): Row => ({
        reason: `a node that is ${condition} comes back`,
        placement: {},
        nodes: [
          tainted("b", `node.kubernetes.io/${condition}`, "NoSchedule"),
          tainted("c", `node.kubernetes.io/${condition}`, "NoExecute"),
        ],
        expected: "b c",
      }),
    ),
    {
      reason: "a node that its cloud has not set up yet",
      placement: {},
      nodes: [tainted("b", "node.cloudprovider.kubernetes.io/uninitialized", "NoSchedule", "true")],
      expected: "b",
    },
  ];
  check(t, rows);
});

t.test("the reason names the label or the taint", async (t) => {
  const rows: readonly [Partial<Placement>, Node, RegExp][] = [
    [{ nodeName: "x" }, node("a"), /nodeName is x/],
    [{ nodeSelector: { disk: "ssd" } }, node("a"), /disk=ssd/],
    [affinity(term(requirement("disk", "Exists"))), node("a"), /node affinity/],
    [{}, node("a", {}, { unschedulable: true }), /cordoned/],
    [{}, tainted("a", "dedicated", "NoSchedule", "gpu"), /dedicated=gpu:NoSchedule/],
    [{}, tainted("a", "maintenance", "NoExecute"), /maintenance:NoExecute/],
  ];
  for (const [placement, given, expected] of rows)
    t.match(exclusionOf({ ...ANYWHERE, ...placement }, given), expected);
});

t.test("the order of terms, expressions, taints and tolerations does not matter", async (t) => {
  const word = fc.constantFrom("a", "b", "c");
  const expression = fc.record({
    key: fc.constantFrom(HOSTNAME, "disk"),
    operator: fc.constantFrom("In", "NotIn", "Exists", "DoesNotExist"),
    values: fc.array(word, { minLength: 1, maxLength: 2 }),
  });
  const terms = fc.array(
    fc.array(expression, { maxLength: 3 }).map((all) => term(...all)),
    { minLength: 1, maxLength: 3 },
  );
  const effect = fc.constantFrom("NoSchedule", "NoExecute", "PreferNoSchedule");
  const taints = fc.array(fc.record({ key: word, value: fc.constant(""), effect }), { maxLength: 3 });
  const tolerations = fc.array(
    word.map((key) => toleration(key)),
    { maxLength: 3 },
  );
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(terms, taints, tolerations, word, (nodeAffinity, all, some, disk) => {
        const placement = { ...ANYWHERE, nodeAffinity, tolerations: some };
        const backwards = {
          ...ANYWHERE,
          nodeAffinity: nodeAffinity.map((one) => term(...one.matchExpressions.toReversed())).reverse(),
          tolerations: some.toReversed(),
        };
        const nodes = ["a", "b", "c"].map((name) => node(name, { disk }, { taints: all }));
        const reversed = nodes.map((one) => ({ ...one, taints: all.toReversed() }));
        return names(eligibleNodes(placement, nodes)) === names(eligibleNodes(backwards, reversed));
      }),
    ),
  );
});

function taint(key: string): Taint {
  return { key, value: "", effect: "NoSchedule" };
}

function names(nodes: readonly Node[]): string {
  return nodes.map(({ name }) => name).join(" ");
}

function check(t: Test, rows: readonly Row[]): void {
  for (const { reason, placement, nodes, kind, expected } of rows) {
    t.equal(names(eligibleNodes({ ...ANYWHERE, ...placement }, nodes, kind)), expected, reason);
  }
}

t.test("says how old the list of nodes is where it is not current", async (t) => {
  t.equal(nodesAge(known([], 30)), ", by the nodes of 30 s ago");
  t.equal(nodesAge(known([])), "");
  t.equal(nodesAge(unknown("no right")), "");
  t.strictSame(known([]), { state: "known", value: [] });
});
