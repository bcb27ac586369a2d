/**
 * What the policy knows of Kubernetes objects: only the fields that a verdict reads, with the API server's
 * defaults already applied. `kube/` makes these from raw objects; nothing here does I/O or imports a client.
 *
 * A namespace of `""` means that a file did not say one; it matches any namespace.
 */

export type AccessMode = "ReadWriteOnce" | "ReadOnlyMany" | "ReadWriteMany" | "ReadWriteOncePod";

export type VolumeMode = "Filesystem" | "Block";

export type Labels = Readonly<Record<string, string>>;

/** Where an object stands in a file; lines and columns count from 1. */
export interface SourcePosition {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Where a kustomization gives the object other fields than its file does: the fields of its spec, and by which file. */
  readonly patched?: { readonly by: string; readonly fields: readonly string[] };
}

export interface ObjectRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

export interface Claim {
  readonly namespace: string;
  readonly name: string;
  readonly accessModes: readonly AccessMode[];
  readonly volumeMode: VolumeMode;
  /** `undefined`: not said, so the default class applies; `""`: explicitly no class, static volumes only. */
  readonly storageClassName: string | undefined;
  /** `spec.volumeName`: the volume that the claim is bound to, or asks to be bound to. */
  readonly volumeName: string | undefined;
  /** `spec.selector`, which only static volumes can satisfy. */
  readonly selector: LabelSelector | undefined;
  /** True where the claim names a snapshot or another claim to be filled from. */
  readonly hasDataSource: boolean;
  /** `spec.resources.requests.storage`, in bytes. */
  readonly requestedBytes: number | undefined;
  readonly annotations: Labels;
  /** The name of the StatefulSet whose template says what this claim will be; `undefined` for one that is stored. */
  readonly ofSet: string | undefined;
  readonly uid: string | undefined;
  /** Milliseconds since the epoch. */
  readonly createdAt: number | undefined;
  readonly source: SourcePosition | undefined;
  /** Why what reaches the cluster may differ: it is part of something that was not rendered. */
  readonly unrendered?: string;
}

/** The one member of a PersistentVolume's (or a pod volume's) source that is set, e.g. `csi`, `nfs`, `awsElasticBlockStore`. */
export interface VolumeSource {
  readonly type: string;
  /** The CSI driver's (or FlexVolume driver's) name; `undefined` for every other type. */
  readonly driver: string | undefined;
  readonly readOnly: boolean;
}

export interface Volume {
  readonly name: string;
  readonly accessModes: readonly AccessMode[];
  readonly volumeMode: VolumeMode;
  readonly storageClassName: string;
  readonly source: VolumeSource;
  readonly claimRef: { readonly namespace: string; readonly name: string } | undefined;
  /** `spec.nodeAffinity.required`: the terms are alternatives. */
  readonly nodeAffinity: readonly NodeSelectorTerm[] | undefined;
  readonly labels: Labels;
  readonly reclaimPolicy: string;
}

export interface StorageClass {
  readonly name: string;
  readonly provisioner: string;
  readonly parameters: Labels;
  readonly isDefault: boolean;
  /** `allowVolumeExpansion`: claims of it may grow. */
  readonly expandable: boolean;
  /** `attachguard.dev/access-modes` on the class: what its owner says that it can do. */
  readonly accessModes: readonly AccessMode[] | undefined;
  /** Milliseconds since the epoch; of several default classes the newest wins, as in Kubernetes. */
  readonly createdAt: number | undefined;
}

export interface CsiDriver {
  readonly name: string;
  readonly attachRequired: boolean;
}

/** KEDA makes a HorizontalPodAutoscaler of a ScaledObject: where both are known they are one (semantics S40). */
export type AutoscalerKind = "HorizontalPodAutoscaler" | "ScaledObject";

