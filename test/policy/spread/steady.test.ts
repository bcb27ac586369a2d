import t, { type Test } from "tap";
import type { Spread } from "../../../src/policy/factors.ts";
import { DEFAULT_OPTIONS } from "../../../src/policy/options.ts";
import { steadySpread } from "../../../src/policy/spread/spread.ts";
import { unknown } from "../../../src/policy/view.ts";
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
  steady,
  subject,
  workload,
} from "./cases.ts";

interface Row {
  readonly reason: string;
  /** The pod spec of Deployment shop/web (label app: web, two replicas) as YAML, or the whole workload. */
  readonly of: string | Raw;
  readonly others?: readonly Raw[];
  readonly expected: Spread;
  readonly proof?: string;
  /** What the evidence must say. */
  readonly says?: RegExp;
}

function check(t: Test, rows: readonly Row[]): void {
  for (const { reason, of, others = [], expected, proof, says } of rows) {
    const found = steady(typeof of === "string" ? workload({ spec: of }) : of, others);
    t.equal(found.value, expected, `${reason}: ${found.evidence.join("; ")}`);
    if (proof !== undefined) t.equal(found.proof, proof, `${reason}: its proof`);
    if (says !== undefined) t.match(found.evidence.join("\n"), says, `${reason}: its evidence`);
    t.ok(
      found.evidence.length > 0 && found.evidence.every((line) => line.length < 400),
      `${reason}: explains itself`,
    );
    if (found.value === "free") t.equal(found.proof, "none", `${reason}: free has no proof`);
  }
}

const ABC = [node("a", { disk: "ssd" }), node("b", { disk: "hdd" }), node("c", { disk: "hdd" })];

t.test("node constraints that leave one host are a proof without knowing any node", async (t) => {
  check(t, [
    { reason: "no constraint", of: "{}", expected: "free", says: /no hard constraint/ },
    {
      reason: "nodeName (semantics S18)",
      of: "nodeName: a",
      expected: "one-node",
      proof: "node-name",
      says: /nodeName a/,
    },
    {
      reason: "nodeSelector on hostname (semantics S18)",
      of: "nodeSelector: {kubernetes.io/hostname: a}",
      expected: "one-node",
      proof: "node-selector",
      says: /kubernetes.io\/hostname=a/,
    },
    {
      reason: "affinity hostname In [one] (semantics S18)",
      of: onNodes(hostIs("a")),
      expected: "one-node",
      proof: "node-affinity",
    },
    {
      reason: "affinity by name In [one] (semantics S18)",
      of: onNodes(nameIs("a")),
      expected: "one-node",
      proof: "node-affinity",
    },
    {
      reason: "several terms, one host (semantics S18)",
      of: onNodes(
        hostIs("a"),
        "{matchExpressions: [{key: disk, operator: Exists}, {key: kubernetes.io/hostname, operator: In, values: [a]}]}",
      ),
      expected: "one-node",
    },
    {
      reason: "the same host by label and by name",
      of: onNodes(hostIs("a"), nameIs("a")),
      expected: "one-node",
    },
    {
      reason: "expressions that intersect in one host (semantics S18)",
      of: onNodes(
        "{matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [a, b]}, {key: kubernetes.io/hostname, operator: In, values: [b, c]}]}",
      ),
      expected: "one-node",
      says: /one host: b/,
    },
    {
      reason: "In less NotIn",
      of: onNodes(
        "{matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [a, b]}, {key: kubernetes.io/hostname, operator: NotIn, values: [a]}]}",
      ),
      expected: "one-node",
      says: /one host: b/,
    },
    { reason: "a value named twice is one value", of: onNodes(hostIs("a", "a")), expected: "one-node" },
    {
      reason: "a term that matches no node does not count beside one that does",
      of: onNodes("{}", hostIs("a")),
      expected: "one-node",
    },
    {
      reason: "a term that contradicts itself does not count",
      of: onNodes(
        "{matchExpressions: [{key: disk, operator: In, values: [x]}, {key: disk, operator: DoesNotExist}]}",
        hostIs("a"),
      ),
      expected: "one-node",
    },
    {
      reason: "two values (semantics S21)",
      of: onNodes(hostIs("a", "b")),
      expected: "free",
      says: /allows 2 hosts: a, b/,
    },
    {
      reason: "two terms on different hosts (semantics S21)",
      of: onNodes(hostIs("a"), hostIs("b")),
      expected: "free",
      says: /allows 2 hosts: a, b/,
    },
    {
      reason: "one term with a host and one without",
      of: onNodes(hostIs("a"), "{matchExpressions: [{key: disk, operator: Exists}]}"),
      expected: "free",
    },
    {
      reason: "different hosts by label and by name",
      of: onNodes(hostIs("a"), nameIs("b")),
      expected: "free",
    },
    {
      reason: "NotIn, the nodes not being known",
      of: onNodes("{matchExpressions: [{key: kubernetes.io/hostname, operator: NotIn, values: [b, c]}]}"),
      expected: "free",
    },
    {
      reason: "a zone (semantics S21)",
      of: "nodeSelector: {topology.kubernetes.io/zone: z1}",
      expected: "free",
    },
    { reason: "a label, the nodes not being known", of: "nodeSelector: {disk: ssd}", expected: "free" },
    {
      reason: "a preferred node affinity (semantics S21)",
      of: "affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 100, preference: {matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [a]}]}}]}}",
      expected: "free",
    },
    {
      reason: "a pin wins over anti-affinity: the second pod is Pending, not elsewhere",
      of: `nodeName: a\n${away(hostTerm("{app: web}"))}`,
      expected: "one-node",
    },
    {
      reason: "a pin wins over an affinity that nothing satisfies",
      of: `nodeName: a\n${near(hostTerm("{app: other}"))}`,
      expected: "one-node",
    },
  ]);
});

