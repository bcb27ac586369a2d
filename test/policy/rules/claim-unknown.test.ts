import t from "tap";
import { evaluate } from "../../../src/policy/evaluate.ts";
import { DEFAULT_OPTIONS } from "../../../src/policy/options.ts";
import { type ClusterView, unknown } from "../../../src/policy/view.ts";
import { bundle } from "../../support/bundle.ts";
import { judgeUpdate } from "../../support/judge.ts";
import {
  autoscaler,
  claim,
  deployment,
  file,
  node,
  sameNode,
  statefulSet,
  storageClass,
} from "../../support/objects.ts";
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

t.test(
  "a claim that may only be out of sight is no ground for a denial, however it is configured",
  async (t) => {
    const severity = (...unread: readonly string[]) => {
      const { view, workload } = bundle(file(deployment({ claims: ["a", "b"] }), storageClass), {
        closed: true,
      });
      const blind = new Proxy(view, {
        get: (of, key) => {
          if (key === "claim") {
            return (namespace: string, name: string) =>
              unread.includes(name) ? unknown("it timed out") : of.claim(namespace, name);
          }
          const value: unknown = Reflect.get(of, key, of);
          return typeof value === "function" ? value.bind(of) : value;
        },
      }) as ClusterView;
      const options = { ...DEFAULT_OPTIONS, severities: { "claim-unknown": "error" as const } };
      const context = { options, waiver: null, namespace: null, dryRun: false };
      return evaluate(blind, workload(), null, context).findings.map((finding) => finding.severity);
    };
    t.strictSame(severity(), ["error"]);
    t.strictSame(severity("a"), ["warning"]);
    t.strictSame(severity("a", "b"), ["warning"]);
  },
);

t.test("an autoscaler's review speaks of a claim that it makes several pods need", async (t) => {
  const judged = (max: number) =>
    judgeUpdate(deployment(), deployment(), [storageClass, autoscaler({ max })], {
      cause: "autoscaler",
      othersBefore: [storageClass],
    }).rules;
  t.strictSame(judged(3), ["claim-unknown?"]);
  t.strictSame(judged(1), [], "not of what a rollout does");
});
