import type {
  Autoscaler,
  AutoscalerKind,
  Claim,
  CsiDriver,
  Namespace,
  Node,
  SourcePosition,
  StorageClass,
  Volume,
  Workload,
} from "../policy/model.ts";
import { autoscalerFrom, scaledObjectFrom } from "./autoscaler.ts";
import { claimFrom } from "./claim.ts";
import { csiDriverFrom } from "./csi-driver.ts";
import { type FactKind, kindOf, type WorkloadKind } from "./kinds.ts";
import { type TypeMeta, typeOf } from "./metadata.ts";
import { namespaceFrom } from "./namespace.ts";
import { nodeFrom } from "./node.ts";
import { isRecord } from "./raw.ts";
import { storageClassFrom } from "./storage-class.ts";
import { volumeFrom } from "./volume.ts";
import { workloadFrom } from "./workload.ts";

export type { FactKind } from "./kinds.ts";

/** One object that a view can hold, by its Kubernetes kind. */
export type Fact =
  | { readonly kind: WorkloadKind; readonly object: Workload }
  | { readonly kind: AutoscalerKind; readonly object: Autoscaler }
  | { readonly kind: "PersistentVolumeClaim"; readonly object: Claim }
  | { readonly kind: "PersistentVolume"; readonly object: Volume }
  | { readonly kind: "StorageClass"; readonly object: StorageClass }
  | { readonly kind: "CSIDriver"; readonly object: CsiDriver }
  | { readonly kind: "Namespace"; readonly object: Namespace }
  | { readonly kind: "Node"; readonly object: Node };

/** What a view holds of one kind. */
export type ObjectOf<K extends FactKind> = K extends WorkloadKind
  ? Workload
  : K extends AutoscalerKind
    ? Autoscaler
    : Extract<Fact, { readonly kind: K }>["object"];

/** A workload that a reader in `kube/` produced, as a fact. */
export const workloadFact = (object: Workload): Fact => ({ kind: object.kind as WorkloadKind, object });

export const autoscalerFact = (object: Autoscaler): Fact => ({ kind: object.kind, object });

export const claimFact = (object: Claim): Fact => ({ kind: "PersistentVolumeClaim", object });

const fact = <K extends Fact["kind"], T>(kind: K, object: T | undefined) =>
  object === undefined ? undefined : { kind, object };

/**
 * The fact that a raw Kubernetes object of any shape holds, with the API server's defaults applied. `undefined` where
 * its kind is not judged, and for workloads that another object controls. `inherited` is the type of an item whose list
 * does not repeat it. Never throws and never changes what it is given.
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
    case "ScaledObject":
      return fact(kind, scaledObjectFrom(raw, source));
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
      // The compiler sees that no other role is left: a new kind that is not a workload needs a case here.
      return fact(kind satisfies WorkloadKind, workloadFrom(raw, source, inherited));
  }
}