t.test("nodeSelector and node affinity hold together", async (t) => {
  const selectorAnd = (selector: string, ...terms: string[]) =>
    `nodeSelector: ${selector}\n${onNodes(...terms)}`;
  check(t, [
    {
      reason: "they intersect in one host (semantics S18)",
      of: selectorAnd("{kubernetes.io/hostname: a}", hostIs("a", "b")),
      expected: "one-node",
    },
    {
      reason: "the selector leaves one of the terms",
      of: selectorAnd(
        "{disk: ssd}",
        "{matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [a]}, {key: disk, operator: In, values: [ssd]}]}",
        "{matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [b]}, {key: disk, operator: In, values: [hdd]}]}",
      ),
      expected: "one-node",
      says: /together leave one host: a/,
    },
    {
      reason: "two different hosts contradict",
      of: selectorAnd("{kubernetes.io/hostname: b}", hostIs("a")),
      expected: "nowhere",
      proof: "contradiction",
      says: /contradict/,
    },
    {
      reason: "two values of any label contradict",
      of: selectorAnd("{disk: hdd}", "{matchExpressions: [{key: disk, operator: In, values: [ssd]}]}"),
      expected: "nowhere",
    },
    {
      reason: "a host label and a node name are different things",
      of: selectorAnd("{kubernetes.io/hostname: b}", nameIs("a")),
      expected: "one-node",
    },
    {
      reason: "every term contradicts itself",
      of: onNodes("{matchExpressions: [{key: disk, operator: Exists}, {key: disk, operator: DoesNotExist}]}"),
      expected: "nowhere",
      says: /contradicts itself/,
    },
    { reason: "a term without any requirement matches no node", of: onNodes("{}"), expected: "nowhere" },
    {
      reason: "NotIn takes the only host away",
      of: selectorAnd(
        "{kubernetes.io/hostname: a}",
        "{matchExpressions: [{key: kubernetes.io/hostname, operator: NotIn, values: [a]}]}",
      ),
      expected: "nowhere",
    },
    {
      reason: "Gt on a label is no contradiction",
      of: selectorAnd("{cores: '8'}", "{matchExpressions: [{key: cores, operator: Gt, values: ['4']}]}"),
      expected: "free",
    },
  ]);
});

