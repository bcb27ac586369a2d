import type { Autoscaler } from "./model.ts";

/**
 * True where KEDA made the HorizontalPodAutoscaler of this ScaledObject and nobody has widened it since: it names it
 * as its controller, scales the same target, and stays within its range (semantics S40, S42). KEDA raises a minimum
 * of 0 to 1.
 */
export function isMadeOf(autoscaler: Autoscaler, scaledObject: Autoscaler): boolean {
  return (
    autoscaler.kind === "HorizontalPodAutoscaler" &&
    scaledObject.kind === "ScaledObject" &&
    autoscaler.scaledObject !== undefined &&
    autoscaler.scaledObject.uid === scaledObject.uid &&
    autoscaler.target.kind === scaledObject.target.kind &&
    autoscaler.target.name === scaledObject.target.name &&
    autoscaler.maxReplicas <= Math.max(scaledObject.maxReplicas, 1) &&
    autoscaler.minReplicas >= scaledObject.minReplicas
  );
}

/** A list without the autoscalers that were made of another one in it: the two are one. */
export function withoutMadeOnes(autoscalers: readonly Autoscaler[]): readonly Autoscaler[] {
  const scaledObjects = autoscalers.filter(({ kind }) => kind === "ScaledObject");
  if (scaledObjects.length === 0) return autoscalers;
  return autoscalers.filter((one) => !scaledObjects.some((scaledObject) => isMadeOf(one, scaledObject)));
}
