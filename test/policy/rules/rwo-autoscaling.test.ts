import t from "tap";
import { judge } from "../../support/judge.ts";
import {
  autoscaler,
  claim,
  deployment,
  sameNode,
  scaledObject,
  storageClass,
} from "../../support/objects.ts";
import { type RuleCase, ruleTable } from "../../support/rule-table.ts";

const RWO = [claim(), storageClass];

const CASES: readonly RuleCase[] = [
  {
    why: "a maximum above 1",
    subject: deployment(),
    others: [...RWO, autoscaler({ max: 5 })],
    severity: "error",
    says: /scaled to 5 pods by HorizontalPodAutoscaler web/,
  },
  { why: "a maximum of 1", subject: deployment(), others: [...RWO, autoscaler({ max: 1 })], severity: null },
  {
    why: "several: the highest is named",
    subject: deployment(),
    others: [...RWO, autoscaler({ name: "a", max: 2 }), autoscaler({ name: "b", max: 9 })],
    severity: "error",
    says: /9 pods by HorizontalPodAutoscaler b/,
  },
  {
    why: "of another workload",
    subject: deployment(),
    others: [...RWO, autoscaler({ max: 5, target: "other" })],
    severity: null,
  },
  {
    why: "0 replicas: it acts once the workload is woken",
    subject: deployment({ workload: { replicas: 0 } }),
    others: [...RWO, autoscaler({ max: 5 })],
    severity: "error",
  },
  {
    why: "kept on one node",
    subject: deployment({ spec: sameNode({ app: "web" }) }),
    others: [...RWO, autoscaler({ max: 5 })],
    severity: null,
  },
  {
    why: "ReadWriteMany",
    subject: deployment(),
    others: [claim({ modes: ["ReadWriteMany"] }), storageClass, autoscaler({ max: 5 })],
    severity: null,
  },
];

t.test("rwo-autoscaling", async (t) => ruleTable(t, "rwo-autoscaling", CASES, RWO));

t.test("a warning's few words name the autoscaler as people know it", async (t) => {
  const brief = (scaler: Readonly<Record<string, unknown>>) =>
    judge(deployment({ workload: { strategy: { type: "Recreate" } } }), [claim(), storageClass, scaler])
      .findings[0]?.brief;
  t.match(brief(autoscaler({ max: 3 })), /^HPA web may run 3 pods/);
  t.match(brief(scaledObject({ spec: { maxReplicaCount: 4 } })), /^ScaledObject web may run 4 pods/);
});
