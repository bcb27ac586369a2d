import { cronJob } from "./workloads/cron-job.ts";
import { daemonSet } from "./workloads/daemon-set.ts";
import { deployment } from "./workloads/deployment.ts";
import { deploymentConfig } from "./workloads/deployment-config.ts";
import { job } from "./workloads/job.ts";
import { pod } from "./workloads/pod.ts";
import type { WorkloadReader } from "./workloads/reader.ts";
import { replicaSet } from "./workloads/replica-set.ts";
import { rollout } from "./workloads/rollout.ts";
import { scaledJob } from "./workloads/scaled-job.ts";
import { statefulSet } from "./workloads/stateful-set.ts";

type Role = "workload" | "autoscaler" | "claim" | "surroundings";
type Write = "CREATE" | "UPDATE";

/** Everything that the program has to know of a kind, apart from how to read it into the policy's model. */
export interface KindFacts {
  /** The current API group, `""` for core. */
  readonly group: string;
  /** Versions of that group that an API server may serve today, the preferred one first. */
  readonly versions: readonly string[];
  /** apiVersions that old manifests name and no API server serves any more; judged as the preferred version. */
  readonly gone: readonly string[];
  readonly plural: string;
  readonly namespaced: boolean;
  readonly role: Role;
  /** How a workload is read; `undefined` for every other role. */
  readonly reads: WorkloadReader | undefined;
  /** Which API serves it; also the folder of the manifests that register and allow it to be read. */
  readonly servedBy: "kubernetes" | "argo-rollouts" | "keda" | "openshift";
  /** Followed in a live cluster. Pods and ReplicaSets never are: there are too many, and their owners create them. */
  readonly watched: boolean;
  /**
   * What follows if a live cluster does not let it be read: `verdicts`: nothing is concluded from a list of workloads;
   * `audit`: an audit misses workloads or has to guess; `nothing`: only the facts it would give are unknown.
   */
  readonly neededFor: "verdicts" | "audit" | "nothing";
  /** The requests that admission judges. */
  readonly admitted: readonly Write[];
  /** True where autoscalers and `kubectl scale` set the number of its pods, and admission judges the subresource. */
  readonly scaled: boolean;
  /**
   * True where another workload's controller commonly creates it: one with an owner is judged as part of that owner.
   */
  readonly owned: boolean;
  /** True where files commonly leave it to the cluster, so that its absence from files says nothing. */
  readonly leftToCluster: boolean;
}

const WRITES: readonly Write[] = ["CREATE", "UPDATE"];

/** What most workload kinds of Kubernetes have in common. */
const WORKLOAD = {
  group: "apps",
  versions: ["v1"],
  gone: [],
  namespaced: true,
  role: "workload",
  servedBy: "kubernetes",
  watched: true,
  neededFor: "audit",
  admitted: [],
  scaled: false,
  owned: false,
  leftToCluster: false,
} as const;

/** What the facts around workloads have in common. */
const AROUND = {
  group: "",
  versions: ["v1"],
  gone: [],
  namespaced: false,
  role: "surroundings",
  reads: undefined,
  servedBy: "kubernetes",
  watched: true,
  neededFor: "nothing",
  admitted: [],
  scaled: false,
  owned: false,
  leftToCluster: true,
} as const;

