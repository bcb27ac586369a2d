import t from "tap";
import { DEFAULT_OPTIONS } from "../../src/policy/options.ts";
import { judge, judgeUpdate } from "../support/judge.ts";
import { deployment } from "../support/objects.ts";
import { CASES, next, type Raw, RECREATE, RWO, range, replicas, SCALED, underWay } from "./ratchet-cases.ts";

t.test("an update is an error only for what it sets off", async (t) => {
  for (const { why, before, after, others = RWO, othersBefore = others, cause = "update", rules } of CASES) {
    const judged = judgeUpdate(before, after, others, { cause, othersBefore });
    t.strictSame(judged.rules, rules, why);
  }
});

t.test("ratchet always: every known finding stays a warning", async (t) => {
  const options = { ...DEFAULT_OPTIONS, ratchet: "always" as const };
  t.strictSame(judgeUpdate(deployment(), deployment(next), RWO, { options }).rules, ["rwo-rolling-update?"]);
  t.strictSame(
    judgeUpdate(deployment({ workload: RECREATE }), deployment(), RWO, { options }).rules,
    ["rwo-rolling-update"],
    "what is new is still an error",
  );
});

t.test("ratchet never: known findings stay errors, the ways out stay open", async (t) => {
  const options = { ...DEFAULT_OPTIONS, ratchet: "never" as const };
  const judged = (before: Raw, after: Raw): readonly string[] =>
    judgeUpdate(before, after, RWO, { options }).rules;
  t.strictSame(
    judged(deployment(), deployment({ workload: { minReadySeconds: 5 } })),
    ["rwo-rolling-update"],
    "another field of the spec",
  );
  t.strictSame(
    judged(deployment(), deployment({ annotationsOnObject: { a: "b" } })),
    ["rwo-rolling-update?"],
    "metadata only",
  );
  t.strictSame(
    judged(deployment(replicas(3)), deployment(replicas(3, RECREATE))),
    ["rwo-replicas?"],
    "to Recreate",
  );
  t.strictSame(
    judged(deployment(replicas(3, RECREATE)), deployment(replicas(2, RECREATE))),
    ["rwo-replicas?"],
    "scaling down",
  );
  t.strictSame(judged(deployment(replicas(0)), deployment(replicas(1))), [], "0 to 1");
  t.strictSame(
    judged(deployment(underWay), deployment({ ...next, ...underWay })),
    ["rwo-rolling-update?"],
    "undo",
  );
});

t.test("a demoted finding says why it is a warning only", async (t) => {
  const [finding] = judgeUpdate(deployment(), deployment({ annotationsOnObject: { a: "b" } }), RWO).findings;
  t.same(finding?.notes, ["a warning only: it was so before this change"]);
});

t.test("waking under a minimum above 1 passes, and says what to do first", async (t) => {
  const others = range(2, 5);
  const judged = judgeUpdate(deployment(replicas(0)), deployment(replicas(1)), others, { cause: "scale" });
  t.strictSame(judged.rules, ["rwo-autoscaling?"]);
  const [finding] = judged.findings;
  t.match(
    finding?.notes.join(),
    /HorizontalPodAutoscaler web makes it 2 pods at once: set its minReplicas to 1 first/,
  );
  t.match(
    finding?.fixes.flatMap(({ targets }) => targets),
    [{ object: { kind: "HorizontalPodAutoscaler", name: "web" }, patch: { spec: { minReplicas: 1 } } }],
    "with its patch",
  );
  const never = { ...DEFAULT_OPTIONS, ratchet: "never" as const };
  t.strictSame(
    judgeUpdate(deployment(replicas(0)), deployment(replicas(1)), others, { options: never }).rules,
    ["rwo-autoscaling?"],
    "whatever is configured",
  );
});

t.test("a workload at 0 that an autoscaler targets: denied on CREATE, a warning in files", async (t) => {
  const { rules, findings } = judge(deployment(replicas(0)), SCALED);
  t.strictSame(rules, ["rwo-autoscaling"]);
  t.match(findings[0]?.evidence.join(), /at 0 replicas now, judged as if it had 1/);
  t.strictSame(judge(deployment(replicas(0)), RWO).rules, [], "without an autoscaler nobody makes pods");
  t.strictSame(judge(deployment(replicas(0)), range(1, 1)).rules, [], "nor with one that makes one");
  const stands = judge(deployment(replicas(0)), SCALED, DEFAULT_OPTIONS, { asItStands: true });
  t.strictSame(stands.rules, ["rwo-autoscaling?"]);
  t.match(stands.findings[0]?.notes.join(), /it is at 0 replicas now/);
});
