import type { Prepared } from "../../cluster/cluster.ts";
import type { JudgementContext } from "../../policy/evaluate.ts";
import type { Workload } from "../../policy/model.ts";
import { reachOfMount } from "../../policy/reach.ts";
import type { ClusterView } from "../../policy/view.ts";
import { judgeWithMemory } from "./inferred.ts";
import { lookUp, type Outcome, type RequestContext } from "./request-context.ts";

export interface Judged {
  readonly workload: Workload;
  readonly prepared: Prepared;
  /** By the autoscalers as they were known. */
  readonly outcome: Outcome;
  /** Judges again over another view. */
  readonly judge: (view: ClusterView) => Promise<Outcome>;
  readonly context: JudgementContext;
}

/**
 * The outcome, or another one where an autoscaler created an instant before has not been seen yet and would decide. It
 * is looked up only where it could matter: a claim that has to be attached is mounted, nothing else is an error, and no
 * autoscaler is known.
 */
export async function judgeWithUnseenAutoscalers(
  request: RequestContext,
  { workload, prepared, outcome, judge, context }: Judged,
): Promise<Outcome> {
  if (outcome.findings.some(({ severity, exempted }) => severity === "error" && exempted === null))
    return outcome;
  if (!hasNoAutoscaler(prepared.view, workload)) return outcome;
  if (!mountsAttached(prepared.view, workload, context)) return outcome;
  const afresh = await lookUp(request, {
    workloads: [workload],
    autoscalersIn: workload.namespace,
    afresh: true,
  });
  return hasNoAutoscaler(afresh.view, workload) ? outcome : judgeWithMemory(request, afresh, judge);
}

function hasNoAutoscaler(view: ClusterView, workload: Workload): boolean {
  const autoscalers = view.autoscalersOf(workload);
  return autoscalers.state === "known" && autoscalers.value.length === 0;
}

function mountsAttached(
  view: ClusterView,
  { template, namespace }: Workload,
  context: JudgementContext,
): boolean {
  return template.mounts.some((mount) => {
    const { reach } = reachOfMount(mount, namespace, view, context.options);
    return reach === "node" || reach === "pod";
  });
}
