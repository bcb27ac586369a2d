import type {
  Autoscaler,
  Claim,
  CsiDriver,
  LabelSelector,
  Namespace,
  Node,
  ObjectRef,
  StorageClass,
  Volume,
  Workload,
} from "./model.ts";

/**
 * The answer to a question about the cluster. `absent` is knowledge: the source was complete and the object is
 * not there. `unknown` is not: the kind is not watched, not allowed to be read, or not part of the files given.
 */
export type Lookup<T> =
  | {
      readonly state: "known";
      readonly value: T;
      /** So many seconds ago this was the answer; left out where it is the answer now. */
      readonly ageSeconds?: number;
    }
  | { readonly state: "absent" }
  | {
      readonly state: "unknown";
      readonly reason: string;
      /** True where nothing claims to be complete: files hold what somebody put there. */
      readonly openWorld?: true;
    };

/** Which pods a pod affinity term looks at: a selector over labels, in some namespaces. */
export interface PodQuery {
  readonly selector: LabelSelector;
  readonly namespaces: "all" | readonly string[];
}

/** What looking may still cost; false once it is spent, and a search then ends with what it has. */
export interface Budget {
  spend(units: number): boolean;
}

/**
 * The facts a verdict may read. Every method is synchronous and O(1) in the size of the cluster where an index can make
 * it so; the builder of a view fetches what is missing beforehand.
 */
export interface ClusterView {
  /** A stored claim, else the one that a known StatefulSet will make under this name. */
  claim(namespace: string, name: string): Lookup<Claim>;
  volume(name: string): Lookup<Volume>;
  /**
   * The volume that a claim is bound to. Live: `spec.volumeName` only. From files also a volume whose claimRef
   * names the claim, or a matching unclaimed static volume.
   */
  volumeOf(claim: Claim): Lookup<Volume>;
  storageClass(name: string): Lookup<StorageClass>;
  /** The default class: of several the newest (`pkg/volume/util/storageclass.go` GetDefaultClass). */
  defaultStorageClass(): Lookup<StorageClass>;
  /** All classes that are known, in a stable order; used to name alternatives. */
  storageClasses(): readonly StorageClass[];
  csiDriver(name: string): Lookup<CsiDriver>;
  /** Of a ScaledObject and the HorizontalPodAutoscaler that KEDA made of it only the first (semantics S40). */
  autoscalersOf(target: ObjectRef): Lookup<readonly Autoscaler[]>;
  /** The StatefulSet one of whose pods has a claim of this name by a claim template, stored or not. */
  setWithClaim(namespace: string, claimName: string): Lookup<Workload>;
  /** Workloads that use the pod template of this one instead of having their own (Argo's `workloadRef`). */
  borrowersOf(lender: ObjectRef): Lookup<readonly Workload[]>;
  workload(kind: string, namespace: string, name: string): Lookup<Workload>;
  workloadsMounting(namespace: string, claimName: string): Lookup<readonly Workload[]>;
  /**
   * Workloads whose template's labels the query matches, whatever else they mount.
   *
   * @param budget charged for every workload that is looked at; once it is spent, the answer is a part of them
   */
  workloadsMatching(query: PodQuery, budget?: Budget): Lookup<readonly Workload[]>;
  namespace(name: string): Lookup<Namespace>;
  /**
   * All nodes. A `known` answer is the complete list and never empty; `absent`: complete, and there is none;
   * `unknown`: there may be others than those that were seen (files are an open world), so that none counts.
   */
  nodes(): Lookup<readonly Node[]>;
}

export const known = <T>(value: T, ageSeconds?: number): Lookup<T> =>
  ageSeconds === undefined ? { state: "known", value } : { state: "known", value, ageSeconds };

export const absent: Lookup<never> = { state: "absent" };

export const unknown = (reason: string, openWorld?: true): Lookup<never> =>
  openWorld ? { state: "unknown", reason, openWorld } : { state: "unknown", reason };

/** The value where it is known, else `undefined`: for callers to whom absent and unknown are the same. */
export function knownValue<T>(lookup: Lookup<T>): T | undefined {
  return lookup.state === "known" ? lookup.value : undefined;
}