/** The one table of kinds: a new kind of workload is its reader and a row here. */
const TABLE = {
  Deployment: {
    ...WORKLOAD,
    gone: ["apps/v1beta2", "apps/v1beta1", "extensions/v1beta1"],
    plural: "deployments",
    reads: deployment,
    neededFor: "verdicts",
    admitted: WRITES,
    scaled: true,
  },
  StatefulSet: {
    ...WORKLOAD,
    gone: ["apps/v1beta2", "apps/v1beta1"],
    plural: "statefulsets",
    reads: statefulSet,
    neededFor: "verdicts",
    admitted: WRITES,
    scaled: true,
  },
  DaemonSet: {
    ...WORKLOAD,
    gone: ["apps/v1beta2", "extensions/v1beta1"],
    plural: "daemonsets",
    reads: daemonSet,
  },
  ReplicaSet: {
    ...WORKLOAD,
    gone: ["apps/v1beta2", "extensions/v1beta1"],
    plural: "replicasets",
    reads: replicaSet,
    watched: false,
    owned: true,
  },
  ReplicationController: {
    ...WORKLOAD,
    group: "",
    plural: "replicationcontrollers",
    reads: replicaSet,
    admitted: WRITES,
    scaled: true,
    owned: true,
  },
  Job: { ...WORKLOAD, group: "batch", plural: "jobs", reads: job, owned: true },
  CronJob: {
    ...WORKLOAD,
    group: "batch",
    gone: ["batch/v1beta1", "batch/v2alpha1"],
    plural: "cronjobs",
    reads: cronJob,
  },
  Pod: { ...WORKLOAD, group: "", plural: "pods", reads: pod, watched: false, owned: true },
  Rollout: {
    ...WORKLOAD,
    group: "argoproj.io",
    versions: ["v1alpha1"],
    plural: "rollouts",
    reads: rollout,
    servedBy: "argo-rollouts",
    admitted: WRITES,
    scaled: true,
  },
  DeploymentConfig: {
    ...WORKLOAD,
    group: "apps.openshift.io",
    gone: ["v1"],
    plural: "deploymentconfigs",
    reads: deploymentConfig,
    servedBy: "openshift",
    admitted: WRITES,
    scaled: true,
  },
  ScaledJob: {
    ...WORKLOAD,
    group: "keda.sh",
    versions: ["v1alpha1"],
    plural: "scaledjobs",
    reads: scaledJob,
    servedBy: "keda",
    admitted: WRITES,
  },
  HorizontalPodAutoscaler: {
    ...AROUND,
    group: "autoscaling",
    versions: ["v2", "v1"],
    gone: ["autoscaling/v2beta2", "autoscaling/v2beta1", "extensions/v1beta1"],
    plural: "horizontalpodautoscalers",
    namespaced: true,
    role: "autoscaler",
    neededFor: "audit",
    admitted: WRITES,
    leftToCluster: false,
  },
  ScaledObject: {
    ...AROUND,
    group: "keda.sh",
    versions: ["v1alpha1"],
    plural: "scaledobjects",
    namespaced: true,
    role: "autoscaler",
    servedBy: "keda",
    neededFor: "audit",
    admitted: WRITES,
    leftToCluster: false,
  },
  PersistentVolumeClaim: {
    ...AROUND,
    plural: "persistentvolumeclaims",
    namespaced: true,
    role: "claim",
    neededFor: "audit",
    // The volume binder updates claims, and nothing may get in its way.
    admitted: ["CREATE"],
    leftToCluster: false,
  },
  PersistentVolume: { ...AROUND, plural: "persistentvolumes" },
  StorageClass: {
    ...AROUND,
    group: "storage.k8s.io",
    gone: ["storage.k8s.io/v1beta1"],
    plural: "storageclasses",
  },
  CSIDriver: {
    ...AROUND,
    group: "storage.k8s.io",
    gone: ["storage.k8s.io/v1beta1"],
    plural: "csidrivers",
  },
  Namespace: { ...AROUND, plural: "namespaces" },
  Node: { ...AROUND, plural: "nodes", leftToCluster: false },
} as const satisfies Readonly<Record<string, KindFacts>>;

/** Every kind that a verdict reads. */
export type FactKind = keyof typeof TABLE;

type KindOf<R extends Role> = {
  [K in FactKind]: (typeof TABLE)[K]["role"] extends R ? K : never;
}[FactKind];

export type WorkloadKind = KindOf<"workload">;

/** Every kind that a verdict reads, with its roles, and where the API server serves it. */
export const KINDS: Readonly<Record<FactKind, KindFacts>> = TABLE;

export const FACT_KINDS = Object.keys(TABLE) as readonly FactKind[];

const withRole = <R extends Role>(role: R): readonly KindOf<R>[] =>
  FACT_KINDS.filter((kind): kind is KindOf<R> => KINDS[kind].role === role);

export const WORKLOAD_KINDS: readonly WorkloadKind[] = withRole("workload");
export const AUTOSCALER_KINDS = withRole("autoscaler");

const KNOWN: ReadonlySet<string> = new Set(FACT_KINDS);

/** True for the name of a judged kind, whatever its group. */
export function isKnownKind(kind: string): kind is FactKind {
  return KNOWN.has(kind);
}

export function isWorkloadKind(kind: string): kind is WorkloadKind {
  return isKnownKind(kind) && KINDS[kind].role === "workload";
}

/** True for a kind that autoscalers and `kubectl scale` act on and that is judged. */
export function isScaled(kind: string): kind is WorkloadKind {
  return isKnownKind(kind) && KINDS[kind].scaled;
}

/** The group of an apiVersion; `""` for core (`v1`). */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf("/");
  return slash === -1 ? "" : apiVersion.slice(0, slash);
}

/** The apiVersion that a current API server prefers for a kind, e.g. `apps/v1`. */
export function apiVersionOf(kind: FactKind): string {
  const { group, versions } = KINDS[kind];
  return group === "" ? (versions[0] as string) : `${group}/${versions[0]}`;
}

/**
 * The judged kind that an object is of, `undefined` where it is none of them: a kind of the same name in another group
 * is a different API.
 */
export function kindOf(apiVersion: string, kind: string): FactKind | undefined {
  if (!isKnownKind(kind)) return undefined;
  const { group, gone } = KINDS[kind];
  return groupOf(apiVersion) === group || gone.includes(apiVersion) ? kind : undefined;
}

/** True where no current API server serves the kind under this apiVersion. */
export function isGone(apiVersion: string, kind: FactKind): boolean {
  return KINDS[kind].gone.includes(apiVersion);
}

/**
 * True where two apiVersions of a kind mean the same API, as the autoscaler resolves its target: by group and kind,
 * whatever the version (`pkg/controller/podautoscaler/horizontal.go`, scaleForResourceMappings). An object under a
 * group that is gone (`extensions/v1beta1`) can only live on in the current group.
 */
export function sameApi(reference: string, actual: string, kind: string): boolean {
  const group = groupOf(reference);
  if (group === groupOf(actual)) return true;
  return isKnownKind(kind) && isGone(actual, kind) && group === KINDS[kind].group;
}
