import t, { type Test } from "tap";
import type { Spread } from "../../../src/policy/factors.ts";
import { DEFAULT_OPTIONS } from "../../../src/policy/options.ts";
import {
  away,
  HOST,
  hostIs,
  hostTerm,
  nameIs,
  near,
  node,
  onNodes,
  type Raw,
  rollout,
  workload,
} from "./cases.ts";

interface Row {
  readonly reason: string;
  /** Pod specs of Deployment shop/web (label app: web) as YAML, or whole workloads. No `from`: the template with itself. */
  readonly from?: string | Raw;
  readonly to: string | Raw;
  readonly others?: readonly Raw[];
  readonly expected: Spread;
  readonly says?: RegExp;
}

const made = (of: string | Raw): Raw => (typeof of === "string" ? workload({ spec: of }) : of);

function check(t: Test, rows: readonly Row[]): void {
  for (const { reason, from, to, others = [], expected, says } of rows) {
    const found = rollout(made(to), from === undefined ? undefined : made(from), others);
    t.equal(found.value, expected, `${reason}: ${found.evidence.join("; ")}`);
    if (says !== undefined) t.match(found.evidence.join("\n"), says, `${reason}: its evidence`);
    t.ok(found.evidence.length > 0, `${reason}: explains itself`);
  }
}

const NOTHING = "{}";
const self = near(hostTerm("{app: web}"));
const pinned = (host: string) => `nodeSelector: {kubernetes.io/hostname: ${host}}`;
const ABC = [node("a", { disk: "ssd" }), node("b", { disk: "hdd" }), node("c", { disk: "hdd" })];
const volumeOn = (key: string, value: string): readonly Raw[] => [
  {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: "data", namespace: "shop" },
    spec: { accessModes: ["ReadWriteOnce"], storageClassName: "any", volumeName: "pv" },
  },
  {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name: "pv" },
    spec: {
      accessModes: ["ReadWriteOnce"],
      csi: { driver: "ebs.csi.aws.com", volumeHandle: "v" },
      nodeAffinity: {
        required: { nodeSelectorTerms: [{ matchExpressions: [{ key, operator: "In", values: [value] }] }] },
      },
    },
  },
];

t.test("a taint keeps pods away only where they do not tolerate it", async (t) => {
  const tainted = [node("a"), node("b", {}, { taints: [{ key: "dedicated", effect: "NoSchedule" }] })];
  const tolerant = "tolerations: [{key: dedicated, operator: Exists}]";
  check(t, [
    { reason: "one node is left", to: NOTHING, others: tainted, expected: "one-node" },
    { reason: "the pods tolerate the taint", to: tolerant, others: tainted, expected: "free" },
    {
      reason: "only the new pods tolerate it",
      from: NOTHING,
      to: tolerant,
      others: tainted,
      expected: "free",
      says: /only the old pods are held to a/,
    },
    {
      reason: "the new pods do not tolerate it any more",
      from: tolerant,
      to: NOTHING,
      others: tainted,
      expected: "free",
    },
    {
      reason: "a cordon that the pods tolerate",
      to: "tolerations: [{operator: Exists}]",
      others: [node("a"), node("b", {}, { unschedulable: true })],
      expected: "free",
    },
  ]);
});

t.test("a host pin proves a rollout only where old and new are pinned to the same host", async (t) => {
  check(t, [
    { reason: "the template with itself", to: "nodeName: a", expected: "one-node" },
    { reason: "no pin at all", from: NOTHING, to: NOTHING, expected: "free", says: /no hard constraint/ },
    {
      reason: "the same pin before and after",
      from: pinned("a"),
      to: pinned("a"),
      expected: "one-node",
      says: /old pods are on the same host/,
    },
    {
      reason: "the same host, said another way",
      from: "nodeName: a",
      to: onNodes(hostIs("a")),
      expected: "one-node",
    },
    { reason: "the same host by name", from: "nodeName: a", to: onNodes(nameIs("a")), expected: "one-node" },
    {
      reason: "adding a pin (semantics S25, S38)",
      from: NOTHING,
      to: pinned("a"),
      expected: "free",
      says: /only the new pods are held to a/,
    },
    {
      reason: "moving a pin (semantics S25, S38)",
      from: pinned("a"),
      to: pinned("b"),
      expected: "free",
      says: /old pods are held to a, the new ones to b/,
    },
    {
      reason: "removing a pin (semantics S25, S38)",
      from: pinned("a"),
      to: NOTHING,
      expected: "free",
      says: /only the old pods are held to a/,
    },
    {
      reason: "narrowing two hosts to one",
      from: onNodes(hostIs("a", "b")),
      to: pinned("a"),
      expected: "free",
    },
    {
      reason: "one of two names of the host is dropped",
      from: `nodeName: a\n${pinned("x")}`,
      to: pinned("x"),
      expected: "one-node",
    },
    {
      reason: "the new template contradicts itself",
      from: pinned("a"),
      to: `${pinned("a")}\n${onNodes(hostIs("b"))}`,
      expected: "nowhere",
    },
    {
      reason: "a host label that is known to belong to the named node",
      from: "nodeName: a",
      to: pinned("x"),
      others: [node("a", { "kubernetes.io/hostname": "x" }), node("b")],
      expected: "one-node",
    },
    {
      reason: "a node's name that is another's host label",
      from: "nodeName: x",
      to: pinned("x"),
      others: [node("a", { "kubernetes.io/hostname": "x" }), node("x", { "kubernetes.io/hostname": "b" })],
      expected: "free",
    },
  ]);
});

