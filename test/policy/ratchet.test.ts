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

t.test("a rollout that had not finished makes a template change an undo, which is a way out", async (t) => {
  const options = { ...DEFAULT_OPTIONS, ratchet: "never" as const };
  const three = (more: Raw = {}): Raw => deployment({ ...more, ...replicas(3) });
  const rules = (before: Raw, after: Raw): readonly string[] =>
    judgeUpdate(before, after, RWO, { options }).rules;
  t.strictSame(
    rules(three(underWay), three({ ...next, ...underWay })),
    ["rwo-replicas?", "rwo-rolling-update?"],
    "undo",
  );
  t.strictSame(rules(three(), three(next)), ["rwo-replicas", "rwo-rolling-update"], "nothing was under way");
  t.strictSame(
    rules(three(underWay), deployment({ ...underWay, ...replicas(3, { minReadySeconds: 5 }) })),
    ["rwo-replicas", "rwo-rolling-update"],
    "another field undoes nothing",
  );
});

t.test("each leniency says its own reason", async (t) => {
  const notes = (before: Raw, after: Raw, others: readonly Raw[], cause: "update" | "scale" = "update") =>
    judgeUpdate(before, after, others, { cause }).findings.flatMap((finding) => finding.notes);
  const [zero, one, two, three] = [0, 1, 2, 3].map((count) => deployment(replicas(count))) as [
    Raw,
    Raw,
    Raw,
    Raw,
  ];
  const atZero = deployment({ ...replicas(0), annotationsOnObject: { a: "b" } });
  const scaledObject = {
    apiVersion: "keda.sh/v1alpha1",
    kind: "ScaledObject",
    metadata: { name: "web", namespace: "shop" },
    spec: { scaleTargetRef: { name: "web" }, maxReplicaCount: 5 },
  };
  const woken = [...RWO, scaledObject];
  const toZero = "a warning only: scaling to 0 is always allowed";
  const down = "a warning only: scaling down is always allowed";
  const known = "a warning only: it was so before this change";
  t.strictSame(notes(three, zero, woken), [toZero, toZero], "to 0");
  t.strictSame(notes(zero, atZero, woken), [known, known], "at 0 before too");
  const elsewhere = deployment({ ...replicas(0), ...next });
  t.notOk(notes(three, elsewhere, woken).includes(toZero), "with another template");
  t.ok(notes(three, two, RWO, "scale").includes(down), "down");
  t.ok(notes(three, three, RWO, "scale").includes(down), "to the same number");
  t.notMatch(notes(zero, one, range(1, 5), "scale").join(), /at once/, "a minimum of 1 adds nothing");
});

t.test("what has no pods yet holds no rollout back", async (t) => {
  const status = { observedGeneration: 3, replicas: 0, updatedReplicas: 0 };
  const before = deployment({ status, workload: { paused: true } });
  t.strictSame(judgeUpdate(before, deployment({ status }), RWO).rules, ["rwo-rolling-update?"]);
});
