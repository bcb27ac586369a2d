import type {
  Autoscaler,
  Claim,
  CsiDriver,
  Namespace,
  Node,
  StorageClass,
  Volume,
  Workload,
  WorkloadKind,
} from "../policy/model.ts";

/** One object that a view can hold, by its Kubernetes kind. */
export type Fact =
  | { readonly kind: WorkloadKind; readonly object: Workload }
  | { readonly kind: "HorizontalPodAutoscaler"; readonly object: Autoscaler }
  | { readonly kind: "PersistentVolumeClaim"; readonly object: Claim }
  | { readonly kind: "PersistentVolume"; readonly object: Volume }
  | { readonly kind: "StorageClass"; readonly object: StorageClass }
  | { readonly kind: "CSIDriver"; readonly object: CsiDriver }
  | { readonly kind: "Namespace"; readonly object: Namespace }
  | { readonly kind: "Node"; readonly object: Node };

export type FactKind = Fact["kind"];
