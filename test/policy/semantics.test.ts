/** Every line of docs/semantics.md as at least one case: what the real controllers do is what the verdict must be. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { judge, judgeUpdate } from "../support/judge.ts";
import {
  autoscaler,
  claim,
  daemonSet,
  deployment,
  job,
  node,
  pod,
  sameNode,
  statefulSet,
  storageClass,
  volume,
} from "../support/objects.ts";

type Raw = Readonly<Record<string, unknown>>;

interface Case {
  /** The row of docs/semantics.md. */
  readonly row: string;
  readonly why: string;
  readonly subject: Raw;
  /** The object before the update, for rows about updates. */
  readonly before?: Raw;
  /** What else is in the cluster; the claim `data` and its class when not given. */
  readonly others?: readonly Raw[];
  /** `rule` for an error, `rule?` for a warning. */
  readonly rules: readonly string[];
  readonly spread?: string;
}

const RWO: readonly Raw[] = [claim(), storageClass];
const BOUND = (modes: readonly string[], spec?: Raw): readonly Raw[] => [
  claim({ spec: { volumeName: "pv-data" } }),
  volume(spec ? { modes, spec } : { modes }),
];
const ROLLING: Raw = {};
const RECREATE: Raw = { strategy: { type: "Recreate" } };
const fence = (maxSurge: unknown, maxUnavailable: unknown): Raw => ({
  strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge, maxUnavailable } },
});
const onHost = (host: string): Raw => ({ nodeSelector: { "kubernetes.io/hostname": host } });
const nodeAffinity = (...terms: readonly Raw[]): Raw => ({
  affinity: {
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } },
  },
});
const hosts = (operator: string, ...values: readonly string[]): Raw => ({
  matchExpressions: [{ key: "kubernetes.io/hostname", operator, values }],
});
const podAffinity = (...terms: readonly Raw[]): Raw => ({
  affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } },
});
const onHostname = (more: Raw): Raw => ({ topologyKey: "kubernetes.io/hostname", ...more });
const APP = { labelSelector: { matchLabels: { app: "web" } } };
const nobody = { claims: [] as readonly string[] };
const rwop = (): readonly Raw[] => [claim({ modes: ["ReadWriteOncePod"] }), storageClass];
const THREE_NODES = [node("a"), node("b"), node("c")];
const next = { annotations: { restarted: "now" } };

const STUCK = ["rwo-rolling-update"];
const BRIEF = ["rwo-rolling-update?"];
const CONFLICT = ["rwo-replicas", "rwo-rolling-update"];

