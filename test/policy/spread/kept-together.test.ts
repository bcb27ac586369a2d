import t, { type Test } from "tap";
import type { ClaimReach, Spread } from "../../../src/policy/factors.ts";
import { DEFAULT_OPTIONS } from "../../../src/policy/options.ts";
import { keptTogether } from "../../../src/policy/spread/spread.ts";
import {
  hostIs,
  hostTerm,
  near,
  node,
  ONE_NODE_CLAIM,
  onNodes,
  type Raw,
  subject,
  workload,
} from "./cases.ts";

interface Row {
  readonly reason: string;
  readonly a: Raw;
  readonly b: Raw;
  readonly others?: readonly Raw[];
  readonly claim?: Partial<ClaimReach>;
  readonly expected: Spread;
  readonly says?: RegExp;
}

function check(t: Test, rows: readonly Row[]): void {
  for (const { reason, a, b, others = [], claim, expected, says } of rows) {
    const forth = subject(a, [b, ...others]);
    const back = subject(b, [a, ...others]);
    const shared = { ...ONE_NODE_CLAIM, ...claim };
    const found = keptTogether(forth.workload, back.workload, shared, forth.view, DEFAULT_OPTIONS);
    t.equal(found.value, expected, `${reason}: ${found.evidence.join("; ")}`);
    t.ok(found.evidence.length > 0, `${reason}: explains itself`);
    if (says !== undefined) t.match(found.evidence.join("\n"), says, `${reason}: its evidence`);
    t.equal(
      keptTogether(back.workload, forth.workload, shared, back.view, DEFAULT_OPTIONS).value,
      expected,
      `${reason}: the other way round`,
    );
  }
}

const a = (spec?: string, labels = "{app: a, volume: data}") =>
  workload({ name: "a", labels, ...(spec && { spec }) });
const b = (spec?: string, labels = "{app: b, volume: data}") =>
  workload({ name: "b", labels, ...(spec && { spec }) });
const common = near(hostTerm("{volume: data}"));

t.test("two workloads on one claim are kept together only by a common proof", async (t) => {
  check(t, [
    {
      reason: "nothing holds them (semantics S30)",
      a: a(),
      b: b(),
      expected: "free",
      says: /nothing keeps Deployment shop\/. and Deployment shop\/. on one node/,
    },
    {
      reason: "each has its own self affinity (semantics S30)",
      a: a(near(hostTerm("{app: a}"))),
      b: b(near(hostTerm("{app: b}"))),
      expected: "free",
      says: /do not carry the same/,
    },
    {
      reason: "each requires its own label under one key (semantics S30)",
      a: a(near(hostTerm("{app: a}", "matchLabelKeys: [app]"))),
      b: b(near(hostTerm("{app: b}", "matchLabelKeys: [app]"))),
      expected: "free",
    },
    {
      reason: "both pinned to one host (semantics S31)",
      a: a("nodeName: n1"),
      b: b(onNodes(hostIs("n1"))),
      expected: "one-node",
      says: /same host/,
    },
    { reason: "pinned to two hosts", a: a("nodeName: n1"), b: b("nodeName: n2"), expected: "free" },
    { reason: "one of them pinned", a: a("nodeName: n1"), b: b(), expected: "free" },
    {
      reason: "both carry and require one common label (semantics S31)",
      a: a(common),
      b: b(common),
      expected: "one-node",
      says: /both carry/,
    },
    {
      reason: "the common label, written differently",
      a: a(common),
      b: b(
        near(
          "{topologyKey: kubernetes.io/hostname, labelSelector: {matchExpressions: [{key: volume, operator: In, values: [data]}]}}",
        ),
      ),
      expected: "one-node",
    },
    {
      reason: "both require it, one does not carry it",
      a: a(common),
      b: b(common, "{app: b}"),
      expected: "free",
    },
    {
      reason: "one-sided: only the follower requires it (semantics S32)",
      a: a(common),
      b: b(),
      expected: "free",
    },
    {
      reason: "one-sided: beside the other app (semantics S32)",
      a: a(),
      b: b(near(hostTerm("{app: a}"))),
      expected: "free",
    },
    {
      reason: "the common label on zone",
      a: a(near("{topologyKey: topology.kubernetes.io/zone, labelSelector: {matchLabels: {volume: data}}}")),
      b: b(near("{topologyKey: topology.kubernetes.io/zone, labelSelector: {matchLabels: {volume: data}}}")),
      expected: "free",
    },
    {
      reason: "the common label within a revision",
      a: a(near(hostTerm("{volume: data}", "matchLabelKeys: [pod-template-hash]"))),
      b: b(near(hostTerm("{volume: data}", "matchLabelKeys: [pod-template-hash]"))),
      expected: "free",
    },
    {
      reason: "a third one carries it too",
      a: a(common),
      b: b(common),
      others: [workload({ name: "c", labels: "{volume: data}", spec: common })],
      expected: "one-node",
    },
    {
      reason: "a third one matches and does not",
      a: a(common),
      b: b(common),
      others: [workload({ name: "c", labels: "{volume: data}" })],
      expected: "free",
      says: /Deployment shop\/c/,
    },
    {
      reason: "a third one that has no pods",
      a: a(common),
      b: b(common),
      others: [workload({ name: "c", labels: "{volume: data}", replicas: 0 })],
      expected: "free",
    },
    {
      reason: "with a StatefulSet",
      a: a(common),
      b: workload({ kind: "StatefulSet", name: "b", labels: "{volume: data}", spec: common }),
      expected: "one-node",
    },
    {
      reason: "with a Pod",
      a: a(common),
      b: workload({ kind: "Pod", name: "b", labels: "{volume: data}", spec: common }),
      expected: "one-node",
    },
    { reason: "a cluster of one node", a: a(), b: b(), others: [node("n1")], expected: "one-node" },
    {
      reason: "the same one of several known nodes",
      a: a("nodeSelector: {disk: ssd}"),
      b: b("nodeName: n1"),
      others: [node("n1", { disk: "ssd" }), node("n2")],
      expected: "one-node",
    },
    {
      reason: "a node-local volume that does not exist yet",
      a: a(),
      b: b(),
      claim: { pin: { node: undefined }, provisioner: "topolvm.io" },
      expected: "one-node",
      says: /topolvm.io/,
    },
    {
      reason: "one of them can run nowhere",
      a: a(`nodeSelector: {kubernetes.io/hostname: n1}\n${onNodes(hostIs("n2"))}`),
      b: b(),
      expected: "nowhere",
    },
  ]);
});
