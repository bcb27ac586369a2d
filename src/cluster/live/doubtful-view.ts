import type { FactKind } from "../../kube/fact.ts";
import type {
  Autoscaler,
  Claim,
  CsiDriver,
  Namespace,
  Node,
  ObjectRef,
  StorageClass,
  Volume,
  Workload,
} from "../../policy/model.ts";
import { type ClusterView, type Lookup, type PodQuery, unknown } from "../../policy/view.ts";

/** What could not be looked up, and why: `kind/namespace/name`, or `kind/namespace` for a whole list. */
export type Doubts = ReadonlyMap<string, string>;

export const doubtKey = (kind: FactKind, namespace: string, name?: string): string =>
  name === undefined ? `${kind}/${namespace}` : `${kind}/${namespace}/${name}`;

/** A view that does not call absent what could not be asked for: there it answers `unknown`, with the reason. */
export class DoubtfulView implements ClusterView {
  readonly #view: ClusterView;
  readonly #doubts: Doubts;

  constructor(view: ClusterView, doubts: Doubts) {
    this.#view = view;
    this.#doubts = doubts;
  }

  claim(namespace: string, name: string): Lookup<Claim> {
    return this.#weigh(this.#view.claim(namespace, name), "PersistentVolumeClaim", namespace, name);
  }

  volume(name: string): Lookup<Volume> {
    return this.#weigh(this.#view.volume(name), "PersistentVolume", "", name);
  }

  volumeOf(claim: Claim): Lookup<Volume> {
    const volume = this.#view.volumeOf(claim);
    return claim.volumeName === undefined
      ? volume
      : this.#weigh(volume, "PersistentVolume", "", claim.volumeName);
  }

  storageClass(name: string): Lookup<StorageClass> {
    return this.#weigh(this.#view.storageClass(name), "StorageClass", "", name);
  }

  defaultStorageClass(): Lookup<StorageClass> {
    return this.#view.defaultStorageClass();
  }

  storageClasses(): readonly StorageClass[] {
    return this.#view.storageClasses();
  }

  csiDriver(name: string): Lookup<CsiDriver> {
    return this.#weigh(this.#view.csiDriver(name), "CSIDriver", "", name);
  }

  /** Autoscalers that are known count even where there may be more. */
  autoscalersOf(target: ObjectRef): Lookup<readonly Autoscaler[]> {
    const autoscalers = this.#view.autoscalersOf(target);
    if (autoscalers.state === "known" && autoscalers.value.length > 0) return autoscalers;
    const reason = this.#doubts.get(doubtKey("HorizontalPodAutoscaler", target.namespace));
    return reason === undefined ? autoscalers : unknown(reason);
  }

  workload(kind: string, namespace: string, name: string): Lookup<Workload> {
    return this.#weigh(this.#view.workload(kind, namespace, name), kind as FactKind, namespace, name);
  }

  workloadsMounting(namespace: string, claimName: string): Lookup<readonly Workload[]> {
    return this.#view.workloadsMounting(namespace, claimName);
  }

  workloadsMatching(query: PodQuery): Lookup<readonly Workload[]> {
    return this.#view.workloadsMatching(query);
  }

  namespace(name: string): Lookup<Namespace> {
    return this.#view.namespace(name);
  }

  nodes(): Lookup<readonly Node[]> {
    return this.#view.nodes();
  }

  #weigh<T>(lookup: Lookup<T>, kind: FactKind, namespace: string, name: string): Lookup<T> {
    if (lookup.state === "known") return lookup;
    const reason = this.#doubts.get(doubtKey(kind, namespace, name));
    return reason === undefined ? lookup : unknown(reason);
  }
}
