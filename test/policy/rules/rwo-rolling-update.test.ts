import t from "tap";
import { claim, deployment, node, sameNode, statefulSet, storageClass } from "../../support/objects.ts";
import { type RuleCase, ruleTable } from "../../support/rule-table.ts";

const RWO = [claim(), storageClass];
const rolling = (maxSurge: unknown, maxUnavailable: unknown): Readonly<Record<string, unknown>> => ({
  strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge, maxUnavailable } },
});
const antiAffinity = {
  affinity: {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { topologyKey: "kubernetes.io/hostname", labelSelector: { matchLabels: { app: "web" } } },
      ],
    },
  },
};

const unmatchable = {
  affinity: {
    podAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: "kubernetes.io/hostname" }],
    },
  },
};

const CASES: readonly RuleCase[] = [
  {
    why: "the old pod is kept: can get stuck",
    subject: deployment(),
    severity: "error",
    says: /can get stuck/,
  },
  {
    why: "the old pod may go first: passes",
    subject: deployment({ workload: rolling(0, 1) }),
    severity: "warning",
    says: /transient Multi-Attach/,
  },
  {
    why: "kept apart for certain: gets stuck",
    subject: deployment({ spec: antiAffinity }),
    severity: "error",
    says: /gets stuck/,
  },
  {
    why: "kept apart, but the old pod may go first",
    subject: deployment({ workload: rolling(0, 1), spec: antiAffinity }),
    severity: "warning",
    says: /will raise/,
  },
  {
    why: "leaning on an app of one replica: softer",
    subject: deployment({ spec: sameNode({ app: "db" }) }),
    others: [...RWO, deployment({ name: "db", labels: { app: "db" }, claims: [] })],
    severity: "warning",
  },
  {
    why: "one node: nothing to wait for",
    subject: deployment(),
    others: [...RWO, node("a")],
    severity: null,
  },
  {
    why: "leaning on pods that nobody knows: softer, and it says on what",
    subject: deployment({ spec: sameNode({ app: "nobody" }) }),
    severity: "warning",
    says: /one node as long as the pods that match are on one/,
  },
  {
    why: "no pod can be placed at all",
    subject: deployment({ spec: unmatchable }),
    severity: null,
  },
  { why: "Recreate", subject: deployment({ workload: { strategy: { type: "Recreate" } } }), severity: null },
  { why: "a StatefulSet deletes first", subject: statefulSet(), severity: null },
  { why: "no replicas", subject: deployment({ workload: { replicas: 0 } }), severity: null },
  {
    why: "ReadWriteMany",
    subject: deployment(),
    others: [claim({ modes: ["ReadWriteMany"] }), storageClass],
    severity: null,
  },
  {
    why: "ReadWriteOncePod is another rule's",
    subject: deployment(),
    others: [claim({ modes: ["ReadWriteOncePod"] }), storageClass],
    severity: null,
  },
  {
    why: "several claims, one of them ReadWriteMany: only the others are listed",
    subject: deployment({ claims: ["a", "b", "c"] }),
    others: [
      claim({ name: "a" }),
      claim({ name: "b", modes: ["ReadWriteMany"] }),
      claim({ name: "c" }),
      storageClass,
    ],
    severity: "error",
    claims: ["a", "c"],
  },
  {
    why: "the same claim under two volume names is one claim",
    subject: deployment({ claims: ["data", "data"] }),
    severity: "error",
    claims: ["data"],
  },
  {
    why: "an unreadable surge: the default, and the message says so",
    subject: deployment({ workload: rolling("abc", 0) }),
    severity: "error",
    says: /maxSurge "abc"/,
  },
  {
    why: "a disk named in the pod",
    subject: deployment({
      claims: [],
      spec: {
        containers: [{ name: "main", volumeMounts: [{ name: "d", mountPath: "/d" }] }],
        volumes: [{ name: "d", awsElasticBlockStore: { volumeID: "v" } }],
      },
    }),
    severity: "error",
    claims: ["d"],
  },
];

t.test("rwo-rolling-update", async (t) => ruleTable(t, "rwo-rolling-update", CASES, RWO));
