import { overlay, type Removal } from "../cluster/overlay.ts";
import { autoscalerFact, workloadFact } from "../kube/fact.ts";
import { isScaled } from "../kube/kinds.ts";
import { isMadeOf } from "../policy/autoscalers.ts";
import { borrowersOf, borrowing, inForce } from "../policy/borrowed-template.ts";
import { evaluate, type Judgement, type JudgementContext } from "../policy/evaluate.ts";
import type { Autoscaler, Workload } from "../policy/model.ts";
import { type ClusterView, knownValue } from "../policy/view.ts";
import { contextOf, type JudgeSettings } from "./context.ts";
import { notFound, type Target, targetIn } from "./target.ts";

/** The cluster before and after the change. */
export interface Pictures {
  readonly before: ClusterView;
  readonly after: ClusterView;
  /** True where they differ in workloads and autoscalers alone. */
  readonly claimsKept?: true | undefined;
}

/** A workload that is created or updated. */
export interface WorkloadChange {
  readonly next: Workload;
  /** `null` where it is created. */
  readonly previous: Workload | null;
  readonly templateChanged: boolean;
  /** False where only metadata changed. */
  readonly specChanged: boolean;
}

/** An autoscaler that is created or updated. */
export interface AutoscalerChange {
  readonly next: Autoscaler;
  /** `null` where it is created. */
  readonly previous: Autoscaler | null;
}

/** The outcome of a change for one workload: the one written, or one that another object's change affects. */
export interface ChangeJudgement {
  /** With the template that its pods run. */
  readonly workload: Workload;
  readonly judgement: Judgement;
  readonly context: JudgementContext;
}

/**
 * Judges a workload that is created or updated, and every Argo Rollout that runs pods of its template (semantics S47).
 * Works alike for a request to the API server and for a change of files.
 */
export async function judgeWorkloadChange(
  change: WorkloadChange,
  pictures: Pictures,
  settings: JudgeSettings,
): Promise<readonly ChangeJudgement[]> {
  const { next, previous } = change;
  const { before, after } = pictures;
  const written = inForce(next, after);
  const judged = [
    await judgeWritten(written, previous && inForce(previous, before), change, pictures, settings),
  ];
  for (const borrower of borrowersOf(next, after)) {
    const [now, then] = [borrowing(borrower, next), previous && borrowing(borrower, previous)];
    judged.push(await judgeWritten(now, then, change, pictures, settings));
  }
  return judged;
}

async function judgeWritten(
  workload: Workload,
  previous: Workload | null,
  { specChanged, templateChanged }: WorkloadChange,
  { before, after, claimsKept }: Pictures,
  settings: JudgeSettings,
): Promise<ChangeJudgement> {
  const context = await contextOf(settings, workload);
  const change = previous && {
    previous,
    previousView: before,
    claimsKept,
    specChanged,
    templateChanged,
    cause: "update" as const,
  };
  return { workload, judgement: evaluate(after, workload, change, context), context };
}

/**
 * Judges a new number of replicas, set through the scale subresource.
 *
 * @param base the cluster as it is
 */
export async function judgeScaleChange(
  workload: Workload,
  replicas: { readonly before: number | undefined; readonly after: number },
  base: ClusterView,
  settings: JudgeSettings,
): Promise<ChangeJudgement> {
  const previous = replicas.before === undefined ? workload : scaledTo(workload, replicas.before);
  const next = scaledTo(previous, replicas.after);
  const context = await contextOf(settings, next);
  const change = {
    previous,
    previousView: overlay(base, [workloadFact(previous)]),
    claimsKept: true as const,
    specChanged: true,
    templateChanged: false,
    cause: "scale" as const,
  };
  return {
    workload: next,
    judgement: evaluate(overlay(base, [workloadFact(next)]), next, change, context),
    context,
  };
}

export function scaledTo(workload: Workload, replicas: number): Workload {
  return { ...workload, pods: { by: "replicas", replicas: Math.max(0, replicas) } };
}

/** The workload that an autoscaler scales, or why it is not judged. */
export type ScaledWorkload = { readonly workload: Workload } | { readonly unjudged: string };

/** @param view the cluster as it is, with or without the autoscaler */
export function scaledBy(autoscaler: Autoscaler, view: ClusterView): ScaledWorkload {
  const target = targetOf(autoscaler);
  if (target === undefined) {
    const { kind, name } = autoscaler.target;
    return { unjudged: `it targets ${kind} ${name}, which is not judged` };
  }
  const found = targetIn(view, target, undefined);
  return found.state === "known" ? { workload: found.value } : { unjudged: notFound(target, found) };
}

/** The name of an autoscaler's target, if the target's kind is judged. */
export function targetOf({ target: { kind, name }, namespace }: Autoscaler): Target | undefined {
  return isScaled(kind) ? { kind, namespace, name } : undefined;
}

/**
 * Judges an autoscaler that is created or updated, through the workload that it scales.
 *
 * @param view the cluster around the workload, with or without the autoscaler
 */
export async function judgeAutoscalerChange(
  { next, previous }: AutoscalerChange,
  workload: Workload,
  view: ClusterView,
  settings: JudgeSettings,
): Promise<ChangeJudgement | { readonly unjudged: string }> {
  const known = knownValue(view.autoscalersOf(workload)) ?? [];
  const maker = known.find((other) => isMadeOf(next, other));
  if (maker !== undefined) {
    // KEDA would only retry, and its users look at the ScaledObject.
    return { unjudged: `KEDA creates it from ScaledObject ${maker.name}, which was judged` };
  }
  // This review must not report on the workload's other autoscalers, nor may those make its findings look known.
  const others = known.map(removalOf);
  const context = await contextOf(settings, workload);
  const change = {
    previous: workload,
    previousView: overlay(view, previous === null ? [] : [autoscalerFact(previous)], [
      ...others,
      removalOf(next),
    ]),
    claimsKept: true as const,
    // Only a higher or a new maximum or minimum can cause a hazard.
    specChanged:
      previous === null || next.maxReplicas > previous.maxReplicas || next.minReplicas > previous.minReplicas,
    templateChanged: false,
    cause: "autoscaler" as const,
  };
  return {
    workload,
    judgement: evaluate(overlay(view, [autoscalerFact(next)], others), workload, change, context),
    context,
  };
}

function removalOf({ kind, namespace, name }: Autoscaler): Removal {
  return { kind, namespace, name };
}

/** Judges a claim that is created, for one of the workloads that mount it. */
export async function judgeClaimArrival(
  claimName: string,
  workload: Workload,
  { before, after }: Pictures,
  settings: JudgeSettings,
): Promise<ChangeJudgement> {
  const context = await contextOf(settings, workload);
  const change = {
    previous: workload,
    previousView: before,
    specChanged: false,
    templateChanged: false,
    cause: "claim" as const,
    claim: claimName,
  };
  return { workload, judgement: evaluate(after, workload, change, context), context };
}