export interface Autoscaler {
  readonly kind: AutoscalerKind;
  readonly namespace: string;
  readonly name: string;
  readonly target: { readonly apiVersion: string; readonly kind: string; readonly name: string };
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly uid: string | undefined;
  /** The ScaledObject that controls this HorizontalPodAutoscaler. */
  readonly scaledObject: { readonly name: string; readonly uid: string } | undefined;
  /** Held still by an annotation of KEDA's; judged as if it were not (semantics S41). */
  readonly paused: boolean;
  readonly source: SourcePosition | undefined;
}

export interface Taint {
  readonly key: string;
  readonly value: string;
  readonly effect: string;
}

export interface Node {
  readonly name: string;
  readonly labels: Labels;
  readonly taints: readonly Taint[];
  readonly unschedulable: boolean;
}

export interface Namespace {
  readonly name: string;
  readonly uid: string | undefined;
  readonly labels: Labels;
}

export interface Requirement {
  readonly key: string;
  readonly operator: string;
  readonly values: readonly string[];
}

/** A `metav1.LabelSelector`; an empty one matches everything, an absent one (`undefined` where it is used) nothing. */
export interface LabelSelector {
  readonly matchLabels: Labels;
  readonly matchExpressions: readonly Requirement[];
}

/** All requirements of a term must hold. A term without any matches no node. */
export interface NodeSelectorTerm {
  readonly matchExpressions: readonly Requirement[];
  readonly matchFields: readonly Requirement[];
}

/** A required pod affinity or anti-affinity term. */
export interface PodAffinityTerm {
  readonly labelSelector: LabelSelector | undefined;
  /** Namespaces by name; together with `namespaceSelector` a union. Both empty or absent: the pod's own. */
  readonly namespaces: readonly string[];
  readonly namespaceSelector: LabelSelector | undefined;
  readonly topologyKey: string;
  readonly matchLabelKeys: readonly string[];
  readonly mismatchLabelKeys: readonly string[];
}

/** A topology spread constraint with `whenUnsatisfiable: DoNotSchedule`. */
export interface SpreadConstraint {
  readonly topologyKey: string;
  readonly maxSkew: number;
  readonly labelSelector: LabelSelector | undefined;
  readonly matchLabelKeys: readonly string[];
}

export interface Toleration {
  readonly key: string;
  readonly operator: string;
  readonly value: string;
  readonly effect: string;
}

/** Everything in a pod template that limits where its pods may land. Preferred terms are left out: they prove nothing. */
export interface Placement {
  readonly nodeName: string | undefined;
  readonly nodeSelector: Labels;
  /** Required node affinity; `undefined` where there is none. The terms are alternatives. */
  readonly nodeAffinity: readonly NodeSelectorTerm[] | undefined;
  readonly podAffinity: readonly PodAffinityTerm[];
  readonly podAntiAffinity: readonly PodAffinityTerm[];
  readonly spreadConstraints: readonly SpreadConstraint[];
  readonly tolerations: readonly Toleration[];
}

/** One volume of a pod template that at least one container mounts and that may belong to one node only. */
export type Mount =
  /** A PersistentVolumeClaim by name. */
  | { readonly kind: "claim"; readonly volumeName: string; readonly claimName: string }
  /** A disk named in the pod itself, e.g. `awsElasticBlockStore`. */
  | { readonly kind: "inline"; readonly volumeName: string; readonly source: VolumeSource };

export interface PodTemplate {
  readonly labels: Labels;
  readonly annotations: Labels;
  /** What a container mounts; a claim that is only listed in `volumes` holds nothing up (semantics S4). */
  readonly mounts: readonly Mount[];
  readonly placement: Placement;
}

/** A number of pods, or a percentage of the replicas. */
export type IntOrPercent =
  | { readonly kind: "int"; readonly value: number }
  | { readonly kind: "percent"; readonly value: number };

