import type { RolloutOverlap, SteadyOverlap } from "./factors.ts";
import { maximumField } from "./field.ts";
import type { Autoscaler, IntOrPercent, UpdateStrategy, Workload } from "./model.ts";
import { nodesAge } from "./nodes.ts";
import { countEligible } from "./spread/node-index.ts";
import { type ClusterView, knownValue } from "./view.ts";

/**
 * Can two pods of one template exist at once while nothing changes? Counts the workload's own pods and what its
 * autoscalers may make of them (`pkg/controller/podautoscaler/horizontal.go`: no scaling at 0 replicas, raised to
 * `minReplicas` without metrics; semantics S15, S16).
 */
export function steadyOverlap(workload: Workload, view: ClusterView): SteadyOverlap {
  const { pods } = workload;
  switch (pods.by) {
    case "replicas":
      return byReplicas(workload, pods.replicas, view);
    case "nodes":
      return byNodes(workload, view);
    case "parallelism":
      return pods.finished
        ? single("zero", 0, ["the Job has finished: its pods hold no volume any more"])
        : runs(pods.parallelism, `parallelism ${pods.parallelism}`);
    case "schedule":
      return pods.concurrencyPolicy === "Allow" && pods.parallelism > 0
        ? runs(undefined, "concurrencyPolicy Allow lets two runs overlap")
        : runs(
            pods.parallelism,
            `parallelism ${pods.parallelism}, concurrencyPolicy ${pods.concurrencyPolicy}`,
          );
    case "pod":
      return pods.finished
        ? single("zero", 0, ["the Pod has ended: it holds no volume any more"])
        : single("never", 1, ["a bare Pod is one pod"]);
  }
}

function byReplicas(workload: Workload, own: number, view: ClusterView): SteadyOverlap {
  const lookup = view.autoscalersOf(workload);
  const scalers = knownValue(lookup) ?? [];
  const waker = wakerAmong(own, scalers);
  if (own === 0 && waker === undefined) {
    return single("zero", 0, ["replicas is 0: no pod exists, and no autoscaler acts"]);
  }
  const replicas = Math.max(own, 1);
  const byAutoscalers = scalers.length === 0 ? NO_SCALERS : raisingAmong(scalers);
  const count = Math.max(replicas, byAutoscalers[0]?.maxReplicas ?? 0);
  return {
    value: count > 1 ? "always" : "never",
    count,
    byWorkload: replicas > 1,
    byAutoscalers: byAutoscalers.map((scaler) => ({
      kind: scaler.kind,
      name: scaler.name,
      minReplicas: scaler.minReplicas,
      maxReplicas: scaler.maxReplicas,
      maximum: maximumField(scaler),
    })),
    transient: false,
    evidence: [
      waker === undefined ? `replicas is ${replicas}` : wakes(waker),
      ...byAutoscalers.map(
        ({ kind, name, maxReplicas, paused }) =>
          `${kind} ${name} may raise it to ${maxReplicas}${paused ? " (paused now, judged as if it were not)" : ""}`,
      ),
      ...(lookup.state === "unknown" ? [`whether autoscalers raise it is not known (${lookup.reason})`] : []),
    ],
  };
}

const NO_SCALERS: readonly Autoscaler[] = [];

/** Those that may make a second pod, with what they may come to; the highest first. */
function raisingAmong(scalers: readonly Autoscaler[]): readonly Autoscaler[] {
  return scalers
    .map((scaler) => ({ ...scaler, maxReplicas: Math.max(scaler.minReplicas, scaler.maxReplicas) }))
    .filter(({ maxReplicas }) => maxReplicas > 1)
    .sort((a, b) => b.maxReplicas - a.maxReplicas || (a.name < b.name ? -1 : 1));
}

/** KEDA raises its target from 0 to 1 by itself, which a HorizontalPodAutoscaler never does (semantics S16, S40). */
function wakerAmong(replicas: number, scalers: readonly Autoscaler[]): Autoscaler | undefined {
  return replicas === 0 ? scalers.find(({ kind }) => kind === "ScaledObject") : undefined;
}

function wakes({ kind, name }: Autoscaler): string {
  return `replicas is 0, and ${kind} ${name} makes it 1 when there is work`;
}

function byNodes(workload: Workload, view: ClusterView): SteadyOverlap {
  const lookup = view.nodes();
  const nodes = knownValue(lookup);
  const count = nodes && countEligible(nodes, workload.template.placement, workload.kind);
  return {
    value: count === 1 ? "never" : "always",
    count,
    byWorkload: count !== 1,
    byAutoscalers: [],
    transient: false,
    evidence: [
      `${nodesText(count, lookup.state === "unknown" ? lookup.reason : "its constraints are too many to check")}${nodesAge(lookup)}`,
    ],
  };
}

function nodesText(count: number | undefined, why: string): string {
  const perNode = "a DaemonSet runs one pod on every node that takes it";
  if (count === undefined) return `${perNode}, assumed to be more than one (${why})`;
  if (count === 0) return `${perNode}: none does now, but more than one may`;
  return `${perNode}: ${count} ${count === 1 ? "does" : "do"}`;
}

function runs(count: number | undefined, why: string): SteadyOverlap {
  if (count === 0) return single("zero", 0, [why]);
  const overlaps = count === undefined || count > 1;
  return {
    value: overlaps ? "always" : "never",
    count,
    byWorkload: overlaps,
    byAutoscalers: [],
    transient: true,
    evidence: [why],
  };
}

