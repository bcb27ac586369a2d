import { isDeepStrictEqual } from "node:util";
import { overlay } from "../../cluster/overlay.ts";
import { contextOf } from "../../judge/context.ts";
import type { Fact } from "../../kube/fact.ts";
import { evaluate } from "../../policy/evaluate.ts";
import type { Workload } from "../../policy/model.ts";
import type { Change } from "../../policy/ratchet.ts";
import type { ClusterView } from "../../policy/view.ts";
import type { Subject } from "../subject.ts";
import { judgeWithMemory } from "./inferred.ts";
import { asItStands, lookUp, type Outcome, outcomeOf, type RequestContext } from "./request-context.ts";
import { judgeWithUnseenAutoscalers } from "./unseen-autoscalers.ts";

/** CREATE or UPDATE of a Deployment or StatefulSet, with the autoscalers that were there first. */
export async function judgeWorkload(
  request: RequestContext,
  subject: Extract<Subject, { type: "workload" }>,
): Promise<Outcome> {
  const { next, previous, templateChanged, specChanged } = subject;
  const mounting = [next, ...(previous ? [previous] : [])].filter(
    ({ template }) => template.mounts.length > 0,
  );
  const prepared =
    mounting.length === 0
      ? asItStands(request)
      : await lookUp(request, {
          workloads: mounting,
          // The deployment controller writes annotations all the time; those cannot bring a hazard about.
          ...(specChanged ? { autoscalersIn: next.namespace } : {}),
        });
  const context = await contextOf(request, next);
  const judge = async (base: ClusterView) => {
    const change: Change | null = previous && {
      previous,
      previousView: overlay(base, [factOf(previous)]),
      specChanged,
      templateChanged,
      cause: "update",
    };
    return outcomeOf(evaluate(overlay(base, [factOf(next)]), next, change, context), next, context);
  };
  const outcome = await judgeWithMemory(request, prepared, judge);
  return startsAnew(next, previous)
    ? judgeWithUnseenAutoscalers(request, { workload: next, prepared, outcome, judge, context })
    : outcome;
}

/** The moments at which an autoscaler that was made an instant before would change the verdict of a workload. */
function startsAnew(next: Workload, previous: Workload | null): boolean {
  if (previous === null) return true;
  return isAtZero(previous) ? !isAtZero(next) : !isDeepStrictEqual(next.strategy, previous.strategy);
}

function isAtZero({ pods }: Workload): boolean {
  return pods.by === "replicas" && pods.replicas === 0;
}

export function factOf(workload: Workload): Fact {
  return { kind: workload.kind, object: workload };
}