t.test("known nodes prove a rollout where both templates have the same only one", async (t) => {
  check(t, [
    {
      reason: "one label on one node, in both",
      from: "nodeSelector: {disk: ssd}",
      to: "nodeSelector: {disk: ssd}",
      others: ABC,
      expected: "one-node",
    },
    {
      reason: "two ways to the same node",
      from: "nodeSelector: {disk: ssd}",
      to: pinned("a"),
      others: ABC,
      expected: "one-node",
    },
    {
      reason: "the old pods could be on any",
      from: NOTHING,
      to: "nodeSelector: {disk: ssd}",
      others: ABC,
      expected: "free",
    },
    {
      reason: "two different nodes",
      from: "nodeSelector: {disk: ssd}",
      to: pinned("b"),
      others: ABC,
      expected: "free",
    },
    {
      reason: "a cluster of one node",
      from: NOTHING,
      to: NOTHING,
      others: [node("a")],
      expected: "one-node",
    },
    {
      reason: "the new host does not exist",
      from: pinned("a"),
      to: pinned("x"),
      others: ABC,
      expected: "nowhere",
    },
  ]);
  t.equal(
    rollout(workload({ spec: pinned("a") }), workload(), [], { ...DEFAULT_OPTIONS, singleNode: true }).value,
    "one-node",
    "one node, said in the configuration",
  );
});

t.test("a volume that both mount pins the rollout", async (t) => {
  const mounting = (spec: string) => workload({ claims: ["data"], spec });
  check(t, [
    {
      reason: "one host",
      from: mounting(NOTHING),
      to: mounting("terminationGracePeriodSeconds: 1"),
      others: volumeOn("kubernetes.io/hostname", "a"),
      expected: "one-node",
      says: /volume pv/,
    },
    {
      reason: "one host, pin added beside it",
      from: mounting(NOTHING),
      to: mounting(pinned("a")),
      others: volumeOn("kubernetes.io/hostname", "a"),
      expected: "one-node",
    },
    {
      reason: "a zone (semantics S17)",
      from: mounting(NOTHING),
      to: mounting(NOTHING),
      others: volumeOn("topology.kubernetes.io/zone", "z"),
      expected: "free",
    },
    {
      reason: "a pin against the volume",
      from: mounting(NOTHING),
      to: mounting(pinned("b")),
      others: volumeOn("kubernetes.io/hostname", "a"),
      expected: "nowhere",
    },
  ]);
});