t.test("known nodes are the complete list", async (t) => {
  const taint = (effect: string): Raw => ({ taints: [{ key: "dedicated", value: "gpu", effect }] });
  check(t, [
    {
      reason: "a cluster of one node (semantics S18)",
      of: "{}",
      others: [node("a")],
      expected: "one-node",
      proof: "nodes",
      says: /a is the only known node/,
    },
    { reason: "three nodes", of: "{}", others: ABC, expected: "free", says: /3 of 3 known nodes/ },
    {
      reason: "a label on one node (semantics S18)",
      of: "nodeSelector: {disk: ssd}",
      others: ABC,
      expected: "one-node",
      says: /only a can take the pods \(b: label disk=ssd is missing; c:/,
    },
    {
      reason: "a label on two nodes (semantics S21)",
      of: "nodeSelector: {disk: hdd}",
      others: ABC,
      expected: "free",
      says: /b, c/,
    },
    {
      reason: "NotIn all other nodes (semantics S18)",
      of: onNodes("{matchExpressions: [{key: kubernetes.io/hostname, operator: NotIn, values: [b, c]}]}"),
      others: ABC,
      expected: "one-node",
    },
    {
      reason: "NotIn all but two",
      of: onNodes("{matchExpressions: [{key: kubernetes.io/hostname, operator: NotIn, values: [c]}]}"),
      others: ABC,
      expected: "free",
    },
    {
      reason: "two hosts of which one exists",
      of: onNodes(hostIs("a", "x")),
      others: ABC,
      expected: "one-node",
    },
    {
      reason: "taints leave one node (semantics S18)",
      of: "{}",
      others: [node("a"), node("b", {}, taint("NoSchedule")), node("c", {}, taint("NoExecute"))],
      expected: "one-node",
      says: /dedicated=gpu:NoSchedule/,
    },
    {
      reason: "PreferNoSchedule leaves both",
      of: "{}",
      others: [node("a"), node("b", {}, taint("PreferNoSchedule"))],
      expected: "free",
    },
    {
      reason: "a toleration opens the second node",
      of: "tolerations: [{key: dedicated, operator: Exists}]",
      others: [node("a"), node("b", {}, taint("NoSchedule"))],
      expected: "free",
    },
    {
      reason: "a cordon leaves one node",
      of: "{}",
      others: [node("a"), node("b", {}, { unschedulable: true })],
      expected: "one-node",
      says: /cordoned/,
    },
    {
      reason: "a node that is not ready comes back",
      of: "{}",
      others: [
        node("a"),
        node("b", {}, { taints: [{ key: "node.kubernetes.io/not-ready", effect: "NoSchedule" }] }),
      ],
      expected: "free",
    },
    {
      reason: "a host that is not among the nodes",
      of: "nodeSelector: {kubernetes.io/hostname: x}",
      others: ABC,
      expected: "nowhere",
      proof: "unknown-host",
      says: /host x.*3 known nodes/,
    },
    { reason: "a nodeName that is not among the nodes", of: "nodeName: x", others: ABC, expected: "nowhere" },
    {
      reason: "several hosts, none of which exists",
      of: onNodes(hostIs("x"), nameIs("y")),
      others: ABC,
      expected: "nowhere",
    },
    {
      reason: "one of two alternatives names no host",
      of: onNodes(hostIs("x"), "{matchExpressions: [{key: disk, operator: Exists}]}"),
      others: ABC,
      expected: "free",
    },
    {
      reason: "a label that no node has: the pool may be empty now",
      of: "nodeSelector: {gpu: 'yes'}",
      others: ABC,
      expected: "free",
      says: /none of the 3 known nodes/,
    },
    {
      reason: "taints everywhere: the pool may be empty now",
      of: "{}",
      others: [node("a", {}, taint("NoSchedule")), node("b", {}, taint("NoSchedule"))],
      expected: "free",
    },
    {
      reason: "a pin to a node whose other label is missing is still a pin",
      of: "nodeSelector: {kubernetes.io/hostname: a, disk: hdd}",
      others: ABC,
      expected: "one-node",
    },
    {
      reason: "the host label of one node, the name of another",
      of: onNodes(hostIs("x"), nameIs("x")),
      others: [node("a", { "kubernetes.io/hostname": "x" }), node("x", { "kubernetes.io/hostname": "b" })],
      expected: "free",
    },
    {
      reason: "a host label that differs from the name",
      of: "nodeSelector: {kubernetes.io/hostname: x}",
      others: [node("a", { "kubernetes.io/hostname": "x" }), node("b")],
      expected: "one-node",
    },
    {
      reason: "a cordon does not hold back a DaemonSet",
      of: workload({ kind: "DaemonSet" }),
      others: [node("a"), node("b", {}, { unschedulable: true })],
      expected: "free",
    },
    {
      reason: "self affinity on a key that one node has",
      of: near(`{topologyKey: rack, labelSelector: {matchLabels: {app: web}}}`),
      others: [node("a", { rack: "1" }), node("b")],
      expected: "one-node",
      says: /b: it has no label rack/,
    },
  ]);
  t.equal(
    steady(workload(), [], { ...DEFAULT_OPTIONS, singleNode: true }).proof,
    "single-node",
    "said in the configuration",
  );
  t.equal(
    steady(workload({ spec: `nodeSelector: {kubernetes.io/hostname: b}\n${onNodes(hostIs("a"))}` }), [], {
      ...DEFAULT_OPTIONS,
      singleNode: true,
    }).value,
    "nowhere",
    "a contradiction stays one on a single node",
  );
});

const MANIFEST = { apiVersion: "v1", kind: "PersistentVolume" };
const pvc = (name: string, storageClassName: string): Raw => ({
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  metadata: { name, namespace: "shop" },
  spec: { accessModes: ["ReadWriteOnce"], storageClassName, volumeMode: "Filesystem" },
});
const pv = (claim: string, source: Raw, ...nodeSelectorTerms: readonly Raw[]): Raw => ({
  ...MANIFEST,
  metadata: { name: `pv-${claim}` },
  spec: {
    accessModes: ["ReadWriteOnce"],
    storageClassName: "any",
    claimRef: { namespace: "shop", name: claim },
    ...source,
    ...(nodeSelectorTerms.length > 0 && { nodeAffinity: { required: { nodeSelectorTerms } } }),
  },
});
const disk: Raw = { csi: { driver: "ebs.csi.aws.com", volumeHandle: "v" } };
const within = (key: string, ...values: string[]): Raw => ({
  matchExpressions: [{ key, operator: "In", values }],
});
const HOSTNAME = "kubernetes.io/hostname";
const ZONE = "topology.kubernetes.io/zone";

t.test("a volume that is on one host holds the whole pod there", async (t) => {
  const mounts = (...claims: string[]) => workload({ claims });
  const topolvm: Raw = {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name: "any" },
    provisioner: "topolvm.io",
  };
  const local = { csi: { driver: "topolvm.io", volumeHandle: "v" } };
  check(t, [
    {
      reason: "one host (semantics S18)",
      of: mounts("data"),
      others: [pvc("data", "any"), pv("data", disk, within(HOSTNAME, "a"))],
      expected: "one-node",
      proof: "volume",
      says: /volume pv-data \(data\) leaves one host: a/,
    },
    {
      reason: "several terms, one host",
      of: mounts("data"),
      others: [pvc("data", "any"), pv("data", disk, within(HOSTNAME, "a"), within(HOSTNAME, "a"))],
      expected: "one-node",
    },
    {
      reason: "two hosts",
      of: mounts("data"),
      others: [pvc("data", "any"), pv("data", disk, within(HOSTNAME, "a", "b"))],
      expected: "free",
    },
    {
      reason: "a zone (semantics S17)",
      of: mounts("data"),
      others: [pvc("data", "any"), pv("data", disk, within(ZONE, "z1"))],
      expected: "free",
    },
    {
      reason: "a zone in which one known node is",
      of: mounts("data"),
      others: [
        pvc("data", "any"),
        pv("data", disk, within(ZONE, "z1")),
        node("a", { [ZONE]: "z1" }),
        node("b", { [ZONE]: "z2" }),
      ],
      expected: "one-node",
      says: /b: volume pv-data cannot be used there/,
    },
    {
      reason: "no node affinity",
      of: mounts("data"),
      others: [pvc("data", "any"), pv("data", disk)],
      expected: "free",
    },
    {
      reason: "one of two volumes is enough",
      of: mounts("data", "more"),
      others: [
        pvc("data", "any"),
        pv("data", disk),
        pvc("more", "any"),
        pv("more", disk, within(HOSTNAME, "a")),
      ],
      expected: "one-node",
    },
    {
      reason: "two volumes that intersect in one host",
      of: mounts("data", "more"),
      others: [
        pvc("data", "any"),
        pv("data", disk, within(HOSTNAME, "a", "b")),
        pvc("more", "any"),
        pv("more", disk, within(HOSTNAME, "b", "c")),
      ],
      expected: "one-node",
      says: /together leave one host: b/,
    },
    {
      reason: "two volumes on two hosts",
      of: mounts("data", "more"),
      others: [
        pvc("data", "any"),
        pv("data", disk, within(HOSTNAME, "a")),
        pvc("more", "any"),
        pv("more", disk, within(HOSTNAME, "b")),
      ],
      expected: "nowhere",
      says: /pv-data.*pv-more/,
    },
    {
      reason: "volume and pod intersect in one host",
      of: workload({ claims: ["data"], spec: onNodes(hostIs("a", "b")) }),
      others: [pvc("data", "any"), pv("data", disk, within(HOSTNAME, "b", "c"))],
      expected: "one-node",
    },
    {
      reason: "volume and pod on two hosts",
      of: workload({ claims: ["data"], spec: "nodeSelector: {kubernetes.io/hostname: b}" }),
      others: [pvc("data", "any"), pv("data", disk, within(HOSTNAME, "a"))],
      expected: "nowhere",
    },
    {
      reason: "the volume's zone leaves one of the pod's alternatives",
      of: workload({
        claims: ["data"],
        spec: onNodes(
          `{matchExpressions: [{key: ${HOSTNAME}, operator: In, values: [a]}, {key: ${ZONE}, operator: In, values: [z1]}]}`,
          `{matchExpressions: [{key: ${HOSTNAME}, operator: In, values: [b]}, {key: ${ZONE}, operator: In, values: [z2]}]}`,
        ),
      }),
      others: [pvc("data", "any"), pv("data", disk, within(ZONE, "z1"))],
      expected: "one-node",
    },
    {
      reason: "volume and pod in two zones",
      of: workload({ claims: ["data"], spec: `nodeSelector: {${ZONE}: z2}` }),
      others: [pvc("data", "any"), pv("data", disk, within(ZONE, "z1"))],
      expected: "nowhere",
    },
    {
      reason: "a node-local driver's own key",
      of: mounts("data"),
      others: [pvc("data", "any"), topolvm, pv("data", local, within("topology.topolvm.io/node", "a"))],
      expected: "one-node",
      says: /topology.topolvm.io\/node=a/,
    },
    {
      reason: "a node-local driver's volume on two nodes",
      of: mounts("data"),
      others: [pvc("data", "any"), topolvm, pv("data", local, within("topology.topolvm.io/node", "a", "b"))],
      expected: "free",
    },
    {
      reason: "a node-local driver's zone is no node",
      of: mounts("data"),
      others: [pvc("data", "any"), topolvm, pv("data", local, within(ZONE, "z1"))],
      expected: "free",
    },
    {
      reason: "a node-local driver, no volume yet",
      of: mounts("data"),
      others: [pvc("data", "any"), topolvm],
      expected: "one-node",
      proof: "volume",
      says: /topolvm.io creates the volume of claim data on one node/,
    },
    {
      reason: "another driver's own key proves nothing",
      of: mounts("data"),
      others: [pvc("data", "any"), pv("data", disk, within("topology.ebs.csi.aws.com/node", "a"))],
      expected: "free",
    },
    { reason: "a missing claim proves nothing", of: mounts("data"), expected: "free" },
  ]);
});

