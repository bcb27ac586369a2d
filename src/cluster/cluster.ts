import type { FactKind } from "../kube/fact.ts";
import type { ObjectRef, Workload } from "../policy/model.ts";
import type { ClusterView } from "../policy/view.ts";

/** What a request needs to be judged and the standing view may not have seen yet. */
export interface Wanted {
  /** Claims and their volumes are fetched for these; what a claim still lacks afterwards is absent. */
  readonly workloads: readonly Workload[];
  /**
   * A workload to be found by name (scale, autoscaler target), with its claims. With a uid, a known workload of
   * that name with another uid counts as not seen yet: it was deleted and recreated.
   */
  readonly target?: Pick<ObjectRef, "kind" | "namespace" | "name"> & { readonly uid?: string };
  /** A ScaledObject to be found by name, as of this uid. */
  readonly scaledObject?: { readonly namespace: string; readonly name: string; readonly uid: string };
  /**
   * The autoscalers of this namespace, which cannot be fetched by target: they are listed where the standing list of
   * them is not in sync, and with `afresh` in any case.
   */
  readonly autoscalersIn?: string;
  readonly afresh?: boolean;
}

/** The outcome of lookups. */
export interface Prepared {
  readonly view: ClusterView;
  /** The signal aborted before everything had been looked up; what is missing is `unknown` in the view. */
  readonly cutShort: boolean;
}

/** How well one kind is known. */
export interface KindStatus {
  readonly kind: FactKind;
  /**
   * `waiting`: not listed yet. `held`: was in sync and is not now, because the API server refuses it (403) or no longer
   * has the version that was reached (410): what was seen last still counts, what was not seen may exist. `refused`: no
   * right to read it (403). `not-served`: the API server has no such kind (404).
   */
  readonly state: "synced" | "held" | "waiting" | "refused" | "not-served";
  readonly objects: number;
  /** Seconds since the moment whose state the facts are; `undefined` for files, and before the first list. */
  readonly ageSeconds: number | undefined;
  /** What is wrong, for people; `undefined` when nothing is. */
  readonly problem: string | undefined;
}

/** A cluster whose workloads can be iterated. */
export interface WholeCluster extends Cluster {
  /** Every workload; may be read a part at a time while things change. */
  workloads(): Iterable<Workload>;
}

/** Where a long-running server gets its facts: the live cluster, or files. */
export interface Cluster {
  /** The standing view; reading it never waits. */
  readonly view: ClusterView;
  /**
   * A view in which what is wanted has been looked up directly where the standing view lacks it. Never rejects, and
   * resolves as soon as the signal aborts: what could not be had until then is `unknown`, with the reason in the lookup.
   */
  prepare(wanted: Wanted, signal: AbortSignal): Promise<Prepared>;
  /** Every kind that is followed; kinds of an API that the cluster does not have and need not have are left out. */
  status(): readonly KindStatus[];
  /** Resolves when every kind has been listed or refused. */
  start(): Promise<void>;
  close(): Promise<void>;
}
