import { autoscalerFrom as policyAutoscalerFrom } from "../../kube/autoscaler.ts";
import { placementOf } from "../../kube/placement.ts";
import { count, type Raw, record } from "../../kube/raw.ts";
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

const REVISION = "deployment.kubernetes.io/revision";
const DESIRED = "deployment.kubernetes.io/desired-replicas";

function controllerFrom<K extends DiagnosedKind>(raw: Raw, kind: K, apiVersion: string) {
  const status = record(raw.status);
  return {
    ...metaOf(raw, kind, apiVersion),
    generation: secondsOf(record(raw.metadata).generation),
    observedGeneration: secondsOf(status.observedGeneration),
    conditions: conditionsOf(status),
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
  };
}

export function daemonSetFrom(raw: Raw): DaemonSet {
  return controllerFrom(raw, "DaemonSet", "apps/v1");
}

export function jobFrom(raw: Raw): Job {
  return controllerFrom(raw, "Job", "batch/v1");
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
    currentReplicas: count(status.currentReplicas),
    desiredReplicas: count(status.desiredReplicas),
  };
}