const self = near(hostTerm("{app: web}"));
const namespaceOf = (name: string, labels: Raw): Raw => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name, labels },
});

t.test("required self affinity on hostname is a proof", async (t) => {
  check(t, [
    {
      reason: "one term (semantics S19)",
      of: self,
      expected: "one-node",
      proof: "self-affinity",
      says: /app=web/,
    },
    {
      reason: "several terms (semantics S19)",
      of: near(hostTerm("{app: web}"), `{topologyKey: ${ZONE}, labelSelector: {matchLabels: {app: web}}}`),
      expected: "one-node",
    },
    {
      reason: "an empty selector matches everything (semantics S19)",
      of: near(`{${HOST}, labelSelector: {}}`),
      expected: "one-node",
    },
    {
      reason: "by expression",
      of: near(
        `{${HOST}, labelSelector: {matchExpressions: [{key: app, operator: In, values: [web, api]}]}}`,
      ),
      expected: "one-node",
    },
    {
      reason: "beside a wider node affinity (semantics S19)",
      of: `affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [${hostIs("a", "b")}]}}, podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [${hostTerm("{app: web}")}]}}`,
      expected: "one-node",
    },
    {
      reason: "own namespace by name",
      of: near(hostTerm("{app: web}", "namespaces: [shop]")),
      expected: "one-node",
    },
    {
      reason: "own namespace among others",
      of: near(hostTerm("{app: web}", "namespaces: [other, shop]")),
      expected: "one-node",
    },
    {
      reason: "all namespaces",
      of: near(hostTerm("{app: web}", "namespaceSelector: {}")),
      expected: "one-node",
    },
    {
      reason: "names and selector are a union",
      of: near(hostTerm("{app: web}", "namespaces: [shop], namespaceSelector: {matchLabels: {team: x}}")),
      expected: "one-node",
    },
    {
      reason: "a namespace selector that matches",
      of: near(hostTerm("{app: web}", "namespaceSelector: {matchLabels: {team: x}}")),
      others: [namespaceOf("shop", { team: "x" })],
      expected: "one-node",
    },
    {
      reason: "the name that every namespace has as a label",
      of: near(
        hostTerm("{app: web}", "namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop}}"),
      ),
      expected: "one-node",
    },
    {
      reason: "a file that says no namespace",
      of: workload({ namespace: "", spec: near(hostTerm("{app: web}", "namespaces: [shop]")) }),
      expected: "one-node",
    },
    { reason: "with several known nodes", of: self, others: ABC, expected: "one-node" },
    {
      reason: "with anti-affinity to itself the second pod is Pending",
      of: `affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [${hostTerm("{app: web}")}]}, podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [${hostTerm("{app: web}")}]}}`,
      expected: "one-node",
    },
    {
      reason: "a label that the Job controller adds",
      of: workload({ kind: "Job", spec: `restartPolicy: Never\n${near(hostTerm("{job-name: web}"))}` }),
      expected: "one-node",
    },
    {
      reason: "a label that the Deployment controller adds",
      of: near(`{${HOST}, labelSelector: {matchExpressions: [{key: pod-template-hash, operator: Exists}]}}`),
      expected: "one-node",
    },
    { reason: "StatefulSet", of: workload({ kind: "StatefulSet", spec: self }), expected: "one-node" },
  ]);
});