const CASES: readonly Case[] = [
  {
    row: "S1",
    why: "the scheduler places RWO pods freely: nothing but a proof counts",
    subject: deployment(),
    rules: STUCK,
    spread: "free",
  },
  {
    row: "S2",
    why: "the volume's modes count, not the claim's: RWO claim on [RWO, RWX]",
    subject: deployment({ workload: { replicas: 3 } }),
    others: BOUND(["ReadWriteOnce", "ReadWriteMany"]),
    rules: [],
  },
  {
    row: "S2",
    why: "RWO claim on [RWO, ROX]",
    subject: deployment(),
    others: BOUND(["ReadWriteOnce", "ReadOnlyMany"]),
    rules: [],
  },
  {
    row: "S2",
    why: "a claim [RWX, RWO] gives its modes to the volume made for it",
    subject: deployment(),
    others: [claim({ modes: ["ReadWriteMany", "ReadWriteOnce"] }), storageClass],
    rules: [],
  },
  {
    row: "S2",
    why: "a claim [RWX] bound to a volume that is RWO only",
    subject: deployment(),
    others: [claim({ modes: ["ReadWriteMany"], spec: { volumeName: "pv-data" } }), volume()],
    rules: STUCK,
  },
  {
    row: "S3",
    why: "readOnly on the volume changes nothing",
    subject: deployment({
      spec: { volumes: [{ name: "v0", persistentVolumeClaim: { claimName: "data", readOnly: true } }] },
    }),
    rules: STUCK,
  },
  {
    row: "S3",
    why: "volumeMode Block changes nothing",
    subject: deployment({
      spec: { containers: [{ name: "main", volumeDevices: [{ name: "v0", devicePath: "/dev/x" }] }] },
    }),
    others: [claim({ spec: { volumeMode: "Block" } }), storageClass],
    rules: STUCK,
  },
  {
    row: "S4",
    why: "listed, but mounted by no container",
    subject: deployment({ spec: { containers: [{ name: "main", image: "x" }] } }),
    rules: [],
  },
  {
    row: "S4",
    why: "mounted by an init container counts",
    subject: deployment({
      spec: {
        containers: [{ name: "main", image: "x" }],
        initContainers: [{ name: "init", volumeMounts: [{ name: "v0", mountPath: "/d" }] }],
      },
    }),
    rules: STUCK,
  },
  {
    row: "S5",
    why: "CSIDriver attachRequired false: no attach step",
    subject: deployment(),
    others: [
      ...RWO,
      {
        apiVersion: "storage.k8s.io/v1",
        kind: "CSIDriver",
        metadata: { name: "ebs.csi.aws.com" },
        spec: { attachRequired: false },
      },
    ],
    rules: [],
  },
  {
    row: "S5",
    why: "without an attach step several replicas are not kept apart: a warning",
    subject: deployment({ workload: { replicas: 2 } }),
    others: BOUND(["ReadWriteOnce"], { nfs: { server: "s", path: "/" } }),
    rules: ["access-mode-unenforced?"],
  },
  {
    row: "S5",
    why: "NFS",
    subject: deployment(),
    others: BOUND(["ReadWriteOnce"], { nfs: { server: "s", path: "/" } }),
    rules: [],
  },
  {
    row: "S5",
    why: "hostPath",
    subject: deployment(),
    others: BOUND(["ReadWriteOnce"], { hostPath: { path: "/d" } }),
    rules: [],
  },
  {
    row: "S5",
    why: "iSCSI attaches",
    subject: deployment(),
    others: BOUND(["ReadWriteOnce"], { iscsi: { targetPortal: "t", iqn: "i", lun: 0 } }),
    rules: STUCK,
  },
  {
    row: "S5",
    why: "a migrated in-tree disk attaches",
    subject: deployment(),
    others: BOUND(["ReadWriteOnce"], { awsElasticBlockStore: { volumeID: "v" } }),
    rules: STUCK,
  },
  {
    row: "S5",
    why: "an unknown driver without a CSIDriver object attaches",
    subject: deployment(),
    others: BOUND(["ReadWriteOnce"], { csi: { driver: "disk.example.com", volumeHandle: "v" } }),
    rules: STUCK,
  },
  {
    row: "S6",
    why: "an absent event is not health: judged from the objects, whatever the status says",
    subject: deployment({
      status: { observedGeneration: 1, replicas: 1, updatedReplicas: 1, readyReplicas: 1 },
    }),
    rules: STUCK,
  },
  { row: "S7", why: "default RollingUpdate", subject: deployment({ workload: ROLLING }), rules: STUCK },
  { row: "S7", why: "1/0", subject: deployment({ workload: fence(1, 0) }), rules: STUCK },
  {
    row: "S7",
    why: "25%/50%: half of one rounds down",
    subject: deployment({ workload: fence("25%", "50%") }),
    rules: STUCK,
  },
  { row: "S8", why: "0/1", subject: deployment({ workload: fence(0, 1) }), rules: BRIEF },
  { row: "S8", why: "1/1", subject: deployment({ workload: fence(1, 1) }), rules: BRIEF },
  {
    row: "S8",
    why: "any surge with 100%",
    subject: deployment({ workload: fence(3, "100%") }),
    rules: BRIEF,
  },
  {
    row: "S8",
    why: "0%/25%: both 0, so one may be unavailable",
    subject: deployment({ workload: fence("0%", "25%") }),
    rules: BRIEF,
  },
  { row: "S9", why: "Recreate", subject: deployment({ workload: RECREATE }), rules: [] },
  {
    row: "S10",
    why: "an old pod that is not Ready does not help",
    subject: deployment({
      status: { observedGeneration: 1, replicas: 1, updatedReplicas: 1, unavailableReplicas: 1 },
    }),
    rules: STUCK,
  },
  {
    row: "S11",
    why: "an update beside the template starts no rollout",
    before: deployment(),
    subject: deployment({ workload: { revisionHistoryLimit: 3 } }),
    rules: BRIEF,
  },
  {
    row: "S12",
    why: "paused: judged as if it were not",
    subject: deployment({ workload: { paused: true } }),
    rules: STUCK,
  },
  { row: "S12", why: "replicas 0: nothing", subject: deployment({ workload: { replicas: 0 } }), rules: [] },
  {
    row: "S12",
    why: "0 to 1 starts no rollout",
    before: deployment({ workload: { replicas: 0 } }),
    subject: deployment({ workload: { replicas: 1 } }),
    rules: [],
  },
  {
    row: "S13",
    why: "Recreate set together with a new template rolls as Recreate",
    before: deployment(),
    subject: deployment({ ...next, workload: RECREATE }),
    rules: [],
  },
  {
    row: "S13",
    why: "RollingUpdate set back together with a new template",
    before: deployment({ workload: RECREATE }),
    subject: deployment(next),
    rules: STUCK,
  },
  {
    row: "S14",
    why: "way out: undo of an unfinished rollout",
    before: deployment({ ...next, status: { observedGeneration: 2, replicas: 2, updatedReplicas: 1 } }),
    subject: deployment({ status: { observedGeneration: 2, replicas: 2, updatedReplicas: 1 } }),
    rules: BRIEF,
  },
  {
    row: "S14",
    why: "way out: Recreate",
    before: deployment(),
    subject: deployment({ workload: RECREATE }),
    rules: [],
  },
  {
    row: "S14",
    why: "way out: scale to 0",
    before: deployment(),
    subject: deployment({ workload: { replicas: 0 } }),
    rules: [],
  },
  {
    row: "S15",
    why: "two replicas, Recreate included",
    subject: deployment({ workload: { replicas: 2, ...RECREATE } }),
    rules: ["rwo-replicas"],
  },
  {
    row: "S15",
    why: "a rollout gets stuck too",
    subject: deployment({ workload: { replicas: 2 } }),
    rules: CONFLICT,
  },
  {
    row: "S16",
    why: "what the autoscaler may reach",
    subject: deployment({ workload: RECREATE }),
    others: [...RWO, autoscaler({ max: 5 })],
    rules: ["rwo-autoscaling"],
  },
  {
    row: "S16",
    why: "minReplicas above 1",
    subject: deployment({ workload: RECREATE }),
    others: [...RWO, autoscaler({ min: 2, max: 2 })],
    rules: ["rwo-autoscaling"],
  },
  {
    row: "S16",
    why: "a maximum of 1",
    subject: deployment({ workload: RECREATE }),
    others: [...RWO, autoscaler({ max: 1 })],
    rules: [],
  },
  {
    row: "S16",
    why: "0 replicas disables it until they are 1 again, which is never denied: judged as with 1",
    subject: deployment({ workload: { replicas: 0 } }),
    others: [...RWO, autoscaler({ max: 5 })],
    rules: ["rwo-autoscaling"],
  },
  {
    row: "S17",
    why: "WaitForFirstConsumer does not help",
    subject: deployment({ workload: { replicas: 2, ...RECREATE } }),
    rules: ["rwo-replicas"],
  },
  {
    row: "S17",
    why: "a zonal volume keeps the pods in the zone only",
    subject: deployment(),
    others: BOUND(["ReadWriteOnce"], {
      csi: { driver: "ebs.csi.aws.com", volumeHandle: "v" },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: "topology.kubernetes.io/zone", operator: "In", values: ["z1"] }] },
          ],
        },
      },
    }),
    rules: STUCK,
  },
  {
    row: "S18",
    why: "nodeName",
    subject: deployment({ spec: { nodeName: "a" } }),
    rules: [],
    spread: "one-node",
  },
  {
    row: "S18",
    why: "nodeSelector hostname",
    subject: deployment({ spec: onHost("a") }),
    rules: [],
    spread: "one-node",
  },
  {
    row: "S18",
    why: "required node affinity hostname In [one]",
    subject: deployment({ spec: nodeAffinity(hosts("In", "a")) }),
    rules: [],
    spread: "one-node",
  },
  {
    row: "S18",
    why: "matchFields metadata.name In [one]",
    subject: deployment({
      spec: nodeAffinity({ matchFields: [{ key: "metadata.name", operator: "In", values: ["a"] }] }),
    }),
    rules: [],
    spread: "one-node",
  },
  {
    row: "S18",
    why: "several terms that all resolve to the same host",
    subject: deployment({
      spec: nodeAffinity(hosts("In", "a"), {
        matchExpressions: [
          { key: "kubernetes.io/hostname", operator: "In", values: ["a"] },
          { key: "disk", operator: "Exists" },
        ],
      }),
    }),
    rules: [],
    spread: "one-node",
  },
  {
    row: "S18",
    why: "NotIn all other nodes",
    subject: deployment({ spec: nodeAffinity(hosts("NotIn", "b", "c")) }),
    others: [...RWO, ...THREE_NODES],
    rules: [],
    spread: "one-node",
  },
  {
    row: "S18",
    why: "nodeSelector and affinity that intersect in one node",
    subject: deployment({ spec: { ...nodeAffinity(hosts("In", "a", "b")), nodeSelector: { disk: "ssd" } } }),
    others: [...RWO, node("a", { disk: "ssd" }), node("b"), node("c", { disk: "ssd" })],
    rules: [],
    spread: "one-node",
  },
  {
    row: "S18",
    why: "a label that leaves one node",
    subject: deployment({ spec: { nodeSelector: { disk: "ssd" } } }),
    others: [...RWO, node("a", { disk: "ssd" }), node("b")],
    rules: [],
    spread: "one-node",
  },
  {
    row: "S18",
    why: "taints that leave one node",
    subject: deployment(),
    others: [...RWO, node("a"), node("b", {}, { taints: [{ key: "gpu", effect: "NoSchedule" }] })],
    rules: [],
    spread: "one-node",
  },
  {
    row: "S18",
    why: "a cluster of one node",
    subject: deployment({ workload: { replicas: 3 } }),
    others: [...RWO, node("a")],
    rules: [],
    spread: "one-node",
  },
  {
    row: "S18",
    why: "a volume with node affinity to one host",
    subject: deployment(),
    others: BOUND(["ReadWriteOnce"], {
      csi: { driver: "ebs.csi.aws.com", volumeHandle: "v" },
      nodeAffinity: { required: { nodeSelectorTerms: [hosts("In", "a")] } },
    }),
    rules: [],
    spread: "one-node",
  },
  {
    row: "S18",
    why: "taints that the pods tolerate leave more than one node",
    subject: deployment({ spec: { tolerations: [{ key: "dedicated", operator: "Exists" }] } }),
    others: [...RWO, node("a"), node("b", {}, { taints: [{ key: "dedicated", effect: "NoSchedule" }] })],
    rules: STUCK,
    spread: "free",
  },
  {
    row: "S19",
    why: "required self affinity on hostname",
    subject: deployment({ spec: sameNode({ app: "web" }), workload: { replicas: 3 } }),
    rules: [],
    spread: "one-node",
  },
  {
    row: "S19",
    why: "several terms",
    subject: deployment({
      labels: { app: "web", tier: "x" },
      spec: podAffinity(onHostname(APP), onHostname({ labelSelector: { matchLabels: { tier: "x" } } })),
    }),
    rules: [],
    spread: "one-node",
  },
  {
    row: "S19",
    why: "an empty selector",
    subject: deployment({ spec: podAffinity(onHostname({ labelSelector: {} })) }),
    rules: [],
    spread: "one-node",
  },
  {
    row: "S19",
    why: "matchLabelKeys whose value does not change",
    subject: deployment({ spec: podAffinity(onHostname({ ...APP, matchLabelKeys: ["app"] })) }),
    rules: [],
    spread: "one-node",
  },
  {
    row: "S19",
    why: "a wider node affinity beside it",
    subject: deployment({
      spec: {
        affinity: {
          ...(sameNode({ app: "web" }).affinity as Raw),
          ...(nodeAffinity(hosts("In", "a", "b")).affinity as Raw),
        },
      },
    }),
    rules: [],
    spread: "one-node",
  },
  {
    row: "S19",
    why: "a closed group: the other workload carries the same required term",
    subject: deployment({ spec: sameNode({ app: "web" }) }),
    others: [...RWO, deployment({ name: "sidekick", spec: sameNode({ app: "web" }), ...nobody })],
    rules: [],
    spread: "one-node",
  },
  {
    row: "S20",
    why: "affinity to an app of one replica",
    subject: deployment({ spec: sameNode({ app: "db" }) }),
    others: [...RWO, deployment({ name: "db", labels: { app: "db" }, ...nobody })],
    rules: BRIEF,
    spread: "leaning",
  },
  {
    row: "S20",
    why: "affinity to an app of two replicas",
    subject: deployment({ spec: sameNode({ app: "db" }) }),
    others: [...RWO, deployment({ name: "db", labels: { app: "db" }, workload: { replicas: 2 }, ...nobody })],
    rules: STUCK,
    spread: "free",
  },
  {
    row: "S21",
    why: "two values",
    subject: deployment({ spec: nodeAffinity(hosts("In", "a", "b")) }),
    rules: STUCK,
  },
  {
    row: "S21",
    why: "two terms on different hosts",
    subject: deployment({ spec: nodeAffinity(hosts("In", "a"), hosts("In", "b")) }),
    rules: STUCK,
  },
  {
    row: "S21",
    why: "a label on two nodes",
    subject: deployment({ spec: { nodeSelector: { disk: "ssd" } } }),
    others: [...RWO, node("a", { disk: "ssd" }), node("b", { disk: "ssd" })],
    rules: STUCK,
  },
  {
    row: "S21",
    why: "preferred affinity",
    subject: deployment({
      spec: {
        affinity: {
          podAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [
              { weight: 100, podAffinityTerm: onHostname(APP) },
            ],
          },
        },
      },
    }),
    rules: STUCK,
  },
  {
    row: "S21",
    why: "zone topologyKey",
    subject: deployment({ spec: podAffinity({ ...APP, topologyKey: "topology.kubernetes.io/zone" }) }),
    rules: STUCK,
  },
  {
    row: "S21",
    why: "self anti-affinity",
    subject: deployment({
      spec: {
        affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [onHostname(APP)] } },
      },
    }),
    rules: STUCK,
    spread: "apart",
  },
  {
    row: "S21",
    why: "hostname spread constraint",
    subject: deployment({
      spec: {
        topologySpreadConstraints: [
          { ...APP, maxSkew: 1, topologyKey: "kubernetes.io/hostname", whenUnsatisfiable: "DoNotSchedule" },
        ],
      },
    }),
    rules: STUCK,
    spread: "apart",
  },
  {
    row: "S21",
    why: "the selector matches pods that do not carry the term",
    subject: deployment({ spec: sameNode({ app: "web" }) }),
    others: [...RWO, deployment({ name: "other", ...nobody })],
    rules: STUCK,
  },
  {
    row: "S21",
    why: "a selector on a label that the rollout changes",
    before: deployment({ labels: { app: "web", version: "1" }, spec: sameNode({ version: "1" }) }),
    subject: deployment({ labels: { app: "web", version: "2" }, spec: sameNode({ version: "2" }) }),
    rules: STUCK,
  },
  {
    row: "S22",
    why: "matchLabelKeys pod-template-hash: scaling is safe, the next revision is not",
    subject: deployment({
      spec: podAffinity(onHostname({ ...APP, matchLabelKeys: ["pod-template-hash"] })),
      workload: { replicas: 3 },
    }),
    rules: STUCK,
  },
  {
    row: "S22",
    why: "with Recreate",
    subject: deployment({
      spec: podAffinity(onHostname({ ...APP, matchLabelKeys: ["pod-template-hash"] })),
      workload: { replicas: 3, ...RECREATE },
    }),
    rules: [],
  },
  {
    row: "S22",
    why: "with one replica and unavailable 1",
    subject: deployment({
      spec: podAffinity(onHostname({ ...APP, matchLabelKeys: ["pod-template-hash"] })),
      workload: fence(0, 1),
    }),
    rules: BRIEF,
  },
  {
    row: "S23",
    why: "self affinity and Recreate",
    subject: deployment({ spec: sameNode({ app: "web" }), workload: { replicas: 2, ...RECREATE } }),
    rules: [],
  },
  {
    row: "S24",
    why: "affinity to labels that nothing known has",
    subject: deployment({ spec: sameNode({ app: "nobody" }) }),
    rules: ["rwo-rolling-update?"],
    spread: "leaning",
  },
  {
    row: "S24",
    why: "the same with three replicas, as beside the pods of an operator",
    subject: deployment({ spec: sameNode({ app: "nobody" }), workload: { replicas: 3 } }),
    rules: ["rwo-replicas?", "rwo-rolling-update?"],
    spread: "leaning",
  },
  {
    row: "S24",
    why: "the same on a wider key",
    subject: deployment({
      spec: podAffinity({
        topologyKey: "topology.kubernetes.io/zone",
        labelSelector: { matchLabels: { app: "nobody" } },
      }),
    }),
    rules: ["rwo-rolling-update"],
    spread: "free",
  },
  {
    row: "S24",
    why: "no labelSelector",
    subject: deployment({ spec: podAffinity({ topologyKey: "kubernetes.io/hostname" }) }),
    rules: [],
    spread: "nowhere",
  },
  {
    row: "S24",
    why: "only another namespace",
    subject: deployment({ spec: podAffinity(onHostname({ ...APP, namespaces: ["elsewhere"] })) }),
    rules: ["rwo-rolling-update?"],
    spread: "leaning",
  },
  {
    row: "S24",
    why: "mismatchLabelKeys on the hash",
    subject: deployment({
      spec: podAffinity(onHostname({ ...APP, mismatchLabelKeys: ["pod-template-hash"] })),
    }),
    rules: ["rwo-rolling-update?"],
    spread: "leaning",
  },
  {
    row: "S24",
    why: "a topologyKey that no node has",
    subject: deployment({ spec: podAffinity({ ...APP, topologyKey: "example.com/rack" }) }),
    others: [...RWO, node("a"), node("b")],
    rules: [],
    spread: "nowhere",
  },
  {
    row: "S25",
    why: "adding self affinity is safe",
    before: deployment(),
    subject: deployment({ spec: sameNode({ app: "web" }) }),
    rules: [],
  },
  {
    row: "S25",
    why: "adding a host pin gets stuck",
    before: deployment(),
    subject: deployment({ spec: onHost("a") }),
    rules: STUCK,
  },
  {
    row: "S25",
    why: "pointing to another claim is safe, the next rollout is not",
    before: deployment(),
    subject: deployment({ claims: ["other"] }),
    others: [...RWO, claim({ name: "other" })],
    rules: BRIEF,
  },
  {
    row: "S26",
    why: "the price of the same-node rule is availability, not a finding",
    subject: deployment({
      spec: {
        ...sameNode({ app: "web" }),
        containers: [
          { name: "main", ports: [{ hostPort: 80 }], volumeMounts: [{ name: "v0", mountPath: "/d" }] },
        ],
      },
    }),
    rules: [],
  },
  {
    row: "S27",
    why: "RWOP, default RollingUpdate, pinned to one host",
    subject: deployment({ spec: onHost("a") }),
    others: rwop(),
    rules: ["rwop-overlap"],
  },
  {
    row: "S27",
    why: "RWOP, two replicas",
    subject: deployment({ workload: { replicas: 2, ...RECREATE } }),
    others: rwop(),
    rules: ["rwop-overlap"],
  },
  {
    row: "S28",
    why: "RWOP, Recreate",
    subject: deployment({ workload: RECREATE }),
    others: rwop(),
    rules: [],
  },
  {
    row: "S28",
    why: "RWOP, 0/1",
    subject: deployment({ workload: fence(0, 1) }),
    others: rwop(),
    rules: ["rwop-overlap?"],
  },
  {
    row: "S29",
    why: "a driver that refuses a second pod on the same node",
    subject: deployment(),
    others: [
      claim({ spec: { storageClassName: "lvm" } }),
      {
        apiVersion: "storage.k8s.io/v1",
        kind: "StorageClass",
        metadata: { name: "lvm" },
        provisioner: "local.csi.openebs.io",
      },
    ],
    rules: ["rwop-overlap"],
  },
  {
    row: "S29",
    why: "unless it is told to share",
    subject: deployment(),
    others: [
      claim({ spec: { storageClassName: "lvm" } }),
      {
        apiVersion: "storage.k8s.io/v1",
        kind: "StorageClass",
        metadata: { name: "lvm" },
        provisioner: "local.csi.openebs.io",
        parameters: { shared: "yes" },
      },
    ],
    rules: [],
  },
  {
    row: "S30",
    why: "two Deployments on one claim",
    subject: deployment({ workload: RECREATE }),
    others: [...RWO, deployment({ name: "two", labels: { app: "two" }, workload: RECREATE })],
    rules: ["rwo-shared-claim?"],
  },
  {
    row: "S30",
    why: "with a StatefulSet",
    subject: deployment({ workload: RECREATE }),
    others: [...RWO, statefulSet({ name: "two", labels: { app: "two" } })],
    rules: ["rwo-shared-claim?"],
  },
  {
    row: "S30",
    why: "with a Pod",
    subject: deployment({ workload: RECREATE }),
    others: [...RWO, pod({ name: "two", labels: { app: "two" } })],
    rules: ["rwo-shared-claim?"],
  },
  {
    row: "S30",
    why: "each with its own self affinity",
    subject: deployment({ spec: sameNode({ app: "web" }) }),
    others: [...RWO, deployment({ name: "two", labels: { app: "two" }, spec: sameNode({ app: "two" }) })],
    rules: ["rwo-shared-claim?"],
  },
  {
    row: "S31",
    why: "all pinned to the same node",
    subject: deployment({ spec: onHost("a") }),
    others: [...RWO, deployment({ name: "two", labels: { app: "two" }, spec: onHost("a") })],
    rules: [],
  },
  {
    row: "S31",
    why: "pinned to different nodes",
    subject: deployment({ spec: onHost("a") }),
    others: [...RWO, deployment({ name: "two", labels: { app: "two" }, spec: onHost("b") })],
    rules: ["rwo-shared-claim?"],
  },
  {
    row: "S31",
    why: "all carry and require one common label on hostname",
    subject: deployment({ labels: { app: "web", volume: "data" }, spec: sameNode({ volume: "data" }) }),
    others: [
      ...RWO,
      deployment({ name: "two", labels: { app: "two", volume: "data" }, spec: sameNode({ volume: "data" }) }),
    ],
    rules: [],
  },
  {
    row: "S32",
    why: "one-sided affinity: the anchor",
    subject: deployment({ workload: RECREATE }),
    others: [...RWO, deployment({ name: "two", labels: { app: "two" }, spec: sameNode({ app: "web" }) })],
    rules: ["rwo-shared-claim?"],
  },
  {
    row: "S32",
    why: "one-sided affinity: the follower",
    subject: deployment({
      name: "two",
      labels: { app: "two" },
      spec: sameNode({ app: "web" }),
      workload: RECREATE,
    }),
    others: [...RWO, deployment({ workload: RECREATE })],
    rules: ["rwo-shared-claim?"],
  },
  {
    row: "S33",
    why: "a finished Job releases the volume",
    subject: deployment({ workload: RECREATE }),
    others: [
      ...RWO,
      job({ name: "two", labels: { app: "two" }, status: { completionTime: "2026-01-01T00:00:00Z" } }),
    ],
    rules: [],
  },
  {
    row: "S33",
    why: "a Job beside a Deployment",
    subject: deployment({ workload: RECREATE }),
    others: [...RWO, job({ name: "two", labels: { app: "two" } })],
    rules: ["rwo-shared-claim?"],
  },
  {
    row: "S33",
    why: "a Job with parallelism 2 is serialised and completes",
    subject: job({ workload: { parallelism: 2 } }),
    rules: ["rwo-replicas?"],
  },
  { row: "S34", why: "a DaemonSet on one claim", subject: daemonSet(), rules: ["rwo-replicas"] },
  {
    row: "S34",
    why: "a workload of 0 replicas does not count as sharing",
    subject: deployment({ workload: RECREATE }),
    others: [...RWO, deployment({ name: "two", labels: { app: "two" }, workload: { replicas: 0 } })],
    rules: [],
  },
  {
    row: "S35",
    why: "a StatefulSet with claim templates",
    subject: statefulSet({
      claims: [],
      workload: { replicas: 3, volumeClaimTemplates: [{ metadata: { name: "v" } }] },
      spec: { containers: [{ name: "main", volumeMounts: [{ name: "v", mountPath: "/d" }] }] },
    }),
    rules: [],
  },
  {
    row: "S35",
    why: "a generic ephemeral volume",
    subject: deployment({
      claims: [],
      workload: { replicas: 3 },
      spec: {
        containers: [{ name: "main", volumeMounts: [{ name: "v", mountPath: "/d" }] }],
        volumes: [
          { name: "v", ephemeral: { volumeClaimTemplate: { spec: { accessModes: ["ReadWriteOnce"] } } } },
        ],
      },
    }),
    rules: [],
  },
  { row: "S36", why: "a StatefulSet of one that names a claim", subject: statefulSet(), rules: [] },
  {
    row: "S36",
    why: "a StatefulSet of two that names a claim",
    subject: statefulSet({ workload: { replicas: 2 } }),
    rules: ["rwo-replicas"],
  },
  {
    row: "S37",
    why: "adds required self affinity",
    before: deployment(),
    subject: deployment({ spec: sameNode({ app: "web" }) }),
    rules: [],
  },
  {
    row: "S37",
    why: "points to another claim",
    before: deployment(),
    subject: deployment({ claims: ["other"] }),
    others: [...RWO, claim({ name: "other" })],
    rules: BRIEF,
  },
  {
    row: "S37",
    why: "touches only metadata",
    before: deployment(),
    subject: deployment({ annotationsOnObject: { note: "x" } }),
    rules: BRIEF,
  },
  {
    row: "S37",
    why: "sets Recreate together with a new template",
    before: deployment(),
    subject: deployment({ ...next, workload: RECREATE }),
    rules: [],
  },
  {
    row: "S38",
    why: "adds a host pin",
    before: deployment(),
    subject: deployment({ spec: onHost("a") }),
    rules: STUCK,
  },
  {
    row: "S38",
    why: "moves a host pin",
    before: deployment({ spec: onHost("a") }),
    subject: deployment({ spec: onHost("b") }),
    rules: STUCK,
  },
  {
    row: "S38",
    why: "removes a host pin",
    before: deployment({ spec: onHost("a") }),
    subject: deployment(),
    rules: STUCK,
  },
  {
    row: "S38",
    why: "from Recreate to RollingUpdate with a new template",
    before: deployment({ workload: RECREATE }),
    subject: deployment(next),
    rules: STUCK,
  },
  {
    row: "S39",
    why: "raises replicas together with a template change",
    before: deployment(),
    subject: deployment({ ...next, workload: { replicas: 2 } }),
    rules: CONFLICT,
  },
  {
    row: "S39",
    why: "raises replicas alone",
    before: deployment(),
    subject: deployment({ workload: { replicas: 2 } }),
    rules: ["rwo-replicas", "rwo-rolling-update?"],
  },
  {
    row: "S39",
    why: "while paused",
    before: deployment({ workload: { paused: true } }),
    subject: deployment({ workload: { paused: true, replicas: 2 } }),
    rules: ["rwo-replicas", "rwo-rolling-update?"],
  },
  {
    row: "S50",
    why: "Recreate and another number of replicas while a rollout is unfinished",
    before: deployment({
      workload: { replicas: 2 },
      status: { observedGeneration: 2, replicas: 3, updatedReplicas: 1 },
    }),
    subject: deployment({ workload: { replicas: 1, ...RECREATE } }),
    rules: ["rwo-rolling-update?"],
  },
];

