import { autoscalerFrom as policyAutoscalerFrom } from "../../kube/autoscaler.ts";
import { placementOf } from "../../kube/placement.ts";
import { count, list, type Raw, record, shared, text } from "../../kube/raw.ts";
import type {
  CronJob,
  DaemonSet,
  Deployment,
  DiagnosedKind,
  HorizontalPodAutoscaler,
  Job,
  ReplicaSet,
  StatefulSet,
} from "../facts.ts";
import { conditionsOf, metaOf, numberAnnotation, secondsOf } from "./meta.ts";
import { claimsOf } from "./pod.ts";

const REVISION = "deployment.kubernetes.io/revision";
const DESIRED = "deployment.kubernetes.io/desired-replicas";

function controllerFrom<K extends DiagnosedKind>(raw: Raw, kind: K, apiVersion: string) {
  const spec = record(raw.spec);
  const status = record(raw.status);
  const template =
    kind === "CronJob" ? record(record(record(spec.jobTemplate).spec).template) : record(spec.template);
  return {
    ...metaOf(raw, kind, apiVersion),
    generation: secondsOf(record(raw.metadata).generation),
    observedGeneration: secondsOf(status.observedGeneration),
    conditions: conditionsOf(status),
    claims: claimsOf(record(template.spec)),
  };
}

export function deploymentFrom(raw: Raw): Deployment {
  const spec = record(raw.spec);
  return {
    ...controllerFrom(raw, "Deployment", "apps/v1"),
    replicas: count(spec.replicas) ?? 1,
    strategy: record(spec.strategy).type === "Recreate" ? "Recreate" : "RollingUpdate",
    paused: spec.paused === true,
    revision: numberAnnotation(raw, REVISION),
  };
}

export function replicaSetFrom(raw: Raw): ReplicaSet {
  return {
    ...controllerFrom(raw, "ReplicaSet", "apps/v1"),
    replicas: count(record(raw.spec).replicas) ?? 1,
    statusReplicas: count(record(raw.status).replicas) ?? 0,
    revision: numberAnnotation(raw, REVISION),
    placement: placementOf(record(record(record(raw.spec).template).spec)),
    desiredReplicas: numberAnnotation(raw, DESIRED),
  };
}

export function statefulSetFrom(raw: Raw): StatefulSet {
  const spec = record(raw.spec);
  return {
    ...controllerFrom(raw, "StatefulSet", "apps/v1"),
    replicas: count(spec.replicas) ?? 1,
    claimTemplates: list(spec.volumeClaimTemplates).map((template) =>
      shared(text(record(record(template).metadata).name) ?? ""),
    ),
  };
}

export function daemonSetFrom(raw: Raw): DaemonSet {
  return controllerFrom(raw, "DaemonSet", "apps/v1");
}

export function jobFrom(raw: Raw): Job {
  return { ...controllerFrom(raw, "Job", "batch/v1"), parallelism: count(record(raw.spec).parallelism) ?? 1 };
}

export function cronJobFrom(raw: Raw): CronJob {
  return controllerFrom(raw, "CronJob", "batch/v1");
}

export function autoscalerFrom(raw: Raw): HorizontalPodAutoscaler {
  const read = policyAutoscalerFrom(raw);
  const status = record(raw.status);
  return {
    ...metaOf(raw, "HorizontalPodAutoscaler", "autoscaling/v2"),
    target: read?.target ?? { apiVersion: "", kind: "", name: "" },
    minReplicas: read?.minReplicas ?? 1,
    maxReplicas: read?.maxReplicas ?? 1,
    currentReplicas: count(status.currentReplicas),
    desiredReplicas: count(status.desiredReplicas),
  };
}
