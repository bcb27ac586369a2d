import type {
  PodCount,
  RolloutStatus,
  SourcePosition,
  UpdateStrategy,
  Workload,
  WorkloadKind,
} from "../policy/model.ts";
import { fencepostOf, podsOf, QUARTER } from "./int-or-percent.ts";
import { apiVersionOf, isGone, KINDS, kindOf, WORKLOAD_KINDS } from "./kinds.ts";
import { hasController, metadataOf, type TypeMeta, typeOf } from "./metadata.ts";
import { podTemplateOf } from "./pod-template.ts";
import { count, isRecord, list, NOTHING, nonEmpty, type Raw, record, shown } from "./raw.ts";

const DEFAULT_ROLLING: UpdateStrategy = Object.freeze({
  kind: "rolling-update",
  maxSurge: QUARTER,
  maxUnavailable: QUARTER,
});
const RECREATE: UpdateStrategy = Object.freeze({ kind: "recreate" });
const DELETE_FIRST: UpdateStrategy = Object.freeze({ kind: "delete-first" });
const REPLACES_NOTHING: UpdateStrategy = Object.freeze({ kind: "none" });

const ONE_REPLICA: PodCount = Object.freeze({ by: "replicas", replicas: 1 });
const BY_NODES: PodCount = Object.freeze({ by: "nodes" });

const NO_VOLUMES: ReadonlySet<unknown> = new Set();

/** The kinds that a controller makes for another workload. */
const OWNED_KINDS: ReadonlySet<WorkloadKind> = new Set(["ReplicaSet", "Job", "Pod"]);

/**
 * True for a ReplicaSet, Job or Pod that another object controls: it is judged as part of its owner, and
 * admission sees the owner first.
 */
export function isOwned(kind: WorkloadKind, raw: Raw): boolean {
  return OWNED_KINDS.has(kind) && hasController(raw);
}

function isWorkloadKind(kind: string | undefined): kind is WorkloadKind {
  return (WORKLOAD_KINDS as readonly (string | undefined)[]).includes(kind);
}

/** A Deployment's strategy with the defaults of `pkg/apis/apps/v1/defaults.go`, member by member. */
function deploymentStrategy(spec: Raw, notes: string[]): UpdateStrategy {
  const strategy = record(spec.strategy);
  if (spec.strategy != null && !isRecord(spec.strategy)) {
    const remedy = spec.strategy === "Recreate" ? "; write strategy: {type: Recreate}" : "";
    notes.push(
      `spec.strategy ${shown(spec.strategy)} is not an object: the default RollingUpdate is used${remedy}`,
    );
  }
  const type = strategy.type ?? "";
  if (type === "Recreate") {
    if (isRecord(strategy.rollingUpdate)) {
      notes.push("spec.strategy.rollingUpdate is not allowed with type Recreate: it is not used");
    }
    return RECREATE;
  }
  if (type !== "" && type !== "RollingUpdate") {
    notes.push(
      `spec.strategy.type ${shown(type)} is neither RollingUpdate nor Recreate: the default RollingUpdate is used`,
    );
  }
  const rolling = record(strategy.rollingUpdate);
  if (strategy.rollingUpdate != null && !isRecord(strategy.rollingUpdate)) {
    notes.push(
      `spec.strategy.rollingUpdate ${shown(strategy.rollingUpdate)} is not an object: the default 25% is used on both sides`,
    );
  }
  const maxSurge = fencepostOf(rolling.maxSurge, "spec.strategy.rollingUpdate.maxSurge", notes);
  const maxUnavailable = fencepostOf(
    rolling.maxUnavailable,
    "spec.strategy.rollingUpdate.maxUnavailable",
    notes,
    100,
  );
  return maxSurge === QUARTER && maxUnavailable === QUARTER
    ? DEFAULT_ROLLING
    : { kind: "rolling-update", maxSurge, maxUnavailable };
}

function strategyOf(kind: WorkloadKind, spec: Raw, notes: string[]): UpdateStrategy {
  switch (kind) {
    case "Deployment":
      return deploymentStrategy(spec, notes);
    case "StatefulSet":
    case "DaemonSet":
      return DELETE_FIRST;
    case "ReplicaSet":
    case "Job":
    case "CronJob":
    case "Pod":
      return REPLACES_NOTHING;
  }
}

/** How many pods of a Job run at once: never more than are still to be completed. */
function parallelismOf(jobSpec: Raw, field: string, notes: string[]): number {
  const parallelism = podsOf(jobSpec.parallelism, `${field}.parallelism`, 1, notes);
  const completions = count(jobSpec.completions);
  return completions === undefined ? parallelism : Math.min(parallelism, completions);
}

