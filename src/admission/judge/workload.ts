import { isDeepStrictEqual } from "node:util";
import type { Prepared } from "../../cluster/cluster.ts";
import { overlay } from "../../cluster/overlay.ts";
import { contextOf } from "../../judge/context.ts";
import { workloadFact } from "../../kube/fact.ts";
import { borrowersOf, borrowing, inForce } from "../../policy/borrowed-template.ts";
import { evaluate } from "../../policy/evaluate.ts";
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
    const outcomes: Outcome[] = [];
    for (const one of judgedInPlaceOf(subject, overlay(base, [workloadFact(subject.next)]))) {
      outcomes.push(await judgeOver(request, { ...subject, ...one }, subject, base));
    }
    return {
      findings: outcomes.flatMap(({ findings }) => findings),
      notes: outcomes.flatMap(({ notes }) => notes),
      cutShort: outcomes.some(({ cutShort }) => cutShort),
    };
  };
  const outcome = await judgeWithMemory(request, prepared, judge);
  if (!startsAnew(subject)) return outcome;
  const workload = inForce(subject.next, prepared.view);
  const context = await contextOf(request, workload);
  return judgeWithUnseenAutoscalers(request, { workload, prepared, outcome, judge, context });
}

/** The moments at which an autoscaler that was made an instant before would change the verdict of a workload. */
function startsAnew({ next, previous }: WorkloadSubject): boolean {
  if (previous === null) return true;
  return isAtZero(previous) ? !isAtZero(next) : !isDeepStrictEqual(next.strategy, previous.strategy);
}

function isAtZero({ pods }: Workload): boolean {
  return pods.by === "replicas" && pods.replicas === 0;
}

async function prepare(
  request: RequestContext,
  { next, previous, specChanged }: WorkloadSubject,
): Promise<Prepared> {
  const versions = [next, ...(previous ? [previous] : [])];
  const mounting = versions.filter(({ template }) => template.mounts.length > 0);
  const lender = next.templateFrom;
  const ownClaims = versions.some(({ claimTemplates }) => claimTemplates.length > 0);
  if (mounting.length === 0 && lender === undefined && !ownClaims) return asItStands(request);
  return lookUp(request, {
    workloads: mounting,
    ...(lender && { target: { kind: lender.kind, namespace: next.namespace, name: lender.name } }),
    // The deployment controller writes annotations all the time; those cannot bring a hazard about.
    ...(specChanged ? { autoscalersIn: next.namespace } : {}),
  });
}

/**
 * The workloads whose pods change: the one that is written, and every Argo Rollout that runs pods of its template
 * (semantics S47).
 */
function judgedInPlaceOf(
  { next, previous }: WorkloadSubject,
  laid: ClusterView,
): readonly Pick<WorkloadSubject, "next" | "previous">[] {
  const borrowers = borrowersOf(next, laid).map((borrower) => ({
    next: borrowing(borrower, next),
    previous: previous && borrowing(borrower, previous),
  }));
  return [{ next: inForce(next, laid), previous: previous && inForce(previous, laid) }, ...borrowers];
}

async function judgeOver(
  request: RequestContext,
  { next, previous, specChanged, templateChanged }: WorkloadSubject,
  written: Pick<WorkloadSubject, "next" | "previous">,
  base: ClusterView,
): Promise<Outcome> {
  const context = await contextOf(request, next);
  const change = previous && {
    previous,
    previousView: overlay(base, asFacts(written.previous)),
    specChanged,
    templateChanged,
    cause: "update" as const,
  };
  const judgement = evaluate(overlay(base, asFacts(written.next)), next, change, context);
  const note = previous === null || judgement.findings.length === 0 ? undefined : unfinishedNote(previous);
  const findings = withNote(judgement.findings, note);
  const outcome = outcomeOf({ ...judgement, findings }, next, context);
  return note === undefined ? outcome : { ...outcome, notes: [...outcome.notes, note] };
}

function asFacts(workload: Workload | null) {
  return workload === null ? [] : [workloadFact(workload)];
}
