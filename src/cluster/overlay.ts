import type { Fact, FactKind } from "../kube/fact.ts";
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
import { absent, type ClusterView, known, knownValue, type Lookup, type PodQuery } from "../policy/view.ts";
import {
  byKindAndName,
  byNamespaceAndName,
  ClusterIndex,
  COMPLETE,
  isWorkloadKind,
  namespaceOf,
} from "./cluster-index.ts";
import { defaultClassAmong } from "./default-class.ts";

/** Which object to take out of a view; `namespace` is `""` for kinds that have none. */
export interface Removal {
  readonly kind: FactKind;
  readonly namespace: string;
  readonly name: string;
}

/**
 * Another view with facts laid over it, each in place of its older self, and with objects taken out. Nothing is
 * copied, the view below is not changed, and overlays stack. A volume laid over is found by claims that name it.
 */
export function overlay(
  view: ClusterView,
  put: readonly Fact[],
  remove: readonly Removal[] = [],
): ClusterView {
  return put.length === 0 && remove.length === 0 ? view : new Overlay(view, put, remove);
}

class Overlay implements ClusterView {
  private readonly below: ClusterView;
  private readonly own: ClusterIndex;
  /** What of the view below does not show through: by kind, namespace and name of the object there. */
  private readonly hidden = new Set<string>();
  private readonly changed = new Set<FactKind>();
  /** Autoscalers cannot be looked up by name below, so they are recognised when they turn up in an answer. */
  private readonly replacedAutoscalers: { namespace: string; name: string }[] = [];

  constructor(below: ClusterView, put: readonly Fact[], remove: readonly Removal[]) {
    this.below = below;
    // As from files: the namespace of an object below may not be known, and then matches that of a request.
    this.own = new ClusterIndex({ fromFiles: true, completeness: () => COMPLETE });
    for (const { kind, namespace, name } of remove) this.hide(kind, namespace, name);
    for (const fact of put) {
      this.hide(fact.kind, namespaceOf(fact), fact.object.name);
      this.own.put(fact);
    }
  }

  claim(namespace: string, name: string): Lookup<Claim> {
    return this.scoped("PersistentVolumeClaim", namespace, (view) => view.claim(namespace, name));
  }

  volume(name: string): Lookup<Volume> {
    return this.named("PersistentVolume", name, (view) => view.volume(name));
  }

  volumeOf(claim: Claim): Lookup<Volume> {
    if (claim.volumeName !== undefined) return this.volume(claim.volumeName);
    const found = this.below.volumeOf(claim);
    return found.state === "known" ? this.volume(found.value.name) : found;
  }

  storageClass(name: string): Lookup<StorageClass> {
    return this.named("StorageClass", name, (view) => view.storageClass(name));
  }

  defaultStorageClass(): Lookup<StorageClass> {
    if (!this.changed.has("StorageClass")) return this.below.defaultStorageClass();
    const chosen = defaultClassAmong(this.storageClasses());
    if (chosen !== undefined) return known(chosen);
    const found = this.below.defaultStorageClass();
    return found.state === "known" ? absent : found;
  }

  storageClasses(): readonly StorageClass[] {
    return this.merged("StorageClass", this.below.storageClasses(), this.own.storageClasses());
  }

  csiDriver(name: string): Lookup<CsiDriver> {
    return this.named("CSIDriver", name, (view) => view.csiDriver(name));
  }

  autoscalersOf(target: ObjectRef): Lookup<readonly Autoscaler[]> {
    const below = this.below.autoscalersOf(target);
    if (!this.changed.has("HorizontalPodAutoscaler")) return below;
    const own = knownValue(this.own.autoscalersOf(target)) ?? [];
    if (below.state !== "known") return own.length === 0 ? below : known(own);
    const showing = below.value.filter((one) => !this.isReplaced(one, below.value));
    return known([...showing, ...own].sort(byNamespaceAndName));
  }

  workload(kind: string, namespace: string, name: string): Lookup<Workload> {
    if (!isWorkloadKind(kind)) return this.below.workload(kind, namespace, name);
    return this.scoped(kind, namespace, (view) => view.workload(kind, namespace, name));
  }

  workloadsMounting(namespace: string, claimName: string): Lookup<readonly Workload[]> {
    return this.workloads((view) => view.workloadsMounting(namespace, claimName));
  }

