import type { ManagedBy, NodeSelectorTerm, Placement, Taint } from "../policy/model.ts";

/**
 * What a diagnosis reads: for each kind whether it was read completely, and of each object only the fields that a
 * rule looks at. `project.ts` makes these from raw Kubernetes objects, whether they come from an API server or from
 * a dump. All times are milliseconds since the epoch. Nothing here does I/O or knows a clock.
 */

/** The kinds that a diagnosis reads, in the order in which they are reported. */
export const DIAGNOSED_KINDS = [
  "Pod",
  "PersistentVolumeClaim",
  "PersistentVolume",
  "VolumeAttachment",
  "Node",
  "Event",
  "Deployment",
  "ReplicaSet",
  "StatefulSet",
  "DaemonSet",
  "Job",
  "CronJob",
  "HorizontalPodAutoscaler",
  "StorageClass",
  "CSIDriver",
  "CSINode",
  "Lease",
] as const;
export type DiagnosedKind = (typeof DIAGNOSED_KINDS)[number];

/**
 * How far a kind was read. `complete`: what is not there does not exist. `absent`: the API server does not serve the
 * kind, so no object of it exists. `unread`: no right, not asked for, or not in the dump: its absence proves nothing,
 * though objects of it may be known all the same (a `kind: List`, a single object).
 */
export type ReadState = "complete" | "absent" | "unread";

/** One line of `facts.read` in the JSON output. */
export interface Reading {
  readonly kind: DiagnosedKind;
  /** The one namespace that was read; null for all of them, and for kinds without namespaces. */
  readonly namespace: string | null;
  readonly state: ReadState;
  /** Why it is unread, in a few words that fit into brackets: "forbidden", "not in the dump"; else null. */
  readonly why: string | null;
}

/** The controller of an object (`metav1.GetControllerOf`). */
export interface Owner {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string | undefined;
}

export interface Meta {
  readonly apiVersion: string;
  readonly kind: DiagnosedKind;
  /** `""` for kinds without namespaces. */
  readonly namespace: string;
  readonly name: string;
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
  readonly createdAt: number | undefined;
  /** `deletionTimestamp`: the request plus the grace period, so it can lie in the future (A7). */
  readonly deletedAt: number | undefined;
  /** `deletionGracePeriodSeconds`; undefined where the object is not being deleted. */
  readonly graceSeconds: number | undefined;
  readonly finalizers: readonly string[];
  readonly owner: Owner | undefined;
  readonly managedBy: ManagedBy | undefined;
}

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  /** `lastTransitionTime`. */
  readonly since: number | undefined;
}

/** A container of any sort (init, ephemeral) as the status has it. */
export interface Container {
  readonly name: string;
  readonly init: boolean;
  readonly state: "running" | "waiting" | "terminated" | "unknown";
  /** Of the waiting or terminated state, e.g. `ImagePullBackOff`. */
  readonly reason: string;
  readonly message: string;
  readonly restarts: number;
}

/** A claim that a pod lists in its volumes; a generic ephemeral volume counts as the claim made for it. */
export interface PodClaim {
  readonly volumeName: string;
  readonly claimName: string;
  /** A generic ephemeral volume: the claim is made, and goes, with the pod. */
  readonly isEphemeral: boolean;
}

export interface Pod extends Meta {
  readonly kind: "Pod";
  readonly nodeName: string | undefined;
  readonly phase: string;
  /** `status.reason`, e.g. `VolumeAttachmentLimitExceeded`, `Evicted`. */
  readonly reason: string;
  readonly claims: readonly PodClaim[];
  /** Names of `spec.volumes` that are no claims. */
  readonly otherVolumes: readonly string[];
  /** True where the pod names a disk itself, without a claim. */
  readonly hasInlineDisk: boolean;
  readonly containers: readonly Container[];
  /** PodScheduled, PodReadyToStartContainers and Ready. */
  readonly conditions: readonly Condition[];
  /** Where it may land; of a pod that has a node already, nothing is kept. */
  readonly placement: Placement;
  /** Seconds until it is evicted from a node whose Ready is `Unknown`, or `False`; undefined: never. */
  readonly unreachableSeconds: number | undefined;
  readonly notReadySeconds: number | undefined;
  /** A pod whose scheduler is not the default one. */
  readonly schedulerName: string;
  /** True where `spec.schedulingGates` holds it back. */
  readonly gated: boolean;
}

export interface PersistentVolumeClaim extends Meta {
  readonly kind: "PersistentVolumeClaim";
  readonly phase: string;
  readonly volumeName: string | undefined;
  readonly accessModes: readonly string[];
  /** `undefined`: not said; `""`: explicitly none. */
  readonly storageClassName: string | undefined;
  /** Annotation `volume.kubernetes.io/storage-provisioner` (or its beta form). */
  readonly provisioner: string | undefined;
}

export interface PersistentVolume extends Meta {
  readonly kind: "PersistentVolume";
  readonly phase: string;
  readonly accessModes: readonly string[];
  readonly storageClassName: string;
  readonly claim:
    | { readonly namespace: string; readonly name: string; readonly uid: string | undefined }
    | undefined;
  /** Of a CSI volume, or what an in-tree one is to its CSI driver. */
  readonly driver: string | undefined;
  readonly handle: string | undefined;
  /** Undefined for what is no in-tree volume; true where the volume says itself that it is attached through CSI. */
  readonly isMigrated: boolean | undefined;
  readonly nodeAffinity: readonly NodeSelectorTerm[] | undefined;
}

