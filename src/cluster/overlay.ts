import type { Fact } from "../kube/fact.ts";
import { AUTOSCALER_KINDS, type FactKind, isWorkloadKind, sameApi, WORKLOAD_KINDS } from "../kube/kinds.ts";
import { withoutMadeOnes } from "../policy/autoscalers.ts";
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
} from "../policy/model.ts";
import { selects } from "../policy/selectors.ts";
import { claimOfSet } from "../policy/template-claims.ts";
import {
  absent,
  type Budget,
  type ClusterView,
  known,
  knownValue,
  type Lookup,
  type PodQuery,
  unknown,
} from "../policy/view.ts";
import { byKindAndName, byNamespaceAndName, namespaceOf } from "./cluster-index.ts";
import { defaultClassAmong } from "./default-class.ts";
import { Layer, matchesNamespace } from "./layer.ts";

/** Which object to take out of a view; `namespace` is `""` for kinds that have none. */
export interface Removal {
  readonly kind: FactKind;
  readonly namespace: string;
  readonly name: string;
}

/**
 * What direct questions brought where they did not bring an object: that it is not there, or why nobody knows. By
 * `kind/namespace/name`, or `kind/namespace` for a whole list. It replaces what the view below does not know.
 */
export type Answers = ReadonlyMap<string, Lookup<never>>;

export const answerKey = (kind: string, namespace: string, name?: string): string =>
  name === undefined ? `${kind}/${namespace}` : `${kind}/${namespace}/${name}`;

const NO_ANSWERS: Answers = new Map();

/**
 * Another view with facts laid over it, each in place of its older self, with objects taken out, and with what is
 * known not to be there. Nothing is copied, the view below is not changed, and overlays stack. A volume laid over is
 * found by claims that name it.
 */
export function overlay(
  view: ClusterView,
  put: readonly Fact[],
  remove: readonly Removal[] = [],
  answers: Answers = NO_ANSWERS,
): ClusterView {
  return put.length === 0 && remove.length === 0 && answers.size === 0
    ? view
    : new Overlay(view, put, remove, answers);
}

class Overlay implements ClusterView {
  readonly #below: ClusterView;
  readonly #own: Layer;
  readonly #answers: Answers;
  readonly #hidden = new Hidden();
  readonly #changed: FactKind[] = [];
  /** Autoscalers cannot be looked up by name below, so they are recognised when they turn up in an answer. */
  readonly #replacedAutoscalers: Removal[] = [];

  constructor(below: ClusterView, put: readonly Fact[], remove: readonly Removal[], answers: Answers) {
    this.#below = below;
    this.#answers = answers;
    for (const removal of remove) this.#hide(removal);
    for (const fact of put) {
      this.#hide({ kind: fact.kind, namespace: namespaceOf(fact), name: fact.object.name });
    }
    this.#own = new Layer(put);
  }

  claim(namespace: string, name: string): Lookup<Claim> {
    const kind = "PersistentVolumeClaim";
    const stored = this.#scoped(kind, namespace, name, (view) => view.claim(namespace, name));
    if (stored.state === "known" && stored.value.ofSet === undefined) return stored;
    // What is left may come from a set that this view no longer holds, or that it brings.
    const set = knownValue(this.setWithClaim(namespace, name));
    const coming = set && claimOfSet(set, name, this);
    if (coming !== undefined) return known(coming);
    return this.#orAnswer(stored.state === "known" ? absent : stored, kind, namespace, name);
  }

  volume(name: string): Lookup<Volume> {
    return this.#named("PersistentVolume", name, (view) => view.volume(name));
  }

  volumeOf(claim: Claim): Lookup<Volume> {
    if (claim.volumeName !== undefined) return this.volume(claim.volumeName);
    const found = this.#below.volumeOf(claim);
    return found.state === "known" ? this.volume(found.value.name) : found;
  }

  storageClass(name: string): Lookup<StorageClass> {
    return this.#named("StorageClass", name, (view) => view.storageClass(name));
  }

