import { judgeAutoscalerChange, scaledBy, targetOf } from "../../judge/change.ts";
import type { ClusterView } from "../../policy/view.ts";
import type { Subject } from "../subject.ts";
import { judgeWithMemory } from "./inferred.ts";
import { NOTHING, type Outcome, outcomeOf, type RequestContext } from "./request-context.ts";
import { lookUpTarget } from "./target.ts";

type AutoscalerSubject = Extract<Subject, { type: "autoscaler" }>;

/** CREATE or UPDATE of an autoscaler, judged through the workload that it targets. */
export async function judgeAutoscaler(request: RequestContext, subject: AutoscalerSubject): Promise<Outcome> {
  const { next } = subject;
  const target = targetOf(next);
  if (target === undefined) return judgeOver(request, subject, request.cluster.view);
  const { scaledObject: owner } = next;
  const prepared = await lookUpTarget(
    request,
    target,
    undefined,
    owner && { namespace: next.namespace, ...owner },
  );
  return judgeWithMemory(request, prepared, (base) => judgeOver(request, subject, base));
}

async function judgeOver(
  request: RequestContext,
  subject: AutoscalerSubject,
  view: ClusterView,
): Promise<Outcome> {
  const scaled = scaledBy(subject.next, view);
  const judged =
    "unjudged" in scaled ? scaled : await judgeAutoscalerChange(subject, scaled.workload, view, request);
  return "unjudged" in judged ? { ...NOTHING, notes: [judged.unjudged] } : outcomeOf(judged);
}