t.test("what looks like self affinity and proves nothing", async (t) => {
  check(t, [
    {
      reason: "a preferred term (semantics S21)",
      of: `affinity: {podAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 100, podAffinityTerm: ${hostTerm("{app: web}")}}]}}`,
      expected: "free",
    },
    {
      reason: "a zone key (semantics S21)",
      of: near(`{topologyKey: ${ZONE}, labelSelector: {matchLabels: {app: web}}}`),
      expected: "free",
      says: /zone does not hold/,
    },
    {
      reason: "a namespace selector while the labels are not known",
      of: near(hostTerm("{app: web}", "namespaceSelector: {matchLabels: {team: x}}")),
      expected: "free",
      says: /is not known/,
    },
    {
      reason: "a revision's hash by value cannot be read here",
      of: near(hostTerm("{pod-template-hash: abc}")),
      expected: "free",
    },
    {
      reason: "more terms than are judged",
      of: near(...Array.from({ length: 129 }, () => hostTerm("{app: web}"))),
      expected: "free",
      says: /too many to check/,
    },
    {
      reason: "many terms",
      of: near(...Array.from({ length: 100 }, () => hostTerm("{app: web}"))),
      expected: "one-node",
    },
    {
      reason: "matchLabelKeys on a label that each pod has for itself",
      of: workload({
        kind: "StatefulSet",
        spec: near(hostTerm("{app: web}", "matchLabelKeys: [statefulset.kubernetes.io/pod-name]")),
      }),
      expected: "free",
    },
    {
      reason: "matchLabelKeys on the index",
      of: workload({
        kind: "StatefulSet",
        spec: near(hostTerm("{app: web}", "matchLabelKeys: [apps.kubernetes.io/pod-index]")),
      }),
      expected: "free",
    },
  ]);
});

t.test("matchLabelKeys and mismatchLabelKeys add the pod's own values", async (t) => {
  const keyed = (
    keys: string,
    labels = "{app: web, version: '1'}",
    kind: "Deployment" | "StatefulSet" = "Deployment",
  ) => workload({ kind, labels, spec: near(hostTerm("{app: web}", keys)) });
  check(t, [
    {
      reason: "a label of the template (semantics S19)",
      of: keyed("matchLabelKeys: [version]"),
      expected: "one-node",
    },
    {
      reason: "a label that the pod does not have adds nothing",
      of: keyed("matchLabelKeys: [nothing]"),
      expected: "one-node",
    },
    {
      reason: "the revision's hash: one revision sits together (semantics S22)",
      of: keyed("matchLabelKeys: [pod-template-hash]"),
      expected: "one-node",
      says: /pod-template-hash/,
    },
    {
      reason: "the revision's hash of a StatefulSet",
      of: keyed("matchLabelKeys: [controller-revision-hash]", undefined, "StatefulSet"),
      expected: "one-node",
    },
    {
      reason: "mismatch on the revision's hash: beside pods that nobody knows (semantics S24)",
      of: keyed("mismatchLabelKeys: [pod-template-hash]"),
      expected: "leaning",
    },
    {
      reason: "mismatch on an own label: beside pods that nobody knows",
      of: keyed("mismatchLabelKeys: [version]"),
      expected: "leaning",
    },
    {
      reason: "mismatch on a label that the pod does not have adds nothing",
      of: keyed("mismatchLabelKeys: [nothing]"),
      expected: "one-node",
    },
    {
      reason: "the key keeps a stranger of another version out",
      of: keyed("matchLabelKeys: [version]"),
      others: [workload({ name: "stranger", labels: "{app: web, version: '2'}" })],
      expected: "one-node",
    },
    {
      reason: "a stranger of the same version is a neighbour",
      of: keyed("matchLabelKeys: [version]"),
      others: [workload({ name: "stranger", labels: "{app: web, version: '1'}" })],
      expected: "free",
    },
    {
      reason: "the hash keeps every other workload out",
      of: keyed("matchLabelKeys: [pod-template-hash]"),
      others: [workload({ name: "stranger" })],
      expected: "one-node",
    },
  ]);
});

