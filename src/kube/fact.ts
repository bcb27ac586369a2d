import type {
  Autoscaler,
  Claim,
  CsiDriver,
  Namespace,
  Node,
  SourcePosition,
  StorageClass,
  Volume,
  Workload,
  WorkloadKind,
} from "../policy/model.ts";
import { autoscalerFrom } from "./autoscaler.ts";
import { claimFrom } from "./claim.ts";
import { csiDriverFrom } from "./csi-driver.ts";
import { kindOf } from "./kinds.ts";
import { type TypeMeta, typeOf } from "./metadata.ts";
import { namespaceFrom } from "./namespace.ts";
import { nodeFrom } from "./node.ts";
import { isRecord } from "./raw.ts";
import { storageClassFrom } from "./storage-class.ts";
import { volumeFrom } from "./volume.ts";
import { workloadFrom } from "./workload.ts";

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

const fact = <K extends FactKind, T>(kind: K, object: T | undefined) =>
  object === undefined ? undefined : { kind, object };

/**
 * The fact in a raw Kubernetes object of any shape, with the API server's defaults applied. `undefined` where its
 * kind is not judged, and for workloads that another object controls. `inherited` is the type of an item whose
 * list does not repeat it. Never throws and never changes what it is given.
 */
export function factFrom(raw: unknown, source?: SourcePosition, inherited?: TypeMeta): Fact | undefined {
  if (!isRecord(raw)) return undefined;
  const type = typeOf(raw, inherited);
  const kind = type === undefined ? undefined : kindOf(type.apiVersion, type.kind);
  switch (kind) {
    case undefined:
      return undefined;
    case "HorizontalPodAutoscaler":
      return fact(kind, autoscalerFrom(raw, source));
    case "PersistentVolumeClaim":
      return fact(kind, claimFrom(raw, source));
    case "PersistentVolume":
      return fact(kind, volumeFrom(raw));
    case "StorageClass":
      return fact(kind, storageClassFrom(raw));
    case "CSIDriver":
      return fact(kind, csiDriverFrom(raw));
    case "Namespace":
      return fact(kind, namespaceFrom(raw));
    case "Node":
      return fact(kind, nodeFrom(raw));
    default:
      return fact(kind, workloadFrom(raw, source, inherited));
  }
}
