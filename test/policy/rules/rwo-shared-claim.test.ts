import t from "tap";
import {
  claim,
  deployment,
  job,
  node,
  sameNode,
  statefulSet,
  storageClass,
  volume,
} from "../../support/objects.ts";
import { type RuleCase, ruleTable } from "../../support/rule-table.ts";

const RWO = [claim(), storageClass];
const recreate = { workload: { strategy: { type: "Recreate" } } };
const two = (more: Parameters<typeof deployment>[0] = {}): ReturnType<typeof deployment> =>
  deployment({ name: "two", labels: { app: "two" }, ...recreate, ...more });
const host = (name: string): Readonly<Record<string, unknown>> => ({
  nodeSelector: { "kubernetes.io/hostname": name },
});
const pinned = volume({
  spec: {
    csi: { driver: "disk.example.com", volumeHandle: "v" },
    nodeAffinity: {
      required: {
        nodeSelectorTerms: [
          { matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: ["a"] }] },
        ],
      },
    },
  },
});

const CASES: readonly RuleCase[] = [
  {
    why: "two workloads",
    subject: deployment(recreate),
    others: [...RWO, two()],
    severity: "warning",
    says: /shares claim data with Deployment two/,
  },
  {
    why: "three workloads, named as in a sentence",
    subject: deployment(recreate),
    others: [...RWO, two(), two({ name: "three" }), job({ name: "backup" })],
    severity: "warning",
    says: /shares claim data with Deployments three and two and Job backup, but only one node/,
  },
  { why: "alone", subject: deployment(recreate), severity: null },
  {
    why: "the last of two claims, the other of which nobody else mounts",
    subject: deployment({ ...recreate, claims: ["own", "data"] }),
    others: [...RWO, claim({ name: "own" }), two()],
    severity: "warning",
    says: /shares claim data with Deployment two/,
  },
  {
    why: "the first of two claims, the other of which nobody else mounts",
    subject: deployment({ ...recreate, claims: ["data", "own"] }),
    others: [...RWO, claim({ name: "own" }), two()],
    severity: "warning",
    says: /shares claim data with Deployment two/,
  },
  {
    why: "the other one is scaled to 0",
    subject: deployment(recreate),
    others: [...RWO, two({ workload: { replicas: 0 } })],
    severity: null,
  },
  {
    why: "this one is scaled to 0",
    subject: deployment({ workload: { replicas: 0 } }),
    others: [...RWO, two()],
    severity: null,
  },
  {
    why: "the other one is in another namespace, with a claim of its own",
    subject: deployment(recreate),
    others: [...RWO, two({ namespace: "elsewhere" }), claim({ namespace: "elsewhere" })],
    severity: null,
  },
  {
    why: "a Job that has finished",
    subject: deployment(recreate),
    others: [...RWO, job({ name: "two", status: { completionTime: "2026-01-01T00:00:00Z" } })],
    severity: null,
  },
  {
    why: "pinned to the same host",
    subject: deployment({ ...recreate, spec: host("a") }),
    others: [...RWO, two({ spec: host("a") })],
    severity: null,
  },
  {
    why: "only one of them is pinned",
    subject: deployment({ ...recreate, spec: host("a") }),
    others: [...RWO, two()],
    severity: "warning",
  },
  {
    why: "one common label, required by both",
    subject: deployment({
      ...recreate,
      labels: { app: "web", with: "data" },
      spec: sameNode({ with: "data" }),
    }),
    others: [...RWO, two({ labels: { app: "two", with: "data" }, spec: sameNode({ with: "data" }) })],
    severity: null,
  },
  {
    why: "one common label, required by one",
    subject: deployment({
      ...recreate,
      labels: { app: "web", with: "data" },
      spec: sameNode({ with: "data" }),
    }),
    others: [...RWO, two({ labels: { app: "two", with: "data" } })],
    severity: "warning",
  },
  {
    why: "a cluster of one node",
    subject: deployment(recreate),
    others: [...RWO, two(), node("a")],
    severity: null,
  },
  {
    why: "the volume is on one host",
    subject: deployment(recreate),
    others: [claim({ spec: { volumeName: "pv-data" } }), pinned, two()],
    severity: null,
  },
  {
    why: "ReadWriteMany",
    subject: deployment(recreate),
    others: [claim({ modes: ["ReadWriteMany"] }), storageClass, two()],
    severity: null,
  },
  {
    why: "several others: the names are sorted and counted",
    subject: deployment(recreate),
    others: [
      ...RWO,
      two(),
      statefulSet({ name: "s1" }),
      statefulSet({ name: "s2" }),
      statefulSet({ name: "s3" }),
    ],
    severity: "warning",
    says: /with Deployment two and StatefulSets s1, s2 and s3, but/,
  },
];

t.test("of very many that share a claim the first ones are compared and named", async (t) => {
  const crowd = Array.from({ length: 60 }, (_, at) => two({ name: `n${String(at).padStart(2, "0")}` }));
  ruleTable(
    t,
    "rwo-shared-claim",
    [
      {
        why: "60 others",
        subject: deployment(recreate),
        others: [...RWO, ...crowd],
        severity: "warning",
        says: /n00, /,
      },
    ],
    RWO,
  );
});

t.test("rwo-shared-claim", async (t) => ruleTable(t, "rwo-shared-claim", CASES, RWO));