t.test("a group is closed when everyone whom the terms match carries them", async (t) => {
  const other = (spec: string, more: Raw = {}) => workload({ name: "other", spec, ...more });
  check(t, [
    {
      reason: "another carries the same term (semantics S19)",
      of: self,
      others: [other(self)],
      expected: "one-node",
      says: /matches 1 other workload too, with the same terms/,
    },
    {
      reason: "another carries it, written as an expression",
      of: self,
      others: [
        other(
          near(`{${HOST}, labelSelector: {matchExpressions: [{key: app, operator: In, values: [web]}]}}`),
        ),
      ],
      expected: "one-node",
    },
    {
      reason: "another carries it with its namespace by name",
      of: self,
      others: [other(near(hostTerm("{app: web}", "namespaces: [shop]")))],
      expected: "one-node",
    },
    {
      reason: "another matches and does not carry it (semantics S21)",
      of: self,
      others: [other("{}")],
      expected: "free",
      says: /Deployment shop\/other/,
    },
    {
      reason: "another matches and only prefers it",
      of: self,
      others: [
        other(
          `affinity: {podAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, podAffinityTerm: ${hostTerm("{app: web}")}}]}}`,
        ),
      ],
      expected: "free",
    },
    {
      reason: "another matches and carries it on zone",
      of: self,
      others: [other(near(`{topologyKey: ${ZONE}, labelSelector: {matchLabels: {app: web}}}`))],
      expected: "free",
    },
    {
      reason: "another carries one term more: it looks at other neighbours",
      of: self,
      others: [other(near(hostTerm("{app: web}"), hostTerm("{app: db}")))],
      expected: "free",
    },
    {
      reason: "another carries one term more, which only it matches: it may start alone elsewhere",
      of: self,
      others: [
        workload({
          name: "other",
          labels: "{app: web, tier: front}",
          spec: near(hostTerm("{app: web}"), hostTerm("{tier: front}")),
        }),
      ],
      expected: "free",
    },
    {
      reason: "one of two does not carry it",
      of: self,
      others: [other(self), workload({ name: "stranger" })],
      expected: "free",
      says: /stranger/,
    },
    {
      reason: "another namespace is not looked at",
      of: self,
      others: [workload({ name: "other", namespace: "elsewhere" })],
      expected: "one-node",
    },
    {
      reason: "all namespaces are looked at",
      of: near(hostTerm("{app: web}", "namespaceSelector: {}")),
      others: [workload({ name: "other", namespace: "elsewhere" })],
      expected: "free",
    },
    {
      reason: "own namespace elsewhere is another term",
      of: near(hostTerm("{app: web}", "namespaces: [shop, elsewhere]")),
      others: [workload({ name: "other", namespace: "elsewhere", spec: self })],
      expected: "free",
    },
    {
      reason: "a stranger must match all terms",
      of: near(hostTerm("{app: web}"), hostTerm("{tier: front}")),
      others: [other("{}")],
      expected: "leaning",
      proof: "unknown-pods",
    },
    {
      reason: "a stranger that matches one of two own terms",
      of: workload({
        labels: "{app: web, tier: front}",
        spec: near(hostTerm("{app: web}"), hostTerm("{tier: front}")),
      }),
      others: [other("{}")],
      expected: "one-node",
    },
    {
      reason: "a label that does not match",
      of: self,
      others: [workload({ name: "other", labels: "{app: api}" })],
      expected: "one-node",
    },
    {
      reason: "a Job that has finished has no pods (semantics S33)",
      of: self,
      others: [
        workload({
          kind: "Job",
          name: "other",
          spec: "restartPolicy: Never",
          status: "{conditions: [{type: Complete, status: 'True'}]}",
        }),
      ],
      expected: "one-node",
    },
    {
      reason: "a Job that runs",
      of: self,
      others: [workload({ kind: "Job", name: "other", spec: "restartPolicy: Never" })],
      expected: "free",
      says: /Job shop\/other/,
    },
    {
      reason: "a Pod that has ended (semantics S33)",
      of: self,
      others: [workload({ kind: "Pod", name: "other", status: "{phase: Succeeded}" })],
      expected: "one-node",
    },
    {
      reason: "a Pod that runs",
      of: self,
      others: [workload({ kind: "Pod", name: "other" })],
      expected: "free",
    },
    {
      reason: "a stranger without pods is one only once it is scaled up",
      of: self,
      others: [workload({ name: "other", replicas: 0 })],
      expected: "leaning",
      says: /as long as Deployment shop\/other has no pods/,
    },
    {
      reason: "namespaces that cannot be resolved never break a proof",
      of: near(hostTerm("{app: web}", "namespaces: [shop], namespaceSelector: {matchLabels: {team: x}}")),
      others: [workload({ name: "other", namespace: "elsewhere" })],
      expected: "one-node",
    },
    {
      reason: "namespaces that are known do",
      of: near(hostTerm("{app: web}", "namespaces: [shop], namespaceSelector: {matchLabels: {team: x}}")),
      others: [workload({ name: "other", namespace: "elsewhere" }), namespaceOf("elsewhere", { team: "x" })],
      expected: "free",
    },
  ]);
  const { view, workload: found, claims } = subject(workload({ spec: self }), [workload({ name: "other" })]);
  const blind = new Proxy(view, {
    get: (target, property) =>
      property === "workloadsMatching"
        ? () => unknown("not watched")
        : (Reflect.get(target, property) as (...all: unknown[]) => unknown).bind?.(target),
  });
  t.equal(
    steadySpread(found, claims, blind, DEFAULT_OPTIONS).value,
    "one-node",
    "what is not watched never breaks a proof",
  );
});

