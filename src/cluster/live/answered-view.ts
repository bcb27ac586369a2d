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
import type { ClusterView, Lookup, PodQuery } from "../../policy/view.ts";

/**
 * What direct questions brought where they did not bring an object: that it is not there, or why nobody knows. By
 * `kind/namespace/name`, or `kind/namespace` for a whole list.
 */
export type Answers = ReadonlyMap<string, Lookup<never> | Lookup<readonly never[]>>;

export const answerKey = (kind: FactKind, namespace: string, name?: string): string =>
  name === undefined ? `${kind}/${namespace}` : `${kind}/${namespace}/${name}`;

/** A view in which the answers to direct questions stand in for whatever it does not know itself. */
export class AnsweredView implements ClusterView {
  readonly #view: ClusterView;
  readonly #answers: Answers;

  constructor(view: ClusterView, answers: Answers) {
    this.#view = view;
    this.#answers = answers;
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
    const answer = this.#answers.get(answerKey("HorizontalPodAutoscaler", target.namespace));
    return answer ?? autoscalers;
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
    const answer = this.#answers.get(answerKey(kind, namespace, name));
    return answer === undefined || answer.state === "known" ? lookup : answer;
  }
}