function isFinishedJob(raw: Raw): boolean {
  const status = record(raw.status);
  if (nonEmpty(status.completionTime) !== undefined) return true;
  return list(status.conditions).some((entry) => {
    const condition = record(entry);
    return (condition.type === "Complete" || condition.type === "Failed") && condition.status === "True";
  });
}

function concurrencyPolicyOf(spec: Raw, notes: string[]): "Allow" | "Forbid" | "Replace" {
  const policy = spec.concurrencyPolicy ?? "Allow";
  if (policy === "Allow" || policy === "Forbid" || policy === "Replace") return policy;
  notes.push(
    `spec.concurrencyPolicy ${shown(policy)} is none of Allow, Forbid and Replace: the default Allow is used`,
  );
  return "Allow";
}

function podCountOf(kind: WorkloadKind, raw: Raw, spec: Raw, notes: string[]): PodCount {
  switch (kind) {
    case "Deployment":
    case "StatefulSet":
    case "ReplicaSet": {
      const replicas = podsOf(spec.replicas, "spec.replicas", 1, notes);
      return replicas === 1 ? ONE_REPLICA : { by: "replicas", replicas };
    }
    case "DaemonSet":
      return BY_NODES;
    case "Job":
      return {
        by: "parallelism",
        parallelism: parallelismOf(spec, "spec", notes),
        finished: isFinishedJob(raw),
      };
    case "CronJob":
      return {
        by: "schedule",
        parallelism: parallelismOf(record(record(spec.jobTemplate).spec), "spec.jobTemplate.spec", notes),
        concurrencyPolicy: concurrencyPolicyOf(spec, notes),
      };
    case "Pod": {
      const { phase } = record(raw.status);
      return { by: "pod", finished: phase === "Succeeded" || phase === "Failed" };
    }
  }
}

function rawTemplateOf(kind: WorkloadKind, raw: Raw, spec: Raw): Raw {
  switch (kind) {
    case "Pod":
      return raw;
    case "CronJob":
      return record(record(record(spec.jobTemplate).spec).template);
    default:
      return record(spec.template);
  }
}

/** The names of a StatefulSet's claim templates: each pod has its own claim for these (semantics S35). */
function claimTemplatesOf(kind: WorkloadKind, spec: Raw): ReadonlySet<unknown> {
  const templates = kind === "StatefulSet" ? list(spec.volumeClaimTemplates) : NOTHING;
  if (templates.length === 0) return NO_VOLUMES;
  return new Set(templates.map((template) => record(record(template).metadata).name));
}

function rolloutStatusOf(raw: Raw): RolloutStatus | undefined {
  const status = record(raw.status);
  const observedGeneration = count(status.observedGeneration);
  if (observedGeneration === undefined && status.replicas === undefined) return undefined;
  return {
    observedGeneration,
    replicas: count(status.replicas) ?? 0,
    updatedReplicas: count(status.updatedReplicas) ?? 0,
  };
}

function versionNote(apiVersion: string, kind: WorkloadKind, notes: string[]): void {
  const served = apiVersionOf(kind);
  if (isGone(apiVersion, kind)) {
    notes.push(`apiVersion ${apiVersion} is gone from Kubernetes: judged as ${served}, which replaced it`);
  } else if (!KINDS[kind].versions.includes(apiVersion.slice(apiVersion.indexOf("/") + 1))) {
    notes.push(`apiVersion ${apiVersion} is not known for ${kind}: judged as ${served}`);
  }
}

/**
 * A workload with the API server's defaults applied. `undefined` for what is no workload, and for a ReplicaSet,
 * Job or Pod that another object controls. Whatever cannot be read is replaced by its default and named in
 * `notes`. `inherited` is the type of an item whose list does not repeat it.
 */
export function workloadFrom(
  raw: unknown,
  source?: SourcePosition,
  inherited?: TypeMeta,
): Workload | undefined {
  if (!isRecord(raw)) return undefined;
  const type = typeOf(raw, inherited);
  if (type === undefined) return undefined;
  const { apiVersion } = type;
  const kind = kindOf(apiVersion, type.kind);
  if (!isWorkloadKind(kind) || isOwned(kind, raw)) return undefined;
  const { namespace, name, uid, labels, annotations, createdAt } = metadataOf(raw);
  const spec = record(raw.spec);
  const notes: string[] = [];
  versionNote(apiVersion, kind, notes);
  const pods = podCountOf(kind, raw, spec, notes);
  const strategy = strategyOf(kind, spec, notes);
  return {
    apiVersion,
    kind,
    namespace,
    name,
    uid,
    labels,
    annotations,
    pods,
    strategy,
    paused: spec.paused === true,
    template: podTemplateOf(rawTemplateOf(kind, raw, spec), claimTemplatesOf(kind, spec)),
    status: rolloutStatusOf(raw),
    createdAt,
    source,
    notes: notes.length === 0 ? NOTHING : notes,
  };
}