/** How a workload replaces its pods when the template changes. */
export type UpdateStrategy =
  | {
      readonly kind: "rolling-update";
      readonly maxSurge: IntOrPercent;
      readonly maxUnavailable: IntOrPercent;
    }
  | { readonly kind: "recreate" }
  /** Argo Rollout: old and new pods live side by side for as long as the steps last (semantics S44, S45). */
  | {
      readonly kind: "canary";
      readonly maxSurge: IntOrPercent;
      readonly maxUnavailable: IntOrPercent;
      /** A step wants pods of both templates, e.g. a weight between 0 and 100. */
      readonly sideBySide: boolean;
      /** The old pods all stay until the end. */
      readonly trafficRouting: boolean;
    }
  /** Argo Rollout: the new pods come up in full beside the old ones (semantics S46). */
  | { readonly kind: "blue-green" }
  /** StatefulSet, DaemonSet: a pod is deleted before its replacement is made. */
  | { readonly kind: "delete-first" }
  /** ReplicaSet, Job, Pod: a template change replaces no pods. */
  | { readonly kind: "none" };

/** The Kubernetes kind of a workload. Which there are stands in the one table of kinds (`kube/kinds.ts`). */
export type WorkloadKind = string;

/** What sets the number of pods of a workload. */
export type PodCount =
  /** Everything with `spec.replicas`. */
  | { readonly by: "replicas"; readonly replicas: number }
  /** DaemonSet: one pod on each node that takes it. */
  | { readonly by: "nodes" }
  /** Job: `parallelism`, and no more than `completions`. `finished`: its pods have ended for good. */
  | { readonly by: "parallelism"; readonly parallelism: number; readonly finished: boolean }
  /** CronJob: a run's parallelism, and whether two runs may overlap. */
  | {
      readonly by: "schedule";
      readonly parallelism: number;
      readonly concurrencyPolicy: "Allow" | "Forbid" | "Replace";
    }
  /** A bare Pod. `finished`: Succeeded or Failed, so that it holds no volume any more (semantics S33). */
  | { readonly by: "pod"; readonly finished: boolean };

/** The part of a Deployment's status that shows whether a rollout is under way. */
export interface RolloutStatus {
  readonly observedGeneration: number | undefined;
  readonly replicas: number;
  readonly updatedReplicas: number;
}

/** The pod template hashes in the status of an Argo Rollout: a rollout is unfinished while they differ. */
export interface RolloutRevisions {
  readonly stable: string;
  readonly current: string;
}

/** The object of the same namespace whose pod template a workload uses (Argo's `workloadRef`; semantics S47). */
export interface TemplateSource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  /** False where the object is scaled down in favour of the workload that uses its template. */
  readonly keepsItsPods: boolean;
}

/** A label or annotation that says that Argo CD, Flux or Helm manages an object; anybody can set one. */
export interface ManagedBy {
  readonly tool: "Argo CD" | "Flux" | "Helm";
  /** As it stands on the object, e.g. `app.kubernetes.io/managed-by=Helm`. */
  readonly label: string;
}

export interface Workload extends ObjectRef {
  readonly uid: string | undefined;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly pods: PodCount;
  readonly strategy: UpdateStrategy;
  readonly paused: boolean;
  readonly template: PodTemplate;
  readonly status: RolloutStatus | undefined;
  readonly revisions: RolloutRevisions | undefined;
  readonly templateFrom: TemplateSource | undefined;
  /** A StatefulSet's claim templates; a claim made of one is named `TEMPLATE-SET-ORDINAL` (semantics S35). */
  readonly claimTemplates: readonly Claim[];
  /** The number of a StatefulSet's first pod. */
  readonly firstOrdinal: number;
  /** Who seems to manage it, so that a change of the live object would be undone. */
  readonly managedBy?: ManagedBy | undefined;
  /** Milliseconds since the epoch. */
  readonly createdAt: number | undefined;
  readonly source: SourcePosition | undefined;
  /** Why what reaches the cluster may differ: it is part of something that was not rendered. Findings only warn then. */
  readonly unrendered?: string;
  /** What could not be read as written and which default is used instead; shown as evidence. */
  readonly notes: readonly string[];
}
