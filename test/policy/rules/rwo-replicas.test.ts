import t from "tap";
import {
  autoscaler,
  claim,
  daemonSet,
  deployment,
  job,
  node,
  sameNode,
  statefulSet,
  storageClass,
} from "../../support/objects.ts";
import { type RuleCase, ruleTable } from "../../support/rule-table.ts";

const RWO = [claim(), storageClass];
const three = { workload: { replicas: 3 } };

const CASES: readonly RuleCase[] = [
  { why: "several replicas", subject: deployment(three), severity: "error", says: /asks for 3 replicas/ },
  { why: "one replica", subject: deployment(), severity: null },
  {
    why: "one replica and an autoscaler: another rule's",
    subject: deployment(),
    others: [...RWO, autoscaler({ max: 5 })],
    severity: null,
  },
  {
    why: "several replicas and an autoscaler: both rules",
    subject: deployment(three),
    others: [...RWO, autoscaler({ max: 5 })],
    severity: "error",
  },
  {
    why: "kept on one node",
    subject: deployment({ ...three, spec: sameNode({ app: "web" }) }),
    severity: null,
  },
  {
    why: "leaning: softer",
    subject: deployment({ ...three, spec: sameNode({ app: "db" }) }),
    others: [...RWO, deployment({ name: "db", labels: { app: "db" }, claims: [] })],
    severity: "warning",
  },
  { why: "a StatefulSet that names a claim", subject: statefulSet(three), severity: "error" },
  { why: "a DaemonSet", subject: daemonSet(), severity: "error", says: /several pods at once/ },
  { why: "a DaemonSet on one node", subject: daemonSet(), others: [...RWO, node("a")], severity: null },
  {
    why: "a Job of two pods ends by itself",
    subject: job({ workload: { parallelism: 2 } }),
    severity: "warning",
  },
  { why: "a Job of one pod", subject: job(), severity: null },
  {
    why: "NFS has no attach step: another rule's",
    subject: deployment(three),
    others: [
      claim({ spec: { storageClassName: "nfs" } }),
      {
        apiVersion: "storage.k8s.io/v1",
        kind: "StorageClass",
        metadata: { name: "nfs" },
        provisioner: "nfs.csi.k8s.io",
      },
    ],
    severity: null,
  },
];

t.test("rwo-replicas", async (t) => ruleTable(t, "rwo-replicas", CASES, RWO));