t.test("the verdict is what the real controllers do", async (t) => {
  for (const { row, why, subject, before, others = RWO, rules, spread } of CASES) {
    const judged = before ? judgeUpdate(before, subject, others) : judge(subject, others);
    t.strictSame(judged.rules, rules, `${row}: ${why}`);
    if (spread) t.equal(judged.factors.spread, spread, `${row}: ${why}: spread`);
  }
});

t.test("manifests of API versions that are gone are judged as apps/v1", async (t) => {
  const old = { ...deployment(), apiVersion: "extensions/v1beta1" };
  const judged = judge(old, RWO);
  t.strictSame(judged.rules, STUCK, "its default was 1/1, today's is 25%/25%");
  t.match(judged.evidence.join("\n"), /extensions\/v1beta1/, "and the evidence says so");
});

/** How kinds of other projects are read, S40 to S49: their readers' tests have the cases. */
const ROWS_OF_OTHER_KINDS = Array.from({ length: 10 }, (_, at) => `S${40 + at}`);

t.test("every row of docs/semantics.md has a case", async (t) => {
  const text = readFileSync(join(import.meta.dirname, "../../docs/semantics.md"), "utf8");
  const rows = [...text.matchAll(/^\| (S\d+) \|/gm)].map(([, row]) => row as string);
  const covered = new Set([...CASES.map(({ row }) => row), ...ROWS_OF_OTHER_KINDS]);
  t.strictSame(
    rows.filter((row) => !covered.has(row)),
    [],
  );
  t.equal(rows.length, 50);
});