t.test("self affinity proves a rollout where the new terms match the old labels", async (t) => {
  const labelled = (labels: string, spec: string) => workload({ labels, spec });
  const version = "{app: web, version: '1'}";
  const next = "{app: web, version: '2'}";
  const keyed = (keys: string) => near(hostTerm("{app: web}", keys));
  check(t, [
    {
      reason: "the old pods may never have been placed: then nothing else holds the volume",
      from: near(hostTerm("{app: nobody}")),
      to: self,
      expected: "one-node",
    },
    { reason: "the template with itself (semantics S19)", to: self, expected: "one-node" },
    {
      reason: "adding it (semantics S25, S37)",
      from: NOTHING,
      to: self,
      expected: "one-node",
      says: /join them/,
    },
    { reason: "keeping it", from: self, to: self, expected: "one-node" },
    { reason: "removing it", from: self, to: NOTHING, expected: "free", says: /any more/ },
    {
      reason: "adding a preferred term",
      from: NOTHING,
      to: `affinity: {podAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, podAffinityTerm: ${hostTerm("{app: web}")}}]}}`,
      expected: "free",
    },
    {
      reason: "adding it on zone",
      from: NOTHING,
      to: near("{topologyKey: topology.kubernetes.io/zone, labelSelector: {matchLabels: {app: web}}}"),
      expected: "free",
    },
    {
      reason: "a selector on a label that the rollout changes (semantics S21)",
      from: labelled(version, near(hostTerm("{version: '1'}"))),
      to: labelled(next, near(hostTerm("{version: '2'}"))),
      expected: "free",
      says: /does not match the old pods/,
    },
    {
      reason: "a selector on a label that the rollout adds",
      from: NOTHING,
      to: labelled("{app: web, group: g}", near(hostTerm("{group: g}"))),
      expected: "free",
    },
    {
      reason: "a label changes that the selector does not read",
      from: labelled(version, self),
      to: labelled(next, self),
      expected: "one-node",
    },
    {
      reason: "only one of two terms matches the old labels",
      from: labelled(version, NOTHING),
      to: labelled(next, near(hostTerm("{app: web}"), hostTerm("{version: '2'}"))),
      expected: "free",
    },
    {
      reason: "new pods that need the old ones beside them",
      from: labelled(version, NOTHING),
      to: labelled(next, near(hostTerm("{version: '1'}"))),
      expected: "one-node",
    },
    {
      reason: "matchLabelKeys on the revision's hash (semantics S22)",
      to: keyed("matchLabelKeys: [pod-template-hash]"),
      expected: "free",
      says: /pod-template-hash/,
    },
    {
      reason: "the hash, on an update (semantics S22)",
      from: keyed("matchLabelKeys: [pod-template-hash]"),
      to: keyed("matchLabelKeys: [pod-template-hash]"),
      expected: "free",
    },
    {
      reason: "matchLabelKeys whose value does not change (semantics S19)",
      from: labelled(version, keyed("matchLabelKeys: [version]")),
      to: labelled(version, keyed("matchLabelKeys: [version]")),
      expected: "one-node",
    },
    {
      reason: "matchLabelKeys whose value changes",
      from: labelled(version, keyed("matchLabelKeys: [version]")),
      to: labelled(next, keyed("matchLabelKeys: [version]")),
      expected: "free",
    },
    {
      reason: "mismatchLabelKeys whose value changes: old pods are neighbours, the new ones are not",
      from: labelled(version, NOTHING),
      to: labelled(next, keyed("mismatchLabelKeys: [version]")),
      expected: "one-node",
    },
    {
      reason: "mismatch on the hash: both revisions lean on pods that nobody knows (semantics S24)",
      to: keyed("mismatchLabelKeys: [pod-template-hash]"),
      expected: "leaning",
    },
    {
      reason: "mismatch on the hash, on an update",
      from: keyed("mismatchLabelKeys: [pod-template-hash]"),
      to: keyed("mismatchLabelKeys: [pod-template-hash]"),
      expected: "leaning",
    },
    {
      reason: "self affinity beside a pin that moves",
      from: pinned("a"),
      to: `${pinned("b")}\n${self}`,
      expected: "one-node",
    },
    {
      reason: "no known node has the host label",
      from: NOTHING,
      to: near("{topologyKey: rack, labelSelector: {matchLabels: {app: web}}}"),
      others: ABC,
      expected: "nowhere",
    },
    {
      reason: "the old pods' namespace label is not known",
      from: NOTHING,
      to: near(hostTerm("{app: web}", "namespaceSelector: {matchLabels: {team: x}}")),
      expected: "free",
      says: /is not known/,
    },
  ]);
});

t.test("the group is checked without the workload's own old self", async (t) => {
  check(t, [
    {
      reason: "the old template, still in the cluster, does not carry the terms",
      from: NOTHING,
      to: self,
      expected: "one-node",
    },
    {
      reason: "a stranger matches",
      from: NOTHING,
      to: self,
      others: [workload({ name: "stranger" })],
      expected: "free",
      says: /stranger/,
    },
    {
      reason: "a member, and the old pods carried the terms too",
      from: self,
      to: self,
      others: [workload({ name: "member", spec: self })],
      expected: "one-node",
    },
    {
      reason: "a member may be elsewhere than old pods that did not carry them",
      from: NOTHING,
      to: self,
      others: [workload({ name: "member", spec: self })],
      expected: "leaning",
      says: /member/,
    },
  ]);
});