  defaultStorageClass(): Lookup<StorageClass> {
    if (!this.#changed.includes("StorageClass")) return this.#below.defaultStorageClass();
    const chosen = defaultClassAmong(this.storageClasses());
    if (chosen !== undefined) return known(chosen);
    const found = this.#below.defaultStorageClass();
    return found.state === "known" ? absent : found;
  }

  storageClasses(): readonly StorageClass[] {
    return this.#merged("StorageClass", this.#below.storageClasses());
  }

  csiDriver(name: string): Lookup<CsiDriver> {
    return this.#named("CSIDriver", name, (view) => view.csiDriver(name));
  }

  /** Autoscalers that are known count even where there may be more. */
  autoscalersOf(target: ObjectRef): Lookup<readonly Autoscaler[]> {
    const below = this.#below.autoscalersOf(target);
    const own = this.#own.scaling(target).filter((one) => sameTarget(one, target));
    const all = knownValue(below) ?? [];
    const isUntouched = own.length === 0 && this.#replacedAutoscalers.length === 0;
    if (isUntouched && (all.length > 0 || this.#answers.size === 0)) return below;
    const found = [...all.filter((one) => !this.#isReplaced(one, all)), ...own];
    if (found.length > 0) return known(withoutMadeOnes(found).toSorted(byNamespaceAndName));
    const answers = AUTOSCALER_KINDS.map((kind) => this.#answers.get(answerKey(kind, target.namespace)));
    const unanswered = answers.find((answer) => answer?.state === "unknown");
    if (unanswered !== undefined) return unanswered;
    return below.state === "known" || answers.some((answer) => answer !== undefined) ? known([]) : below;
  }

  setWithClaim(namespace: string, claimName: string): Lookup<Workload> {
    for (const set of this.#own.making(namespace, claimName)) {
      if (claimOfSet(set, claimName, this) !== undefined) return known(set);
    }
    const below = this.#below.setWithClaim(namespace, claimName);
    return below.state === "known" && this.#isHidden("StatefulSet", below.value) ? absent : below;
  }

  borrowersOf(lender: ObjectRef): Lookup<readonly Workload[]> {
    const below = this.#below.borrowersOf(lender);
    const named = this.#own.borrowing(lender);
    if (named.length === 0) return this.#workloads(below, named);
    const own = named.filter(({ templateFrom }) => {
      return (
        templateFrom?.kind === lender.kind && sameApi(templateFrom.apiVersion, lender.apiVersion, lender.kind)
      );
    });
    return this.#workloads(below, own);
  }

  workload(kind: string, namespace: string, name: string): Lookup<Workload> {
    if (!isWorkloadKind(kind)) return this.#below.workload(kind, namespace, name);
    const found = this.#scoped(kind, namespace, name, (view) => view.workload(kind, namespace, name));
    return this.#orAnswer(found, kind, namespace, name);
  }

  workloadsMounting(namespace: string, claimName: string): Lookup<readonly Workload[]> {
    return this.#workloads(
      this.#below.workloadsMounting(namespace, claimName),
      this.#own.mounting(namespace, claimName),
    );
  }

  workloadsMatching(query: PodQuery, budget?: Budget): Lookup<readonly Workload[]> {
    const { namespaces, selector } = query;
    const isWithin = (namespace: string) =>
      namespaces === "all" || namespaces.some((one) => matchesNamespace(one, namespace));
    const own = WORKLOAD_KINDS.flatMap((kind) => this.#own.ofKind(kind)).filter(
      ({ namespace, template }) => isWithin(namespace) && selects(selector, template.labels),
    );
    return this.#workloads(this.#below.workloadsMatching(query, budget), own);
  }

  namespace(name: string): Lookup<Namespace> {
    return this.#named("Namespace", name, (view) => view.namespace(name));
  }

  nodes(): Lookup<readonly Node[]> {
    const below = this.#below.nodes();
    if (!this.#changed.includes("Node") || below.state === "unknown") return below;
    const nodes = this.#merged("Node", knownValue(below) ?? []);
    return nodes.length === 0 ? absent : known(nodes);
  }

  /** Hides what the view below has for this name, which from files may be an object without a namespace. */
  #hide(removal: Removal): void {
    const { kind, namespace, name } = removal;
    if (!this.#changed.includes(kind)) this.#changed.push(kind);
    if (kind === "HorizontalPodAutoscaler" || kind === "ScaledObject") {
      this.#replacedAutoscalers.push(removal);
    } else if (kind === "PersistentVolumeClaim") {
      this.#hideFound(kind, this.#below.claim(namespace, name));
    } else if (isWorkloadKind(kind)) {
      this.#hideFound(kind, this.#below.workload(kind, namespace, name));
    } else {
      this.#hidden.add(kind, "", name);
    }
  }

  #hideFound(kind: FactKind, found: Lookup<Claim | Workload>): void {
    if (found.state === "known") this.#hidden.add(kind, found.value.namespace, found.value.name);
  }

  #isHidden(
    kind: string,
    { namespace, name }: { readonly namespace: string; readonly name: string },
  ): boolean {
    return this.#hidden.has(kind, namespace, name);
  }

  /** Of a kind that has no namespaces. */
  #named<K extends "PersistentVolume" | "StorageClass" | "CSIDriver" | "Namespace", T>(
    kind: K,
    name: string,
    ask: (view: ClusterView) => Lookup<T>,
  ): Lookup<T> {
    if (this.#changed.includes(kind)) {
      const own = this.#own.find(kind, "", name) as T | undefined;
      if (own !== undefined) return known(own);
      if (this.#hidden.has(kind, "", name)) return absent;
    }
    return this.#orAnswer(ask(this.#below), kind, "", name);
  }

  /** An exact match in either layer comes before one that only matches any namespace. */
  #scoped<T extends Claim | Workload>(
    kind: FactKind,
    namespace: string,
    name: string,
    ask: (view: ClusterView) => Lookup<T>,
  ): Lookup<T> {
    const below = ask(this.#below);
    if (!this.#changed.includes(kind)) return below;
    const own = this.#own.find(kind, namespace, name) as T | undefined;
    if (own?.namespace === namespace) return known(own);
    const isGone = below.state === "known" && this.#isHidden(kind, below.value);
    if (below.state === "known" && !isGone && below.value.namespace === namespace) return below;
    if (own !== undefined) return known(own);
    return isGone ? absent : below;
  }

  #orAnswer<T>(found: Lookup<T>, kind: string, namespace: string, name: string): Lookup<T> {
    if (found.state === "known" || this.#answers.size === 0) return found;
    return this.#answers.get(answerKey(kind, namespace, name)) ?? found;
  }

  #workloads(below: Lookup<readonly Workload[]>, own: readonly Workload[]): Lookup<readonly Workload[]> {
    if (below.state !== "known") return own.length === 0 ? below : known(own.toSorted(byKindAndName));
    if (own.length === 0 && (below.value.length === 0 || this.#hidden.isEmpty)) return below;
    const showing = below.value.filter((workload) => !this.#isHidden(workload.kind, workload));
    if (showing.length === 0 && own.length === 1) return known(own);
    return own.length === 0 ? known(showing) : known([...showing, ...own].sort(byKindAndName));
  }

  #merged<K extends "StorageClass" | "Node", T extends { readonly name: string }>(
    kind: K,
    below: readonly T[],
  ): readonly T[] {
    if (!this.#changed.includes(kind)) return below;
    const own = this.#own.ofKind(kind) as unknown as readonly T[];
    return [...below.filter(({ name }) => !this.#hidden.has(kind, "", name)), ...own].sort((a, b) =>
      a.name < b.name ? -1 : 1,
    );
  }

  /** From files, an autoscaler without a namespace is replaced when no other has exactly the namespace. */
  #isReplaced(candidate: Autoscaler, all: readonly Autoscaler[]): boolean {
    return this.#replacedAutoscalers.some(({ kind, namespace, name }) => {
      if (candidate.kind !== kind || candidate.name !== name) return false;
      if (candidate.namespace === namespace) return true;
      const matchesAny = candidate.namespace === "" || namespace === "";
      return (
        matchesAny &&
        !all.some((other) => other.kind === kind && other.name === name && other.namespace === namespace)
      );
    });
  }
}

function sameTarget({ target: { apiVersion, kind } }: Autoscaler, target: ObjectRef): boolean {
  return kind === target.kind && sameApi(apiVersion, target.apiVersion, kind);
}

/** What of a view below does not show through, by kind, namespace and name. Most overlays hide one object. */
class Hidden {
  #one: Pick<ObjectRef, "kind" | "namespace" | "name"> | undefined;
  #more: Set<string> | undefined;

  get isEmpty(): boolean {
    return this.#one === undefined;
  }

  add(kind: string, namespace: string, name: string): void {
    if (this.#one === undefined) {
      this.#one = { kind, namespace, name };
    } else {
      this.#more ??= new Set();
      this.#more.add(keyOf(kind, namespace, name));
    }
  }

  has(kind: string, namespace: string, name: string): boolean {
    const one = this.#one;
    if (one === undefined) return false;
    if (one.name === name && one.kind === kind && one.namespace === namespace) return true;
    return this.#more?.has(keyOf(kind, namespace, name)) === true;
  }
}

function keyOf(kind: string, namespace: string, name: string): string {
  return `${kind}\n${namespace}\n${name}`;
}

/** Why a direct question brought no object, as an answer. */
export function answerOf(lookup: Lookup<unknown>): Lookup<never> {
  return lookup.state === "unknown" ? unknown(lookup.reason) : absent;
}