function single(value: "zero" | "never", count: number, evidence: readonly string[]): SteadyOverlap {
  return { value, count, byWorkload: false, byAutoscalers: [], transient: false, evidence };
}

const RECREATED: RolloutOverlap = {
  value: "never",
  surge: undefined,
  unavailable: undefined,
  evidence: ["strategy Recreate ends the old pod before the new one"],
};

/**
 * Can a pod of the old and a pod of the new template exist at once during a rollout? Paused Deployments are judged
 * as if they were not (semantics S7 to S13). For any replica count: the old pods go first only when all of them may
 * be unavailable.
 */
export function rolloutOverlap(workload: Workload, view: ClusterView): RolloutOverlap {
  const { pods, strategy } = workload;
  const nothing = { surge: undefined, unavailable: undefined };
  if (
    pods.by === "replicas" &&
    pods.replicas === 0 &&
    wakerAmong(0, knownValue(view.autoscalersOf(workload)) ?? []) === undefined
  ) {
    return {
      value: "zero",
      ...nothing,
      evidence: ["replicas is 0: no pod exists that a rollout could replace"],
    };
  }
  switch (strategy.kind) {
    case "recreate":
      return RECREATED;
    case "delete-first":
      return {
        value: "never",
        ...nothing,
        evidence: [`a ${workload.kind} deletes a pod before it makes the replacement`],
      };
    case "none":
      return {
        value: "never",
        ...nothing,
        evidence: [`a template change replaces no pods of a ${workload.kind}`],
      };
    case "blue-green":
      return {
        value: "stuck",
        ...nothing,
        evidence: ["blueGreen brings the new pods up in full beside the old ones"],
      };
    case "canary":
      return canaryOverlap(strategy, pods.by === "replicas" ? Math.max(pods.replicas, 1) : 1);
    case "rolling-update": {
      const replicas = pods.by === "replicas" ? Math.max(pods.replicas, 1) : 1;
      const { surge, unavailable } = resolveFenceposts(replicas, strategy.maxSurge, strategy.maxUnavailable);
      const value = unavailable >= replicas ? "briefly" : "stuck";
      const rounding = `${fencepost("maxSurge", strategy.maxSurge, surge)}, ${fencepost("maxUnavailable", strategy.maxUnavailable, unavailable)}`;
      const of = `of ${replicas} replica${replicas === 1 ? "" : "s"}`;
      return {
        value,
        surge,
        unavailable,
        evidence: [
          value === "stuck"
            ? `RollingUpdate with ${rounding} ${of}: an old pod is kept until a new one is Ready`
            : `RollingUpdate with ${rounding} ${of}: the old pods may go first, so an overlap clears by itself`,
        ],
      };
    }
  }
}

/**
 * Old and new pods live side by side for as long as the steps last. Only a canary without a step in between, without
 * traffic routing, with no surge and every old pod dispensable replaces its pods like a Deployment (semantics S44,
 * S45).
 */
function canaryOverlap(
  { maxSurge, maxUnavailable, sideBySide, trafficRouting }: Extract<UpdateStrategy, { kind: "canary" }>,
  replicas: number,
): RolloutOverlap {
  const { surge, unavailable } = resolveFenceposts(replicas, maxSurge, maxUnavailable);
  const overlap = (value: "briefly" | "stuck", why: string): RolloutOverlap => ({
    value,
    surge,
    unavailable,
    evidence: [why],
  });
  if (trafficRouting)
    return overlap("stuck", "a canary with traffic routing keeps every old pod until the end");
  if (sideBySide) return overlap("stuck", "a step of the canary keeps old and new pods side by side");
  const rounding = `${fencepost("maxSurge", maxSurge, surge)}, ${fencepost("maxUnavailable", maxUnavailable, unavailable)}`;
  return surge === 0 && unavailable >= replicas
    ? overlap(
        "briefly",
        `a canary with ${rounding}: the old pods may go first, so an overlap clears by itself`,
      )
    : overlap("stuck", `a canary with ${rounding}: an old pod is kept until a new one is Ready`);
}

function fencepost(name: string, written: IntOrPercent, resolved: number): string {
  return written.kind === "percent"
    ? `${name} ${written.value}% = ${resolved}`
    : written.value === resolved
      ? `${name} ${resolved}`
      : `${name} ${written.value} = ${resolved}`;
}

/**
 * The deployment controller's rounding: a percentage of surge is rounded up, one of unavailable down, and both 0
 * makes unavailable 1 (`pkg/controller/deployment/util/deployment_util.go`, ResolveFenceposts).
 *
 * @returns pods, not percentages
 */
export function resolveFenceposts(
  replicas: number,
  maxSurge: IntOrPercent,
  maxUnavailable: IntOrPercent,
): { surge: number; unavailable: number } {
  const surge = maxSurge.kind === "int" ? maxSurge.value : Math.ceil((maxSurge.value * replicas) / 100);
  const unavailable =
    maxUnavailable.kind === "int"
      ? maxUnavailable.value
      : Math.floor((maxUnavailable.value * replicas) / 100);
  return surge === 0 && unavailable === 0 ? { surge, unavailable: 1 } : { surge, unavailable };
}
