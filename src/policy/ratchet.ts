import type { Moment } from "./factors.ts";
import type { RuleId } from "./finding.ts";
import type { Autoscaler, PodCount, Workload } from "./model.ts";
import type { PolicyOptions } from "./options.ts";
import { rolloutUnfinished } from "./rollout-status.ts";
import type { Match, WorkloadRule } from "./rules/rule.ts";
import type { Situation } from "./situation.ts";
import type { Severity } from "./verdict.ts";
import { type ClusterView, knownValue } from "./view.ts";

/** What is being changed: the workload as it was, and what the request touches. */
export interface Change {
  readonly previous: Workload;
  /** The cluster as it was: without the autoscaler or claim that this request brings. */
  readonly previousView: ClusterView;
  /** True where the cluster as it was had the same claims, volumes, classes and drivers as the one that is judged. */
  readonly claimsKept?: true | undefined;
  readonly specChanged: boolean;
  readonly templateChanged: boolean;
  /** `scale`: the subresource; `autoscaler`, `claim`: another object that makes the workload be judged again. */
  readonly cause: "update" | "scale" | "autoscaler" | "claim";
  /** The claim that is being created, for cause `claim`. */
  readonly claim?: string;
}

/** A rule's match at one moment. */
export interface Broken {
  readonly rule: WorkloadRule<RuleId>;
  readonly moment: Moment;
  readonly match: Match;
  /** As the rule or the configuration sets it. */
  readonly severity: Severity;
  readonly situation: Situation;
  /** A rollout that this request does not start: the template against itself, waiting for the next change. */
  readonly latent: boolean;
  /** True where the workload is at 0 replicas: it is what autoscalers will do once it is woken. */
  readonly asleep?: true;
}

/** How a match looks once what was known before is taken into account. */
export interface Ratcheted extends Broken {
  /** Why an error became a warning, or `undefined`. */
  readonly leniency: string | undefined;
}

/** Pods of another template run, and none of this template: so unpausing will start its rollout. */
function isHeldBack({ status, paused }: Workload): boolean {
  return (
    paused && status?.observedGeneration !== undefined && status.replicas > 0 && status.updatedReplicas === 0
  );
}

/**
 * Unpausing starts the rollout that was held back. Which template's pods run is not known, so the template is compared
 * with itself.
 */
export function resumes({ previous }: Change, workload: Workload): boolean {
  return !workload.paused && isHeldBack(previous);
}

/** Scaling from 0 to 1, by any route, starts no rollout. */
export function wakesUp(change: Change, workload: Workload): boolean {
  return replicasOf(change.previous.pods) === 0 && replicasOf(workload.pods) === 1;
}

function replicasOf(pods: PodCount): number | undefined {
  return pods.by === "replicas" ? pods.replicas : undefined;
}

/**
 * Turns errors that this update does not set off into warnings, so that no way out is ever blocked.
 *
 * @param known the matches of the object as it was, each moment against itself; `undefined`: not known, so that only a
 * step out of it is let through
 */
export function ratchet(
  broken: Broken,
  known: readonly Broken[] | undefined,
  change: Change,
  options: PolicyOptions,
): Ratcheted {
  const keep = (leniency?: string): Ratcheted => ({
    ...broken,
    severity: leniency === undefined ? broken.severity : "warning",
    leniency,
  });
  const { workload } = broken.situation;
  const before = replicasOf(change.previous.pods);
  const after = replicasOf(workload.pods);
  if (broken.severity === "warning") return keep();
  // KEDA's target counts as one pod at 0 too, and scaling to 0 is a way out by any route.
  if (after === 0 && before !== 0 && !change.templateChanged) return keep("scaling to 0 is always allowed");
  if (change.cause === "scale" && before !== undefined && after !== undefined && after <= before) {
    return keep("scaling down is always allowed");
  }
  if (broken.moment === "rollout" && !broken.latent && rolloutUnfinished(change.previous)) {
    return keep("this change replaces a rollout that is already under way");
  }
  if (broken.moment === "rollout" && !broken.latent && workload.paused && isHeldBack(change.previous)) {
    return keep("nothing starts while it is paused, and what is held back is judged when it is unpaused");
  }
  if (known === undefined)
    return isWayOut(change, workload) ? keep("this change is a step out of it") : keep();
  const old = known.find((candidate) => sameFinding(candidate, broken));
  if (!old) return keep();
  const waking = wakesUp(change, workload) ? afterWaking(broken) : undefined;
  if (waking !== undefined) return keep(waking);
  if (options.ratchet === "always") return keep("it was so before this change");
  if (options.ratchet === "never") {
    return isWayOut(change, workload)
      ? keep("it was so before this change, which is a step out of it")
      : keep();
  }
  const setOff =
    broken.moment === "rollout"
      ? !broken.latent
      : broken.match.degree > old.match.degree || minimumIsRaised(broken, old);
  return setOff ? keep() : keep("it was so before this change");
}

/** Known: the same rule at the same moment, no less severe; on whichever claims, since a finding is one per rule. */
function sameFinding(old: Broken, now: Broken): boolean {
  return old.rule.id === now.rule.id && old.moment === now.moment && old.severity === "error";
}

/** Waking is the way back and always let through; but the autoscaler then acts at once. */
function afterWaking({ situation: { workload, view } }: Broken): string | undefined {
  const [forcing] = scalersOf(workload, view).filter(({ minReplicas }) => minReplicas > 1);
  return (
    forcing &&
    `scaling up from 0 is always allowed, but HorizontalPodAutoscaler ${forcing.name} makes it ${forcing.minReplicas} pods at once: set its minReplicas to 1 first`
  );
}

/** An autoscaler raises its target to the minimum at once, whatever its maximum was before (semantics S16). */
function minimumIsRaised(now: Broken, old: Broken): boolean {
  if (!now.match.byAutoscaler) return false;
  const minimum = ({ situation: { workload, view } }: Broken) =>
    Math.max(1, ...scalersOf(workload, view).map(({ minReplicas }) => minReplicas));
  const present = replicasOf(now.situation.workload.pods) ?? 1;
  return minimum(now) > Math.max(present, minimum(old));
}

function scalersOf(workload: Workload, view: ClusterView): readonly Autoscaler[] {
  return knownValue(view.autoscalersOf(workload)) ?? [];
}

function isWayOut(change: Change, workload: Workload): boolean {
  const before = replicasOf(change.previous.pods) ?? 0;
  const after = replicasOf(workload.pods) ?? 0;
  const toRecreate = workload.strategy.kind === "recreate" && change.previous.strategy.kind !== "recreate";
  const undo = change.templateChanged && rolloutUnfinished(change.previous);
  return !change.specChanged || after < before || toRecreate || undo || wakesUp(change, workload);
}
