import t from "tap";
import { DEFAULT_OPTIONS } from "../../../src/policy/options.ts";
import { judge, judgeUpdate } from "../../support/judge.ts";
import { autoscaler, claim, deployment, node, sameNode, volume } from "../../support/objects.ts";
import { type RuleCase, ruleTable } from "../../support/rule-table.ts";

const SHARE = [
  claim({ spec: { volumeName: "pv-data" } }),
  volume({ spec: { nfs: { server: "nfs.example.com", path: "/" } } }),
];
const two = { workload: { replicas: 2 } };

const CASES: readonly RuleCase[] = [
  {
    why: "several pods on ReadWriteOnce without an attach step",
    subject: deployment(two),
    severity: "warning",
    says: /nothing stops it/,
  },
  { why: "one pod, also in a rollout", subject: deployment(), severity: null },
  {
    why: "an autoscaler",
    subject: deployment(),
    others: [...SHARE, autoscaler({ max: 2 })],
    severity: "warning",
  },
  {
    why: "kept on one node",
    subject: deployment({ ...two, spec: sameNode({ app: "web" }) }),
    severity: null,
  },
  { why: "a cluster of one node", subject: deployment(two), others: [...SHARE, node("a")], severity: null },
  {
    why: "the volume says ReadWriteMany",
    subject: deployment(two),
    others: [
      SHARE[0] as ReturnType<typeof claim>,
      volume({ modes: ["ReadWriteMany"], spec: { nfs: { server: "nfs.example.com", path: "/" } } }),
    ],
    severity: null,
  },
];

t.test("access-mode-unenforced", async (t) => ruleTable(t, "access-mode-unenforced", CASES, SHARE));

t.test("it can be configured to deny", async (t) => {
  const options = { ...DEFAULT_OPTIONS, severities: { "access-mode-unenforced": "error" as const } };
  t.strictSame(judge(deployment(two), SHARE, options).rules, ["access-mode-unenforced"]);
});

t.test("an autoscaler's review speaks of it where the autoscaler has a part in it", async (t) => {
  const judged = (max: number) =>
    judgeUpdate(deployment(two), deployment(two), [...SHARE, autoscaler({ max })], {
      cause: "autoscaler",
      othersBefore: SHARE,
    }).rules;
  t.strictSame(judged(3), ["access-mode-unenforced?"]);
  t.strictSame(judged(1), []);
});
