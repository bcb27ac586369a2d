import type { Change } from "../../src/policy/ratchet.ts";
import { autoscaler, claim, deployment, sameNode, statefulSet, storageClass } from "../support/objects.ts";

export type Raw = Readonly<Record<string, unknown>>;

export const RWO: readonly Raw[] = [claim(), storageClass];
export const SCALED = [...RWO, autoscaler({ max: 5 })];
export const RECREATE: Raw = { strategy: { type: "Recreate" } };
const ZERO_ONE: Raw = { strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } } };
export const replicas = (count: number, more: Raw = {}): Raw => ({ workload: { replicas: count, ...more } });
export const next: Raw = { annotations: { restarted: "now" } };
export const underWay: Raw = { status: { observedGeneration: 3, replicas: 2, updatedReplicas: 1 } };
const heldBack: Raw = { status: { observedGeneration: 3, replicas: 1, updatedReplicas: 0 } };
const partly: Raw = { status: { observedGeneration: 3, replicas: 3, updatedReplicas: 1 } };
const paused = (of: Raw = {}, more: Raw = {}): Raw =>
  deployment({ ...of, workload: { paused: true, ...more } });
export const range = (min: number, max: number): readonly Raw[] => [...RWO, autoscaler({ min, max })];
const complete: Raw = { status: { observedGeneration: 3, replicas: 2, updatedReplicas: 2 } };

export interface Case {
  readonly why: string;
  readonly before: Raw;
  readonly after: Raw;
  readonly others?: readonly Raw[];
  /** Where the others were different before. */
  readonly othersBefore?: readonly Raw[];
  readonly cause?: Change["cause"];
  readonly rules: readonly string[];
}

