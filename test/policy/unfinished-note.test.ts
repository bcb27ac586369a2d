import t from "tap";
import { unfinishedNote, withNote } from "../../src/policy/unfinished-note.ts";
import { bundle } from "../support/bundle.ts";
import { judge } from "../support/judge.ts";
import { claim, deployment, file, statefulSet, storageClass } from "../support/objects.ts";

type Raw = Readonly<Record<string, unknown>>;

const unfinished = { observedGeneration: 3, replicas: 3, updatedReplicas: 1 };
const noted = (object: Raw): string | undefined => unfinishedNote(bundle(file(object)).workload());

t.test("a Deployment whose rollout has not finished is told of, with what gets it out", async (t) => {
  t.match(
    noted(deployment({ status: unfinished })),
    /^Deployment web: its last rollout has not finished \(1 of 3 pods are new\); kubectl rollout undo gets it out/,
  );
  t.match(
    noted(deployment({ status: unfinished, workload: { paused: true } })),
    /it is paused: kubectl rollout resume first, then undo/,
  );
  t.equal(noted(deployment({ status: { ...unfinished, updatedReplicas: 3 } })), undefined);
  t.equal(
    noted(deployment({ status: { ...unfinished, updatedReplicas: 0 }, workload: { paused: true } })),
    undefined,
    "it has not begun",
  );
  t.type(noted(deployment({ status: { ...unfinished, updatedReplicas: 0 } })), "string");
  t.equal(noted(deployment()), undefined, "no status is known");
  t.equal(noted(deployment({ status: unfinished, workload: { strategy: { type: "Recreate" } } })), undefined);
  t.equal(noted(statefulSet({ status: unfinished })), undefined, "undo is a Deployment's");
});

t.test("only an error gets the note", async (t) => {
  const [error] = judge(deployment(), [claim(), storageClass]).findings;
  if (error === undefined) throw new Error("nothing was found");
  const findings = [error, { ...error, severity: "warning" as const }];
  t.strictSame(
    withNote(findings, "so").map(({ notes }) => notes.includes("so")),
    [true, false],
  );
});
