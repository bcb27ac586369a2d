import { isDeepStrictEqual } from "node:util";
import type { Prepared } from "../../cluster/cluster.ts";
import { overlay } from "../../cluster/overlay.ts";
import { judgeWorkloadChange } from "../../judge/change.ts";
import { contextOf } from "../../judge/context.ts";
import { workloadFact } from "../../kube/fact.ts";
import { inForce } from "../../policy/borrowed-template.ts";
import type { Workload } from "../../policy/model.ts";
import { unfinishedNote, withNote } from "../../policy/unfinished-note.ts";
import type { ClusterView } from "../../policy/view.ts";
import type { Subject } from "../subject.ts";
import { judgeWithMemory } from "./inferred.ts";
import { asItStands, lookUp, type Outcome, outcomeOf, type RequestContext } from "./request-context.ts";
import { judgeWithUnseenAutoscalers } from "./unseen-autoscalers.ts";

type WorkloadSubject = Extract<Subject, { type: "workload" }>;

/** CREATE or UPDATE of a workload, with the autoscalers that were there first. */
export async function judgeWorkload(request: RequestContext, subject: WorkloadSubject): Promise<Outcome> {
  const prepared = await prepare(request, subject);
  const judge = async (base: ClusterView) => {
    const pictures = {
      before: overlay(base, asFacts(subject.previous)),
      after: overlay(base, asFacts(subject.next)),
      claimsKept: true as const,
    };
    const judged = await judgeWorkloadChange(subject, pictures, request);
    return together(
      judged.map((one) => withUnfinishedRollout(outcomeOf(one), one.workload, subject.previous)),
    );
  };
  const outcome = await judgeWithMemory(request, prepared, judge);
  if (!startsAnew(subject)) return outcome;
  const workload = inForce(subject.next, prepared.view);
  const context = await contextOf(request, workload);
  return judgeWithUnseenAutoscalers(request, { workload, prepared, outcome, judge, context });
}

/** Of the workload, and of those that run pods of its template. */
function together(outcomes: readonly Outcome[]): Outcome {
  const [own] = outcomes;
  if (own !== undefined && outcomes.length === 1) return own;
  return {
    findings: outcomes.flatMap(({ findings }) => findings),
    notes: outcomes.flatMap(({ notes }) => notes),
    cutShort: false,
  };
}

/** Adds a note that the previous rollout had not finished, where the change of this very workload causes findings. */
function withUnfinishedRollout(outcome: Outcome, { kind }: Workload, previous: Workload | null): Outcome {
  if (previous === null || kind !== previous.kind || outcome.findings.length === 0) return outcome;
  const note = unfinishedNote(previous);
  if (note === undefined) return outcome;
  return { ...outcome, findings: withNote(outcome.findings, note), notes: [...outcome.notes, note] };
}

/** True for a change whose verdict an autoscaler created an instant before could alter. */
function startsAnew({ next, previous }: WorkloadSubject): boolean {
  if (previous === null) return true;
  return isAtZero(previous) ? !isAtZero(next) : !isDeepStrictEqual(next.strategy, previous.strategy);
}

function isAtZero({ pods }: Workload): boolean {
  return pods.by === "replicas" && pods.replicas === 0;
}

function prepare(
  request: RequestContext,
  { next, previous, specChanged }: WorkloadSubject,
): Prepared | Promise<Prepared> {
  const versions = previous === null ? [next] : [next, previous];
  const mounting = versions.filter(({ template }) => template.mounts.length > 0);
  const lender = next.templateFrom;
  const ownClaims = versions.some(({ claimTemplates }) => claimTemplates.length > 0);
  if (mounting.length === 0 && lender === undefined && !ownClaims) return asItStands(request);
  return lookUp(request, {
    workloads: mounting,
    ...(lender && { target: { kind: lender.kind, namespace: next.namespace, name: lender.name } }),
    // The deployment controller writes annotations all the time; those cannot cause a hazard.
    ...(specChanged ? { autoscalersIn: next.namespace } : {}),
  });
}

function asFacts(workload: Workload | null) {
  return workload === null ? [] : [workloadFact(workload)];
}
