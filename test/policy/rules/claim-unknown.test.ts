import t from "tap";
import { claim, deployment, node, sameNode, statefulSet, storageClass } from "../../support/objects.ts";
import { type RuleCase, ruleTable } from "../../support/rule-table.ts";

const NOTHING = [storageClass];

const CASES: readonly RuleCase[] = [
  {
    why: "two claims are two",
    subject: deployment({ claims: ["a", "b"] }),
    severity: "warning",
    says: /claims a and b were not found/,
  },
  {
    why: "the verdict depends on it",
    subject: deployment(),
    severity: "warning",
    says: /claim data was not found/,
  },
  {
    why: "Recreate: it does not matter",
    subject: deployment({ workload: { strategy: { type: "Recreate" } } }),
    severity: null,
  },
  { why: "a StatefulSet of one: it does not matter", subject: statefulSet(), severity: null },
  {
    why: "several replicas, whatever the strategy",
    subject: statefulSet({ workload: { replicas: 2 } }),
    severity: "warning",
    says: /several pods would need it/,
  },
  { why: "0 replicas", subject: deployment({ workload: { replicas: 0 } }), severity: null },
  { why: "kept on one node", subject: deployment({ spec: sameNode({ app: "web" }) }), severity: null },
  { why: "a cluster of one node", subject: deployment(), others: [node("a")], severity: null },
  {
    why: "another claim gives an error already",
    subject: deployment({ claims: ["data", "missing"] }),
    others: [claim(), storageClass],
    severity: null,
  },
  {
    why: "another claim gives no error",
    subject: deployment({ claims: ["data", "missing"] }),
    others: [claim({ modes: ["ReadWriteMany"] }), storageClass],
    severity: "warning",
    claims: ["missing"],
  },
  {
    why: "a claim without access modes",
    subject: deployment(),
    others: [claim({ modes: [] }), storageClass],
    severity: "warning",
    says: /access modes of claim data are not known[\s\S]*Fix: Set spec.strategy.type/,
  },
];

t.test("claim-unknown", async (t) => ruleTable(t, "claim-unknown", CASES, NOTHING));