/** An error that a driver left in an attachment; `text` is quoted, never interpreted, unless a rule knows it. */
export interface DriverError {
  readonly text: string;
  readonly at: number | undefined;
}

export interface VolumeAttachment extends Meta {
  readonly kind: "VolumeAttachment";
  readonly attacher: string;
  readonly nodeName: string;
  /** `spec.source.persistentVolumeName`; undefined for a migrated inline volume. */
  readonly volumeName: string | undefined;
  readonly attached: boolean;
  readonly attachError: DriverError | undefined;
  readonly detachError: DriverError | undefined;
}

export interface Node extends Meta {
  readonly kind: "Node";
  /** Condition Ready is `True`. */
  readonly ready: boolean;
  /** `Unknown` (also where nothing is said): the kubelet is silent; `False`: it says so itself. */
  readonly readyStatus: string;
  /** When Ready last changed. */
  readonly readySince: number | undefined;
  readonly unschedulable: boolean;
  /** In the object's order, which the position in a JSON patch counts; `addedAt` is the latest that it can be. */
  readonly taints: readonly (Taint & { readonly addedAt: number | undefined })[];
  readonly labels: Readonly<Record<string, string>>;
  /** Keys `kubernetes.io/csi/DRIVER^HANDLE` (A3, A4). */
  readonly volumesAttached: ReadonlySet<string>;
  readonly volumesInUse: ReadonlySet<string>;
}

export interface Event extends Meta {
  readonly kind: "Event";
  readonly about: {
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
    readonly uid: string | undefined;
  };
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  /** The component that wrote it, e.g. `attachdetach-controller`. */
  readonly from: string;
  readonly first: number | undefined;
  readonly last: number | undefined;
}

interface Controller extends Meta {
  readonly observedGeneration: number | undefined;
  readonly generation: number | undefined;
  readonly conditions: readonly Condition[];
}

export interface Deployment extends Controller {
  readonly kind: "Deployment";
  readonly replicas: number;
  readonly strategy: "RollingUpdate" | "Recreate";
  readonly paused: boolean;
  /** Annotation `deployment.kubernetes.io/revision`: that of the present template. */
  readonly revision: number | undefined;
}

export interface ReplicaSet extends Controller {
  readonly kind: "ReplicaSet";
  readonly replicas: number;
  readonly revision: number | undefined;
  /** Where the pods of its template may land. */
  readonly placement: Placement;
  /** Annotation `deployment.kubernetes.io/desired-replicas` (A58). */
  readonly desiredReplicas: number | undefined;
}

export interface StatefulSet extends Controller {
  readonly kind: "StatefulSet";
  readonly replicas: number;
}

export interface DaemonSet extends Controller {
  readonly kind: "DaemonSet";
}

export interface Job extends Controller {
  readonly kind: "Job";
}

export interface CronJob extends Controller {
  readonly kind: "CronJob";
}

export interface HorizontalPodAutoscaler extends Meta {
  readonly kind: "HorizontalPodAutoscaler";
  readonly target: { readonly apiVersion: string; readonly kind: string; readonly name: string };
  readonly minReplicas: number;
  readonly currentReplicas: number | undefined;
  readonly desiredReplicas: number | undefined;
}

export interface StorageClass extends Meta {
  readonly kind: "StorageClass";
  readonly provisioner: string;
  readonly waitsForConsumer: boolean;
}

export interface CsiDriver extends Meta {
  readonly kind: "CSIDriver";
  readonly attachRequired: boolean;
}

export interface CsiNode extends Meta {
  readonly kind: "CSINode";
  /** Names of the drivers that run on the node. */
  readonly drivers: readonly string[];
}

export interface Lease extends Meta {
  readonly kind: "Lease";
  readonly renewedAt: number | undefined;
}

/** The projected object of each kind. */
export interface ObjectOf {
  readonly Pod: Pod;
  readonly PersistentVolumeClaim: PersistentVolumeClaim;
  readonly PersistentVolume: PersistentVolume;
  readonly VolumeAttachment: VolumeAttachment;
  readonly Node: Node;
  readonly Event: Event;
  readonly Deployment: Deployment;
  readonly ReplicaSet: ReplicaSet;
  readonly StatefulSet: StatefulSet;
  readonly DaemonSet: DaemonSet;
  readonly Job: Job;
  readonly CronJob: CronJob;
  readonly HorizontalPodAutoscaler: HorizontalPodAutoscaler;
  readonly StorageClass: StorageClass;
  readonly CSIDriver: CsiDriver;
  readonly CSINode: CsiNode;
  readonly Lease: Lease;
}

export type Objects = { readonly [K in DiagnosedKind]: readonly ObjectOf[K][] };

export interface Facts {
  readonly source: "live" | "dump";
  /** "now" of the facts: the API server's Date header, or what a dump says (design, "Diagnosis"). */
  readonly time: number;
  /** True where `time` is only the newest time in a dump: every age is then "at least". */
  readonly timeIsLeast: boolean;
  /** kubectl's context, live only. */
  readonly context: string | null;
  /** The uid of namespace kube-system. */
  readonly clusterUid: string | null;
  /** What was read; a kind may stand once for each namespace that was read alone. A kind that is missing is unread. */
  readonly readings: readonly Reading[];
  readonly objects: Objects;
}

/**
 * An attachment seen in an earlier look (`--since FILE`, `--watch`): R12 and R13 count as stale only after two
 * sightings of one uid at least ten minutes apart.
 */
export interface Sighting {
  readonly uid: string;
  /** When it was first seen in the state that it is in now. */
  readonly at: number;
}
