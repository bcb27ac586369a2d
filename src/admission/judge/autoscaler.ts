import { overlay, type Removal } from "../../cluster/overlay.ts";
import { contextOf } from "../../judge/context.ts";
import { autoscalerFact } from "../../kube/fact.ts";
import { isScaled } from "../../kube/kinds.ts";
import { isMadeOf } from "../../policy/autoscalers.ts";
import { evaluate } from "../../policy/evaluate.ts";
import type { Autoscaler } from "../../policy/model.ts";
import { type ClusterView, knownValue } from "../../policy/view.ts";
import type { Subject, Target } from "../subject.ts";
import { judgeWithMemory } from "./inferred.ts";
import { NOTHING, type Outcome, outcomeOf, type RequestContext } from "./request-context.ts";
import { lookUpTarget, notFound, targetIn } from "./target.ts";

/** CREATE or UPDATE of an autoscaler, judged through the workload that it targets. */
export async function judgeAutoscaler(
  request: RequestContext,
  subject: Extract<Subject, { type: "autoscaler" }>,
): Promise<Outcome> {
  const { next } = subject;
  if (!isScaled(next.target.kind)) {
    return { ...NOTHING, notes: [`it targets ${next.target.kind} ${next.target.name}, which is not judged`] };
  }
  const target: Target = { kind: next.target.kind, namespace: next.namespace, name: next.target.name };
  const { scaledObject: owner } = next;
  const prepared = await lookUpTarget(
    request,
    target,
    undefined,
    owner && { namespace: next.namespace, ...owner },
  );
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
  const known = knownValue(view.autoscalersOf(workload)) ?? [];
  const maker = known.find((other) => isMadeOf(next, other));
  if (maker !== undefined) {
    // KEDA would only try again, and whoever waits for it looks at the ScaledObject.
    return { ...NOTHING, notes: [`KEDA makes it of ScaledObject ${maker.name}, which was judged`] };
  }
  // Of other autoscalers of the workload this review is not to speak, nor may they make what it brings look known.
  const others = known.map(removalOf);
  const context = await contextOf(request, workload);
  const judgement = evaluate(
    overlay(view, [autoscalerFact(next)], others),
    workload,
    {
      previous: workload,
      previousView: overlay(view, previous === null ? [] : [autoscalerFact(previous)], [
        ...others,
        removalOf(next),
      ]),
      // Only a higher maximum or minimum, or one that is new, can bring a hazard about.
      specChanged:
        previous === null ||
        next.maxReplicas > previous.maxReplicas ||
        next.minReplicas > previous.minReplicas,
      templateChanged: false,
      cause: "autoscaler",
    },
    context,
  );
  return outcomeOf(judgement, workload, context);
}

function removalOf({ kind, namespace, name }: Autoscaler): Removal {
  return { kind, namespace, name };
}
