import t from "tap";
import { judgeUpdate } from "../support/judge.ts";
import { claim, deployment, rollout, storageClass } from "../support/objects.ts";

type Raw = Readonly<Record<string, unknown>>;

const RWO = [claim(), storageClass];
const unfinished: Raw = { observedGeneration: 3, replicas: 2, updatedReplicas: 1 };
const at = (replicas: number, more: Raw = {}, status: Raw = unfinished): Raw =>
  deployment({ status, workload: { replicas, ...more } });
const recreate = (replicas: number, more: Raw = {}, status: Raw = unfinished): Raw =>
  at(replicas, { strategy: { type: "Recreate" }, ...more }, status);
const halts = (before: Raw, after: Raw, others: readonly Raw[] = RWO): boolean =>
  judgeUpdate(before, after, others).findings.some(({ problem, also, severity }) => {
    const told = [problem, ...also].some((text) => text.includes("the Deployment controller stops acting"));
    return told && severity === "warning";
  });

t.test("Recreate and another number at once stop the controller of an unfinished rollout", async (t) => {
  t.equal(halts(at(1), recreate(2)), true);
  t.equal(halts(at(2), recreate(1)), true, "fewer, too");
  t.equal(halts(at(1), recreate(1)), false, "the same number");
  t.equal(halts(at(1), at(2)), false, "no Recreate");
  t.equal(halts(recreate(1), recreate(2)), false, "it was Recreate before");
  t.equal(
    halts(recreate(1, { paused: true }), recreate(2, { paused: true })),
    true,
    "in two steps while it is paused",
  );
  const finished = { observedGeneration: 3, replicas: 2, updatedReplicas: 2 };
  t.equal(halts(at(1, {}, finished), recreate(2, {}, finished)), false, "the rollout has finished");
  t.equal(halts(at(1, {}, {}), recreate(2, {}, {})), false, "nothing is known of a rollout");
  t.equal(halts(at(1), recreate(2), [claim({ modes: ["ReadWriteMany"] })]), false, "nothing is held");
  t.equal(
    halts(at(1), recreate(2), [claim({ modes: ["ReadWriteOncePod"] }), storageClass]),
    true,
    "one pod holds it",
  );
  t.equal(
    halts(rollout({ status: unfinished }), rollout({ workload: { replicas: 3 }, status: unfinished })),
    false,
    "another controller",
  );
});
