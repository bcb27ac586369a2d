import { overlay, type Removal } from "../../cluster/overlay.ts";
import { contextOf } from "../../judge/context.ts";
import type { Fact } from "../../kube/fact.ts";
import { evaluate } from "../../policy/evaluate.ts";
import type { Autoscaler } from "../../policy/model.ts";
import { type ClusterView, knownValue } from "../../policy/view.ts";
import type { Subject, Target } from "../subject.ts";
import { judgeWithMemory } from "./inferred.ts";
import { NOTHING, type Outcome, outcomeOf, type RequestContext } from "./request-context.ts";
import { lookUpTarget, notFound, targetIn } from "./target.ts";

/** Kinds that can be scaled and are judged. */
const SCALED = new Set(["Deployment", "StatefulSet"]);

/** CREATE or UPDATE of an autoscaler, judged through the workload that it targets. */
export async function judgeAutoscaler(
  request: RequestContext,
  subject: Extract<Subject, { type: "autoscaler" }>,
): Promise<Outcome> {
  const { next } = subject;
  if (!SCALED.has(next.target.kind)) {
    return { ...NOTHING, notes: [`it targets ${next.target.kind} ${next.target.name}, which is not judged`] };
  }
  const target: Target = { kind: next.target.kind, namespace: next.namespace, name: next.target.name };
  const prepared = await lookUpTarget(request, target, undefined);
  return judgeWithMemory(request, prepared, (base) => judgeOver(request, subject, target, base));
}

async function judgeOver(
  request: RequestContext,
  { next, previous }: Extract<Subject, { type: "autoscaler" }>,
  target: Target,
  view: ClusterView,
): Promise<Outcome> {
  const found = targetIn(view, target, undefined);
  if (found.state !== "known") return { ...NOTHING, notes: [notFound(target, found)] };
  const workload = found.value;
  // Of other autoscalers of the workload this review is not to speak, nor may they make what it brings look known.
  const others = (knownValue(view.autoscalersOf(workload)) ?? []).map(removalOf);
  const context = await contextOf(request, workload);
  const judgement = evaluate(
    overlay(view, [factOf(next)], others),
    workload,
    {
      previous: workload,
      previousView: overlay(view, previous === null ? [] : [factOf(previous)], [...others, removalOf(next)]),
      // Only a higher maximum, or one that is new, can bring a hazard about.
      specChanged: previous === null || next.maxReplicas > previous.maxReplicas,
      templateChanged: false,
      cause: "autoscaler",
    },
    context,
  );
  return outcomeOf(judgement, workload, context);
}

function factOf(autoscaler: Autoscaler): Fact {
  return { kind: "HorizontalPodAutoscaler", object: autoscaler };
}

function removalOf({ namespace, name }: Autoscaler): Removal {
  return { kind: "HorizontalPodAutoscaler", namespace, name };
}