  workloadsMatching(query: PodQuery): Lookup<readonly Workload[]> {
    return this.workloads((view) => view.workloadsMatching(query));
  }

  namespace(name: string): Lookup<Namespace> {
    return this.named("Namespace", name, (view) => view.namespace(name));
  }

  nodes(): Lookup<readonly Node[]> {
    const below = this.below.nodes();
    if (!this.changed.has("Node") || below.state === "unknown") return below;
    const nodes = this.merged("Node", knownValue(below) ?? [], knownValue(this.own.nodes()) ?? []);
    return nodes.length === 0 ? absent : known(nodes);
  }

  /** Hides what the view below has for this name, which from files may be an object without a namespace. */
  private hide(kind: FactKind, namespace: string, name: string): void {
    this.changed.add(kind);
    if (kind === "HorizontalPodAutoscaler") {
      this.replacedAutoscalers.push({ namespace, name });
    } else if (kind === "PersistentVolumeClaim") {
      this.hideFound(kind, this.below.claim(namespace, name));
    } else if (isWorkloadKind(kind)) {
      this.hideFound(kind, this.below.workload(kind, namespace, name));
    } else {
      this.hidden.add(keyOf(kind, "", name));
    }
  }

  private hideFound(kind: FactKind, found: Lookup<Claim | Workload>): void {
    if (found.state === "known") this.hidden.add(keyOf(kind, found.value.namespace, found.value.name));
  }

  private isHidden(kind: FactKind, namespace: string, name: string): boolean {
    return this.hidden.size > 0 && this.hidden.has(keyOf(kind, namespace, name));
  }

  private named<T extends { readonly name: string }>(
    kind: FactKind,
    name: string,
    ask: (view: ClusterView) => Lookup<T>,
  ): Lookup<T> {
    if (!this.changed.has(kind)) return ask(this.below);
    if (this.own.has(kind, "", name)) return ask(this.own);
    return this.isHidden(kind, "", name) ? absent : ask(this.below);
  }

  /** An exact match in either layer comes before one that only matches any namespace. */
  private scoped<T extends { readonly namespace: string; readonly name: string }>(
    kind: FactKind,
    namespace: string,
    ask: (view: ClusterView) => Lookup<T>,
  ): Lookup<T> {
    if (!this.changed.has(kind)) return ask(this.below);
    const own = ask(this.own);
    if (own.state === "known" && own.value.namespace === namespace) return own;
    const below = ask(this.below);
    const isGone = below.state === "known" && this.isHidden(kind, below.value.namespace, below.value.name);
    if (below.state === "known" && !isGone && below.value.namespace === namespace) return below;
    if (own.state === "known") return own;
    return isGone ? absent : below;
  }

  private workloads(ask: (view: ClusterView) => Lookup<readonly Workload[]>): Lookup<readonly Workload[]> {
    const below = ask(this.below);
    const own = knownValue(ask(this.own)) ?? [];
    if (below.state !== "known") return own.length === 0 ? below : known(own);
    const showing = below.value.filter(({ kind, namespace, name }) => !this.isHidden(kind, namespace, name));
    return own.length === 0 ? known(showing) : known([...showing, ...own].sort(byKindAndName));
  }

  private merged<T extends { readonly name: string }>(
    kind: FactKind,
    below: readonly T[],
    own: readonly T[],
  ): readonly T[] {
    if (!this.changed.has(kind)) return below;
    return [...below.filter(({ name }) => !this.isHidden(kind, "", name)), ...own].sort((a, b) =>
      a.name < b.name ? -1 : 1,
    );
  }

  /** From files, an autoscaler without a namespace is replaced when no other has exactly the namespace. */
  private isReplaced(candidate: Autoscaler, all: readonly Autoscaler[]): boolean {
    return this.replacedAutoscalers.some(({ namespace, name }) => {
      if (candidate.name !== name) return false;
      if (candidate.namespace === namespace) return true;
      const matchesAny = candidate.namespace === "" || namespace === "";
      return matchesAny && !all.some((other) => other.name === name && other.namespace === namespace);
    });
  }
}

function keyOf(kind: FactKind, namespace: string, name: string): string {
  return `${kind}\n${namespace}\n${name}`;
}
