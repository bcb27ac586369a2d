import { overlay } from "../../cluster/overlay.ts";
import { contextOf } from "../../judge/context.ts";
import type { Fact } from "../../kube/fact.ts";
import { evaluate } from "../../policy/evaluate.ts";
import type { Workload } from "../../policy/model.ts";
import type { Change } from "../../policy/ratchet.ts";
import type { Subject } from "../subject.ts";
import { judgeWithMemory } from "./inferred.ts";
import { lookUp, type Outcome, outcomeOf, type RequestContext } from "./request-context.ts";

/** CREATE or UPDATE of a Deployment or StatefulSet, with the autoscalers that were there first. */
export async function judgeWorkload(
  request: RequestContext,
  subject: Extract<Subject, { type: "workload" }>,
): Promise<Outcome> {
  const { next, previous, templateChanged, specChanged } = subject;
  const mounting = [next, ...(previous ? [previous] : [])].filter(
    ({ template }) => template.mounts.length > 0,
  );
  const view =
    mounting.length === 0
      ? request.cluster.view
      : await lookUp(request, {
          workloads: mounting,
          // The deployment controller writes annotations all the time; those cannot bring a hazard about.
          ...(specChanged ? { autoscalersIn: next.namespace } : {}),
        });
  const context = await contextOf(request, next);
  return judgeWithMemory(request, view, async (base) => {
    const change: Change | null = previous && {
      previous,
      previousView: overlay(base, [factOf(previous)]),
      specChanged,
      templateChanged,
      cause: "update",
    };
    return outcomeOf(evaluate(overlay(base, [factOf(next)]), next, change, context), next, context);
  });
}

export function factOf(workload: Workload): Fact {
  return { kind: workload.kind, object: workload };
}
