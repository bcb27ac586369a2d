import { judgeScaleChange, scaledTo } from "../../judge/change.ts";
import { contextOf } from "../../judge/context.ts";
import { notFound, targetIn } from "../../judge/target.ts";
import type { ClusterView } from "../../policy/view.ts";
import type { Subject } from "../subject.ts";
import { judgeWithMemory } from "./inferred.ts";
import { NOTHING, type Outcome, outcomeOf, type RequestContext } from "./request-context.ts";
import { lookUpTarget } from "./target.ts";
import { judgeWithUnseenAutoscalers } from "./unseen-autoscalers.ts";

/** UPDATE of a scale subresource, judged through the workload that it belongs to. */
export async function judgeScale(
  request: RequestContext,
  subject: Extract<Subject, { type: "scale" }>,
): Promise<Outcome> {
  const prepared = await lookUpTarget(request, subject.target, subject.uid);
  const judge = (base: ClusterView) => judgeOver(request, subject, base);
  const outcome = await judgeWithMemory(request, prepared, judge);
  const found = targetIn(prepared.view, subject.target, subject.uid);
  if (found.state !== "known" || subject.previousReplicas !== 0 || subject.replicas <= 0) return outcome;
  const workload = scaledTo(found.value, subject.replicas);
  const context = await contextOf(request, workload);
  return judgeWithUnseenAutoscalers(request, { workload, prepared, outcome, judge, context });
}

async function judgeOver(
  request: RequestContext,
  { target, uid, replicas, previousReplicas }: Extract<Subject, { type: "scale" }>,
  view: ClusterView,
): Promise<Outcome> {
  const found = targetIn(view, target, uid);
  if (found.state !== "known") return { ...NOTHING, notes: [notFound(target, found)] };
  const counts = { before: previousReplicas, after: replicas };
  return outcomeOf(await judgeScaleChange(found.value, counts, view, request));
}