t.test("a rollout beside another app needs the same app for old and new", async (t) => {
  const db = workload({ name: "db", labels: "{app: db}", replicas: 1 });
  const cache = workload({ name: "cache", labels: "{app: cache}", replicas: 1 });
  const beside = (app: string) => near(hostTerm(`{app: ${app}}`));
  check(t, [
    {
      reason: "the template with itself (semantics S20)",
      to: beside("db"),
      others: [db],
      expected: "leaning",
    },
    { reason: "both beside it", from: beside("db"), to: beside("db"), others: [db], expected: "leaning" },
    {
      reason: "adding it",
      from: NOTHING,
      to: beside("db"),
      others: [db],
      expected: "free",
      says: /do not need Deployment shop\/db/,
    },
    {
      reason: "from one app to another",
      from: beside("cache"),
      to: beside("db"),
      others: [db, cache],
      expected: "free",
    },
    { reason: "removing it", from: beside("db"), to: NOTHING, others: [db], expected: "free" },
    {
      reason: "from an app to pods that nobody knows",
      from: beside("db"),
      to: beside("operated"),
      others: [db],
      expected: "free",
    },
    {
      reason: "beside pods that nobody knows, old and new alike (semantics S24)",
      from: beside("operated"),
      to: beside("operated"),
      expected: "leaning",
      says: /as long as the pods that match are on one/,
    },
    { reason: "the template with itself", to: beside("operated"), expected: "leaning" },
    {
      reason: "other labels beside the same terms",
      from: workload({ labels: "{app: web, v: '1'}", spec: beside("operated") }),
      to: workload({ labels: "{app: web, v: '2'}", spec: beside("operated") }),
      expected: "leaning",
    },
    {
      reason: "from some that nobody knows to others",
      from: beside("operated"),
      to: beside("managed"),
      expected: "free",
      says: /old pods do not carry the same terms/,
    },
    {
      reason: "adding affinity to pods that nobody knows",
      from: NOTHING,
      to: beside("operated"),
      expected: "free",
    },
    {
      reason: "pods that nobody knows in one zone",
      to: near(`{topologyKey: topology.kubernetes.io/zone, labelSelector: {matchLabels: {app: operated}}}`),
      expected: "free",
    },
    {
      reason: "from terms that nothing can match to others like it",
      from: near(`{${HOST}}`),
      to: near(`{${HOST}}`),
      expected: "nowhere",
    },
    {
      reason: "an app with pods on several nodes",
      from: beside("db"),
      to: beside("db"),
      others: [workload({ name: "db", labels: "{app: db}" })],
      expected: "free",
    },
  ]);
});

t.test("old and new pods are kept apart by either's anti-affinity", async (t) => {
  const own = away(hostTerm("{app: web}"));
  const hashed = away(hostTerm("{app: web}", "matchLabelKeys: [pod-template-hash]"));
  const spread = `topologySpreadConstraints: [{${HOST}, maxSkew: 1, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: web}}}]`;
  const spreadByHash = spread.replace("maxSkew: 1", "maxSkew: 1, matchLabelKeys: [pod-template-hash]");
  check(t, [
    { reason: "the template with itself (semantics S21)", to: own, expected: "apart" },
    {
      reason: "only the new pods carry it",
      from: NOTHING,
      to: own,
      expected: "apart",
      says: /matches the old pods/,
    },
    {
      reason: "only the old pods carry it: it is symmetric",
      from: own,
      to: NOTHING,
      expected: "apart",
      says: /matches the new pods/,
    },
    { reason: "within one revision only", to: hashed, expected: "free" },
    {
      reason: "to the other revisions only",
      to: away(hostTerm("{app: web}", "mismatchLabelKeys: [pod-template-hash]")),
      expected: "apart",
    },
    {
      reason: "a label that the rollout changes",
      from: workload({ labels: "{v: '1'}", spec: away(hostTerm("{v: '1'}")) }),
      to: workload({ labels: "{v: '2'}", spec: away(hostTerm("{v: '2'}")) }),
      expected: "free",
    },
    { reason: "a hostname spread constraint in both", from: spread, to: spread, expected: "apart" },
    {
      reason: "a hostname spread constraint that counts the old pods only",
      from: workload({ labels: "{app: web}" }),
      to: workload({ labels: "{app: next}", spec: spread }),
      expected: "free",
    },
    { reason: "a hostname spread constraint within one revision", to: spreadByHash, expected: "free" },
    {
      reason: "affinity to the old pods wins: the new pod is Pending",
      from: NOTHING,
      to: `affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [${hostTerm("{app: web}")}]}, podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [${hostTerm("{app: web}")}]}}`,
      expected: "one-node",
    },
  ]);
});
