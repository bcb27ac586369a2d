import type { FactKind } from "./fact.ts";

export interface KindFacts {
  /** The API group of today, `""` for core. */
  readonly group: string;
  /** Versions of that group that an API server may serve today, the preferred one first. */
  readonly versions: readonly string[];
  /** apiVersions that old manifests name and no API server serves any more; judged as the preferred version. */
  readonly gone: readonly string[];
  readonly plural: string;
  readonly namespaced: boolean;
}

/** Every kind that a verdict reads, and where the API server has it. */
export const KINDS: Readonly<Record<FactKind, KindFacts>> = {
  Deployment: {
    group: "apps",
    versions: ["v1"],
    gone: ["apps/v1beta2", "apps/v1beta1", "extensions/v1beta1"],
    plural: "deployments",
    namespaced: true,
  },
  StatefulSet: {
    group: "apps",
    versions: ["v1"],
    gone: ["apps/v1beta2", "apps/v1beta1"],
    plural: "statefulsets",
    namespaced: true,
  },
  DaemonSet: {
    group: "apps",
    versions: ["v1"],
    gone: ["apps/v1beta2", "extensions/v1beta1"],
    plural: "daemonsets",
    namespaced: true,
  },
  ReplicaSet: {
    group: "apps",
    versions: ["v1"],
    gone: ["apps/v1beta2", "extensions/v1beta1"],
    plural: "replicasets",
    namespaced: true,
  },
  Job: { group: "batch", versions: ["v1"], gone: [], plural: "jobs", namespaced: true },
  CronJob: {
    group: "batch",
    versions: ["v1"],
    gone: ["batch/v1beta1", "batch/v2alpha1"],
    plural: "cronjobs",
    namespaced: true,
  },
  Pod: { group: "", versions: ["v1"], gone: [], plural: "pods", namespaced: true },
  HorizontalPodAutoscaler: {
    group: "autoscaling",
    versions: ["v2", "v1"],
    gone: ["autoscaling/v2beta2", "autoscaling/v2beta1", "extensions/v1beta1"],
    plural: "horizontalpodautoscalers",
    namespaced: true,
  },
  PersistentVolumeClaim: {
    group: "",
    versions: ["v1"],
    gone: [],
    plural: "persistentvolumeclaims",
    namespaced: true,
  },
  PersistentVolume: { group: "", versions: ["v1"], gone: [], plural: "persistentvolumes", namespaced: false },
  StorageClass: {
    group: "storage.k8s.io",
    versions: ["v1"],
    gone: ["storage.k8s.io/v1beta1"],
    plural: "storageclasses",
    namespaced: false,
  },
  CSIDriver: {
    group: "storage.k8s.io",
    versions: ["v1"],
    gone: ["storage.k8s.io/v1beta1"],
    plural: "csidrivers",
    namespaced: false,
  },
  Namespace: { group: "", versions: ["v1"], gone: [], plural: "namespaces", namespaced: false },
  Node: { group: "", versions: ["v1"], gone: [], plural: "nodes", namespaced: false },
};

export const WORKLOAD_KINDS = [
  "Deployment",
  "StatefulSet",
  "DaemonSet",
  "ReplicaSet",
  "Job",
  "CronJob",
  "Pod",
] as const satisfies readonly FactKind[];

const KNOWN: ReadonlySet<string> = new Set(Object.keys(KINDS));

/** True for the name of a judged kind, whatever its group. */
export function isKnownKind(kind: string): kind is FactKind {
  return KNOWN.has(kind);
}

/** The group of an apiVersion; `""` for core (`v1`). */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf("/");
  return slash === -1 ? "" : apiVersion.slice(0, slash);
}

/** The apiVersion that an API server of today prefers for a kind, e.g. `apps/v1`. */
export function apiVersionOf(kind: FactKind): string {
  const { group, versions } = KINDS[kind];
  return group === "" ? (versions[0] as string) : `${group}/${versions[0]}`;
}

/**
 * The judged kind that an object is of, `undefined` where it is none of them: a kind of the same name in a
 * foreign group is somebody else's.
 */
export function kindOf(apiVersion: string, kind: string): FactKind | undefined {
  if (!isKnownKind(kind)) return undefined;
  const { group, gone } = KINDS[kind];
  return groupOf(apiVersion) === group || gone.includes(apiVersion) ? kind : undefined;
}

/** True where no API server of today serves the kind under this apiVersion. */
export function isGone(apiVersion: string, kind: FactKind): boolean {
  return KINDS[kind].gone.includes(apiVersion);
}

/**
 * True where two apiVersions of a kind mean the same API, as the autoscaler resolves its target: by group and
 * kind, whatever the version (`pkg/controller/podautoscaler/horizontal.go`, scaleForResourceMappings). An object
 * under a group that is gone (`extensions/v1beta1`) can only live on in the group of today.
 */
export function sameApi(reference: string, actual: string, kind: string): boolean {
  const group = groupOf(reference);
  if (group === groupOf(actual)) return true;
  return isKnownKind(kind) && isGone(actual, kind) && group === KINDS[kind].group;
}