export const CASES: readonly Case[] = [
  {
    why: "a template change starts the rollout it is about",
    before: deployment(),
    after: deployment(next),
    rules: ["rwo-rolling-update"],
  },
  {
    why: "metadata only: known",
    before: deployment(),
    after: deployment({ annotationsOnObject: { a: "b" } }),
    rules: ["rwo-rolling-update?"],
  },
  {
    why: "more replicas: the steady finding is new",
    before: deployment(),
    after: deployment(replicas(2)),
    rules: ["rwo-replicas", "rwo-rolling-update?"],
  },
  {
    why: "more replicas than before, known or not",
    before: deployment(replicas(2, RECREATE)),
    after: deployment(replicas(3, RECREATE)),
    rules: ["rwo-replicas"],
  },
  {
    why: "fewer replicas, still too many: a way out",
    before: deployment(replicas(3, RECREATE)),
    after: deployment(replicas(2, RECREATE)),
    rules: ["rwo-replicas?"],
  },
  { why: "to 0: a way out", before: deployment(replicas(3)), after: deployment(replicas(0)), rules: [] },
  {
    why: "a strategy changed while a rollout is under way replaces none",
    before: deployment({ ...underWay, workload: ZERO_ONE }),
    after: deployment(underWay),
    rules: ["rwo-rolling-update"],
  },
  {
    why: "from 0 pods a template change replaces none: the new template is judged with itself",
    before: deployment(replicas(0)),
    after: deployment({
      ...replicas(2),
      labels: { app: "new" },
      spec: sameNode({ app: "new" }),
    }),
    rules: [],
  },
  {
    why: "0 to 1 judges steady only",
    before: deployment(replicas(0)),
    after: deployment(replicas(1)),
    rules: [],
  },
  {
    why: "0 to 1 by the scale subresource",
    before: deployment(replicas(0)),
    after: deployment(replicas(1)),
    cause: "scale",
    rules: [],
  },
  {
    why: "0 to 1 under an autoscaler that was judged when it was written",
    before: deployment(replicas(0)),
    after: deployment(replicas(1)),
    others: SCALED,
    rules: ["rwo-autoscaling?"],
  },
  {
    why: "0 to 1 with a new template starts no rollout either",
    before: deployment(replicas(0)),
    after: deployment({ ...next, ...replicas(1) }),
    rules: [],
  },
  {
    why: "0 to 3 is judged in full",
    before: deployment(replicas(0, RECREATE)),
    after: deployment(replicas(3, RECREATE)),
    rules: ["rwo-replicas"],
  },
  {
    why: "scale up",
    before: deployment(replicas(1, RECREATE)),
    after: deployment(replicas(3, RECREATE)),
    cause: "scale",
    rules: ["rwo-replicas"],
  },
  {
    why: "scale to the same number",
    before: deployment(replicas(3, RECREATE)),
    after: deployment(replicas(3, RECREATE)),
    cause: "scale",
    rules: ["rwo-replicas?"],
  },
  {
    why: "scale down",
    before: deployment(replicas(3, RECREATE)),
    after: deployment(replicas(2, RECREATE)),
    cause: "scale",
    rules: ["rwo-replicas?"],
  },
  {
    why: "switch to Recreate, steady findings known",
    before: deployment(replicas(3)),
    after: deployment(replicas(3, RECREATE)),
    rules: ["rwo-replicas?"],
  },
  {
    why: "switch away from Recreate is judged in full, also before any rollout",
    before: deployment({ workload: RECREATE }),
    after: deployment(),
    rules: ["rwo-rolling-update"],
  },
  {
    why: "from passing to stuck is worse than what was known",
    before: deployment({ workload: ZERO_ONE }),
    after: deployment(),
    rules: ["rwo-rolling-update"],
  },
  {
    why: "the claim removed: nothing left",
    before: deployment(replicas(3)),
    after: deployment({ ...replicas(3), claims: [] }),
    rules: [],
  },
  {
    why: "a claim added where another one was already fought over: the same finding",
    before: deployment({ ...replicas(3, RECREATE) }),
    after: deployment({ ...replicas(3, RECREATE), claims: ["data", "more"] }),
    others: [...RWO, claim({ name: "more" })],
    rules: ["rwo-replicas?"],
  },
  {
    why: "self-affinity added",
    before: deployment(replicas(3)),
    after: deployment({ ...replicas(3), spec: sameNode({ app: "web" }) }),
    rules: [],
  },
  {
    why: "a template change replaces a rollout that is under way",
    before: deployment({ ...underWay }),
    after: deployment({ ...next, ...underWay }),
    rules: ["rwo-rolling-update?"],
  },
  {
    why: "undo of a moved host pin, whose rollout is under way",
    before: deployment({ ...underWay, spec: { nodeSelector: { "kubernetes.io/hostname": "b" } } }),
    after: deployment({ ...underWay, spec: { nodeSelector: { "kubernetes.io/hostname": "a" } } }),
    rules: ["rwo-rolling-update?"],
  },
  {
    why: "a rollout that is complete",
    before: deployment({ ...complete }),
    after: deployment({ ...next, ...complete }),
    rules: ["rwo-rolling-update"],
  },
  {
    why: "a status that was never observed says nothing",
    before: deployment({ status: { replicas: 2, updatedReplicas: 1 } }),
    after: deployment(next),
    rules: ["rwo-rolling-update"],
  },
  {
    why: "under Recreate nothing is under way that RollingUpdate would replace",
    before: deployment({ ...underWay, workload: RECREATE }),
    after: deployment({ ...next, ...underWay }),
    rules: ["rwo-rolling-update"],
  },
  {
    why: "an unfinished rollout does not excuse more replicas",
    before: deployment({ ...underWay }),
    after: deployment({ ...next, ...underWay, ...replicas(2) }),
    rules: ["rwo-replicas", "rwo-rolling-update?"],
  },
  {
    why: "a StatefulSet scaled up",
    before: statefulSet(),
    after: statefulSet(replicas(2)),
    rules: ["rwo-replicas"],
  },
  {
    why: "a StatefulSet that was so before, with a new template",
    before: statefulSet(replicas(2)),
    after: statefulSet({ ...next, ...replicas(2) }),
    rules: ["rwo-replicas?"],
  },
  {
    why: "a minimum above 1 and above the present replicas, under the same maximum",
    before: deployment({ workload: RECREATE }),
    after: deployment({ workload: RECREATE }),
    others: range(2, 5),
    othersBefore: range(1, 5),
    cause: "autoscaler",
    rules: ["rwo-autoscaling"],
  },
  {
    why: "the same under a lower maximum",
    before: deployment({ workload: RECREATE }),
    after: deployment({ workload: RECREATE }),
    others: range(2, 3),
    othersBefore: range(1, 5),
    cause: "autoscaler",
    rules: ["rwo-autoscaling"],
  },
  {
    why: "a minimum that is there already",
    before: deployment(replicas(3, RECREATE)),
    after: deployment(replicas(3, RECREATE)),
    others: range(3, 5),
    othersBefore: range(1, 5),
    cause: "autoscaler",
    rules: ["rwo-autoscaling?"],
  },
  {
    why: "a lower minimum",
    before: deployment({ workload: RECREATE }),
    after: deployment({ workload: RECREATE }),
    others: range(2, 5),
    othersBefore: range(3, 5),
    cause: "autoscaler",
    rules: ["rwo-autoscaling?"],
  },
  {
    why: "an autoscaler on a workload at 0: as if it had 1",
    before: deployment(replicas(0)),
    after: deployment(replicas(0)),
    others: range(1, 5),
    othersBefore: RWO,
    cause: "autoscaler",
    rules: ["rwo-autoscaling"],
  },
  {
    why: "a lower maximum on a workload at 0",
    before: deployment(replicas(0)),
    after: deployment(replicas(0)),
    others: range(1, 3),
    othersBefore: range(1, 5),
    cause: "autoscaler",
    rules: ["rwo-autoscaling?"],
  },
  {
    why: "the claim mounted while it is at 0, under an autoscaler",
    before: deployment({ ...replicas(0), claims: [] }),
    after: deployment(replicas(0)),
    others: SCALED,
    rules: ["rwo-autoscaling"],
  },
  {
    why: "the claim created while it is at 0, under an autoscaler",
    before: deployment(replicas(0)),
    after: deployment(replicas(0)),
    others: SCALED,
    othersBefore: [storageClass, autoscaler({ max: 5 })],
    cause: "claim",
    rules: ["rwo-autoscaling"],
  },
  {
    why: "to 0 under an autoscaler: a way out",
    before: deployment(replicas(3, RECREATE)),
    after: deployment(replicas(0, RECREATE)),
    others: SCALED,
    rules: ["rwo-autoscaling?"],
  },
  {
    why: "self-affinity added while it is at 0, under an autoscaler",
    before: deployment(replicas(0)),
    after: deployment({ ...replicas(0), spec: sameNode({ app: "web" }) }),
    others: SCALED,
    rules: [],
  },
  {
    why: "unpausing what was held back starts its rollout",
    before: paused(heldBack),
    after: deployment(heldBack),
    rules: ["rwo-rolling-update"],
  },
  {
    why: "unpausing with nothing held back",
    before: paused(complete),
    after: deployment(complete),
    rules: ["rwo-rolling-update?"],
  },
  {
    why: "unpausing before anything was observed",
    before: paused(),
    after: deployment(),
    rules: ["rwo-rolling-update?"],
  },
  {
    why: "unpausing in the middle of a rollout adds nothing to it",
    before: paused(partly, { replicas: 3 }),
    after: deployment({ ...partly, ...replicas(3) }),
    rules: ["rwo-replicas?", "rwo-rolling-update?"],
  },
  {
    why: "unpausing with Recreate",
    before: paused(heldBack),
    after: deployment({ ...heldBack, workload: RECREATE }),
    rules: [],
  },
  {
    why: "unpausing what is held back and safe",
    before: paused({ ...heldBack, spec: sameNode({ app: "web" }) }),
    after: deployment({ ...heldBack, spec: sameNode({ app: "web" }) }),
    rules: [],
  },
  {
    why: "pausing starts nothing",
    before: deployment(complete),
    after: paused(complete),
    rules: ["rwo-rolling-update?"],
  },
  {
    why: "a template change while paused is judged as if it were not",
    before: paused(complete),
    after: paused({ ...next, ...complete }),
    rules: ["rwo-rolling-update"],
  },
  {
    why: "putting the running template back while another is held back",
    before: paused({ ...next, ...heldBack }),
    after: paused(heldBack),
    rules: ["rwo-rolling-update?"],
  },
  {
    why: "paused, nothing has begun that a template change would replace: unpausing with it is judged",
    before: paused({ ...next, ...heldBack }),
    after: deployment(heldBack),
    rules: ["rwo-rolling-update"],
  },
  {
    why: "paused in the middle of a rollout, a template change replaces it",
    before: paused(partly, { replicas: 3 }),
    after: paused({ ...next, ...partly }, { replicas: 3 }),
    rules: ["rwo-replicas?", "rwo-rolling-update?"],
  },
  {
    why: "Recreate and another number in the middle of a rollout stops the controller (semantics S50)",
    before: deployment({ ...underWay, ...replicas(2) }),
    after: deployment({ ...underWay, ...replicas(1, RECREATE) }),
    rules: ["rwo-rolling-update?"],
  },
  {
    why: "the same to 0",
    before: deployment(underWay),
    after: deployment({ ...underWay, ...replicas(0, RECREATE) }),
    rules: ["rwo-rolling-update?"],
  },
  {
    why: "Recreate, then another number, both while paused",
    before: paused(heldBack, RECREATE),
    after: paused(heldBack, { ...RECREATE, replicas: 0 }),
    cause: "scale",
    rules: ["rwo-rolling-update?"],
  },
  {
    why: "Recreate alone",
    before: deployment(underWay),
    after: deployment({ ...underWay, workload: RECREATE }),
    rules: [],
  },
  {
    why: "the number as a second step",
    before: deployment({ ...underWay, ...replicas(2, RECREATE) }),
    after: deployment({ ...underWay, ...replicas(1, RECREATE) }),
    rules: [],
  },
  {
    why: "both when no rollout is under way",
    before: deployment({ ...complete, ...replicas(2) }),
    after: deployment({ ...complete, ...replicas(1, RECREATE) }),
    rules: [],
  },
];