t.test("affinity to pods that nobody knows leans on them (semantics S24)", async (t) => {
  check(t, [
    {
      reason: "labels that no known workload has",
      of: near(hostTerm("{app: operated}")),
      expected: "leaning",
      proof: "unknown-pods",
      says: /no known workload matches .*\(app=operated\).* one node as long as the pods that match are on one/,
    },
    {
      reason: "only another namespace",
      of: near(hostTerm("{app: web}", "namespaces: [other]")),
      expected: "leaning",
    },
    {
      reason: "a namespace selector that does not match",
      of: near(hostTerm("{app: web}", "namespaceSelector: {matchLabels: {team: x}}")),
      others: [namespaceOf("shop", { team: "y" })],
      expected: "leaning",
    },
    {
      reason: "one of two terms does not match the pods themselves",
      of: near(hostTerm("{app: web}"), hostTerm("{tier: operated}")),
      expected: "leaning",
    },
    {
      reason: "on a wider key",
      of: near(`{topologyKey: ${ZONE}, labelSelector: {matchLabels: {app: operated}}}`),
      expected: "free",
      says: /does not hold the pods on one node/,
    },
    {
      reason: "hostname beside a wider key",
      of: near(
        hostTerm("{app: operated}"),
        `{topologyKey: ${ZONE}, labelSelector: {matchLabels: {app: operated}}}`,
      ),
      expected: "leaning",
    },
    {
      reason: "the label is on the workload, not on its template",
      of: {
        ...workload({ labels: "{app: api}", spec: self }),
        metadata: { name: "web", namespace: "shop", labels: { app: "web" } },
      },
      expected: "leaning",
    },
    {
      reason: "anti-affinity to itself is certain, those pods are not",
      of: `affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [${hostTerm("{app: operated}")}]}, podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [${hostTerm("{app: web}")}]}}`,
      expected: "apart",
    },
    {
      reason: "neighbours that only may match",
      of: near(hostTerm("{app: operated}", "namespaceSelector: {matchLabels: {team: x}}")),
      others: [workload({ name: "other", namespace: "elsewhere", labels: "{app: operated}" })],
      expected: "free",
      says: /is not known/,
    },
  ]);
});

t.test("terms that nothing can match leave the pods Pending (semantics S24)", async (t) => {
  check(t, [
    {
      reason: "no labelSelector matches nothing",
      of: near(`{${HOST}}`),
      expected: "nowhere",
      proof: "affinity",
      says: /Pending/,
    },
    {
      reason: "two terms that no pod satisfies both: a neighbour must match them all",
      of: near(hostTerm("{app: web}"), hostTerm("{app: other}")),
      expected: "nowhere",
      says: /app/,
    },
    {
      reason: "a selector that contradicts itself",
      of: near(
        `{${HOST}, labelSelector: {matchLabels: {app: db}, matchExpressions: [{key: app, operator: NotIn, values: [db]}]}}`,
      ),
      expected: "nowhere",
    },
    {
      reason: "a selector that contradicts matchLabelKeys: the own value is another",
      of: near(hostTerm("{app: db}", "matchLabelKeys: [app]")),
      expected: "nowhere",
    },
    {
      reason: "a selector that contradicts mismatchLabelKeys",
      of: near(hostTerm("{app: web}", "mismatchLabelKeys: [app]")),
      expected: "nowhere",
    },
    {
      reason: "pods of the own revision that do not match: no other pod has its hash",
      of: near(hostTerm("{app: db}", "matchLabelKeys: [pod-template-hash]")),
      expected: "nowhere",
      says: /pod-template-hash/,
    },
    {
      reason: "two terms in two namespaces",
      of: near(hostTerm("{app: db}", "namespaces: [one]"), hostTerm("{app: db}", "namespaces: [two, three]")),
      expected: "nowhere",
      says: /namespace/,
    },
    {
      reason: "a topologyKey that no known node has",
      of: near("{topologyKey: rack, labelSelector: {matchLabels: {app: web}}}"),
      others: ABC,
      expected: "nowhere",
      says: /no known node has the label rack/,
    },
    {
      reason: "a topologyKey while no node is known",
      of: near("{topologyKey: rack, labelSelector: {matchLabels: {app: web}}}"),
      expected: "free",
    },
    {
      reason: "two that only look for each other never start, but one may be there already",
      of: near(hostTerm("{app: db}")),
      others: [workload({ name: "db", labels: "{app: db}", spec: self })],
      expected: "free",
    },
    {
      reason: "nowhere wins over anti-affinity",
      of: `affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{${HOST}}]}, podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [${hostTerm("{app: web}")}]}}`,
      expected: "nowhere",
    },
  ]);
  const { view, workload: found, claims } = subject(workload({ spec: near(hostTerm("{app: wrong}")) }), []);
  const blind = new Proxy(view, {
    get: (target, property) =>
      property === "workloadsMatching"
        ? () => unknown("not watched")
        : (Reflect.get(target, property) as (...all: unknown[]) => unknown).bind?.(target),
  });
  t.equal(
    steadySpread(found, claims, blind, DEFAULT_OPTIONS).value,
    "leaning",
    "workloads that cannot be read are pods that nobody knows",
  );
});

