import type { Container, Pod } from "./facts.ts";

/** Succeeded or Failed: it holds nothing and starts nothing. */
export function isFinished(pod: Pod): boolean {
  return pod.phase === "Succeeded" || pod.phase === "Failed";
}

export function isTerminating(pod: Pod): boolean {
  return pod.deletedAt !== undefined;
}

/** A container of any sort that the status shows as running. */
export function hasRunningContainer(pod: Pod): boolean {
  return pod.containers.some(({ state }) => state === "running");
}

/**
 * True while the controller keeps the pod's volumes on its node (A6, `pkg/volume/util/util.go` IsPodTerminated). A
 * container whose state is not said counts as running, as there.
 */
export function wantsVolumes(pod: Pod): boolean {
  if (pod.nodeName === undefined || isFinished(pod)) return false;
  if (!isTerminating(pod)) return true;
  return pod.containers.some(({ state }) => state === "running" || state === "unknown");
}

/** Reasons of a container that waits for no error: its volumes, its sandbox, or an init container. */
const STARTING_REASONS: ReadonlySet<string> = new Set(["", "ContainerCreating", "PodInitializing"]);

/** A container that waits because something about it is wrong; its volumes are mounted by then. */
export function failingContainer(pod: Pod): Container | undefined {
  return pod.containers.find(({ state, reason }) => state === "waiting" && !STARTING_REASONS.has(reason));
}

/** How far a pod has come. `creating`: on a node, and no container has been started yet. */
export const STAGES = ["finished", "terminating", "unscheduled", "creating", "failing", "running"] as const;
export type Stage = (typeof STAGES)[number];

export function stageOf(pod: Pod): Stage {
  if (isFinished(pod)) return "finished";
  if (isTerminating(pod)) return "terminating";
  if (pod.nodeName === undefined) return "unscheduled";
  if (failingContainer(pod) !== undefined) return "failing";
  return hasRunningContainer(pod) || pod.phase === "Running" ? "running" : "creating";
}

/** A pod that has not started: it waits for something, be it the volume or not. */
export function isWaiting(pod: Pod): boolean {
  const stage = stageOf(pod);
  return stage === "unscheduled" || stage === "creating";
}