t.test("affinity to another app is one node as long as that app is on one (semantics S20)", async (t) => {
  const db = (more: Parameters<typeof workload>[0] = {}) =>
    workload({ name: "db", labels: "{app: db}", replicas: 1, ...more });
  const beside = near(hostTerm("{app: db}"));
  const scaler: Raw = {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { name: "db", namespace: "shop" },
    spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "db" } },
  };
  check(t, [
    {
      reason: "an app of one replica",
      of: beside,
      others: [db()],
      expected: "leaning",
      proof: "other-app",
      says: /Deployment shop\/db, as far as is known the only match, which has at most one pod/,
    },
    { reason: "an app without pods now", of: beside, others: [db({ replicas: 0 })], expected: "leaning" },
    {
      reason: "an app of two replicas that is pinned",
      of: beside,
      others: [db({ replicas: 2, spec: "nodeName: a" })],
      expected: "leaning",
      says: /one node/,
    },
    {
      reason: "an app of two replicas with its own self affinity",
      of: beside,
      others: [db({ replicas: 2, spec: near(hostTerm("{app: db}")) })],
      expected: "leaning",
    },
    {
      reason: "an app with pods on several nodes (semantics S21)",
      of: beside,
      others: [db({ replicas: 2 })],
      expected: "free",
      says: /several nodes/,
    },
    { reason: "an app that is autoscaled", of: beside, others: [db(), scaler], expected: "free" },
    { reason: "a DaemonSet", of: beside, others: [db({ kind: "DaemonSet" })], expected: "free" },
    {
      reason: "two apps, each of one pod",
      of: beside,
      others: [db(), db({ name: "db2" })],
      expected: "free",
      says: /db2/,
    },
    {
      reason: "in the same zone only",
      of: near(`{topologyKey: ${ZONE}, labelSelector: {matchLabels: {app: db}}}`),
      others: [db()],
      expected: "free",
    },
    {
      reason: "an app in another namespace that is not looked at",
      of: beside,
      others: [db({ namespace: "elsewhere" })],
      expected: "leaning",
      proof: "unknown-pods",
    },
    {
      reason: "an app in another namespace that is",
      of: near(hostTerm("{app: db}", "namespaces: [elsewhere]")),
      others: [db({ namespace: "elsewhere" })],
      expected: "leaning",
    },
    {
      reason: "a chain of apps that ends on one node",
      of: beside,
      others: [
        db({ replicas: 2, spec: near(hostTerm("{app: root}")) }),
        workload({ name: "root", labels: "{app: root}", spec: "nodeName: a" }),
      ],
      expected: "free",
    },
    {
      reason: "two that lean on each other prove nothing",
      of: beside,
      others: [db({ replicas: 2, spec: self })],
      expected: "free",
    },
    {
      reason: "anti-affinity to itself is certain, the other app is not",
      of: `affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [${hostTerm("{app: db}")}]}, podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [${hostTerm("{app: web}")}]}}`,
      others: [db()],
      expected: "apart",
    },
  ]);
});

t.test("anti-affinity and topology spread keep the pods apart (semantics S21)", async (t) => {
  const spread = (more: string) => `topologySpreadConstraints: [{${HOST}, ${more}}]`;
  const counted = "labelSelector: {matchLabels: {app: web}}";
  check(t, [
    {
      reason: "anti-affinity on hostname",
      of: away(hostTerm("{app: web}")),
      expected: "apart",
      proof: "anti-affinity",
      says: /no two share a node/,
    },
    {
      reason: "one of several terms",
      of: away(hostTerm("{app: db}"), hostTerm("{app: web}")),
      expected: "apart",
    },
    { reason: "anti-affinity to others", of: away(hostTerm("{app: db}")), expected: "free" },
    {
      reason: "anti-affinity in another namespace",
      of: away(hostTerm("{app: web}", "namespaces: [other]")),
      expected: "free",
    },
    { reason: "anti-affinity without a selector", of: away(`{${HOST}}`), expected: "free" },
    {
      reason: "anti-affinity on zone",
      of: away(`{topologyKey: ${ZONE}, labelSelector: {matchLabels: {app: web}}}`),
      expected: "free",
    },
    {
      reason: "preferred anti-affinity",
      of: `affinity: {podAntiAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, podAffinityTerm: ${hostTerm("{app: web}")}}]}}`,
      expected: "free",
    },
    {
      reason: "anti-affinity within one revision",
      of: away(hostTerm("{app: web}", "matchLabelKeys: [pod-template-hash]")),
      expected: "apart",
    },
    {
      reason: "anti-affinity to the other revisions",
      of: away(hostTerm("{app: web}", "mismatchLabelKeys: [pod-template-hash]")),
      expected: "free",
    },
    {
      reason: "a hostname spread constraint",
      of: spread(`maxSkew: 1, whenUnsatisfiable: DoNotSchedule, ${counted}`),
      expected: "apart",
      proof: "spread-constraint",
    },
    { reason: "DoNotSchedule is the default", of: spread(`maxSkew: 1, ${counted}`), expected: "apart" },
    {
      reason: "ScheduleAnyway is a wish",
      of: spread(`maxSkew: 1, whenUnsatisfiable: ScheduleAnyway, ${counted}`),
      expected: "free",
    },
    {
      reason: "a skew of two allows two on one node",
      of: spread(`maxSkew: 2, whenUnsatisfiable: DoNotSchedule, ${counted}`),
      expected: "free",
    },
    {
      reason: "a constraint that counts other pods",
      of: spread("maxSkew: 1, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: db}}"),
      expected: "free",
    },
    {
      reason: "a constraint without a selector counts nothing",
      of: spread("maxSkew: 1, whenUnsatisfiable: DoNotSchedule"),
      expected: "free",
    },
    {
      reason: "a constraint on zone",
      of: `topologySpreadConstraints: [{topologyKey: ${ZONE}, maxSkew: 1, whenUnsatisfiable: DoNotSchedule, ${counted}}]`,
      expected: "free",
    },
    {
      reason: "a constraint within one revision",
      of: spread(
        `maxSkew: 1, whenUnsatisfiable: DoNotSchedule, ${counted}, matchLabelKeys: [pod-template-hash]`,
      ),
      expected: "apart",
    },
    {
      reason: "one node wins: the second pod is Pending",
      of: away(hostTerm("{app: web}")),
      others: [node("a")],
      expected: "one-node",
    },
  ]);
});
