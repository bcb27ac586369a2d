import { isDeepStrictEqual } from "node:util";
import type { Fact, ObjectOf } from "../kube/fact.ts";
import {
  AUTOSCALER_KINDS,
  FACT_KINDS,
  type FactKind,
  isWorkloadKind,
  KINDS,
  sameApi,
  WORKLOAD_KINDS,
} from "../kube/kinds.ts";
import { withoutMadeOnes } from "../policy/autoscalers.ts";
import { compare } from "../policy/compare.ts";
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
} from "../policy/model.ts";
import { selects } from "../policy/selectors.ts";
import { claimOfSet, claimPrefix, partsOfClaimName } from "../policy/template-claims.ts";
import {
  absent,
  type Budget,
  type ClusterView,
  known,
  type Lookup,
  type PodQuery,
  unknown,
} from "../policy/view.ts";
import { defaultClassAmong } from "./default-class.ts";
import { Buckets, Scoped, ScopedBuckets } from "./scoped.ts";
import { isStatic, staticVolumeFor } from "./static-binding.ts";

/** `complete`: what is not in the index does not exist. Anything else is the reason why that is not certain. */
export type Completeness =
  | "complete"
  | {
      readonly reason: string;
      /** True where nothing claims to have been read. */
      readonly openWorld?: true;
      /** The kind was complete this many seconds ago, and what was seen then still counts. */
      readonly heldSeconds?: number;
    };

export const COMPLETE: Completeness = "complete";

export interface ClusterIndexOptions {
  /**
   * The objects come from files: one without a namespace matches any namespace (an exact match first), and claims
   * are also bound by a volume's claimRef and by static matching.
   */
  readonly fromFiles?: boolean;
  /** Asked at every lookup that finds nothing, so the answer may change while kinds are being listed. */
  readonly completeness?: (kind: FactKind) => Completeness;
}

/** Kinds that a bundle of files commonly leaves to the cluster. */
const NOT_IN_FILES: Completeness = { reason: "it is not among the files", openWorld: true };
/** A Node object in a folder may well be a test fixture. */
const NOT_ALL_NODES: Completeness = { reason: "files seldom hold every node", openWorld: true };

export const completenessOfFiles = (kind: FactKind): Completeness => {
  if (kind === "Node") return NOT_ALL_NODES;
  return KINDS[kind].leftToCluster ? NOT_IN_FILES : COMPLETE;
};

const alwaysComplete = (): Completeness => COMPLETE;

/** The workload kinds without which an empty list says nothing. */
const NEEDED_WORKLOADS = WORKLOAD_KINDS.filter((kind) => KINDS[kind].neededFor === "verdicts");

/** What most questions for a list are answered with. */
const NOBODY: readonly never[] = Object.freeze([]);
const NO_WORKLOADS: Lookup<readonly Workload[]> = known(NOBODY);

type Objects = { readonly [K in FactKind]: Scoped<ObjectOf<K>> };

/**
 * The facts of one cluster, or of one bundle of files, with an index for each question of `ClusterView`. Lists
 * in answers are sorted, so that a verdict does not depend on the order in which objects arrived.
 */
export class ClusterIndex implements ClusterView {
  readonly fromFiles: boolean;
  readonly #completeness: (kind: FactKind) => Completeness;

  readonly #objects = Object.fromEntries(FACT_KINDS.map((kind) => [kind, new Scoped()])) as Objects;

  /** By the namespace of the workload and the name of the claim. */
  readonly #mounting = new ScopedBuckets<Workload>();
  /** By `key=value` of each template label. */
  readonly #labelled = new Buckets<Workload>();
  readonly #withManyLabels = new Set<Workload>();
  /** By the namespace of the autoscaler and the name of its target. */
  readonly #scaling = new ScopedBuckets<Autoscaler>();
  /** StatefulSets by their namespace and what the names of the claims of a template of theirs begin with. */
  readonly #making = new ScopedBuckets<Workload>();
  /** By the namespace of the workload and the name of the one whose template it uses. */
  readonly #borrowing = new ScopedBuckets<Workload>();
  /** By the claim that the volume's claimRef names. Only from files, as is the next. */
  readonly #claimed = new ScopedBuckets<Volume>();
  /** Volumes without a claimRef, by class. */
  readonly #unclaimed = new Buckets<Volume>();

  /** Derived lists, built on demand and dropped when their kind changes. */
  #sortedClasses: readonly StorageClass[] | undefined;
  #sortedNodes: readonly Node[] | undefined;

  constructor(options: ClusterIndexOptions = {}) {
    this.fromFiles = options.fromFiles ?? false;
    this.#completeness = options.completeness ?? (this.fromFiles ? completenessOfFiles : alwaysComplete);
  }

  /** Adds an object, in place of the one with the same kind, namespace and name if there is one. */
  put(fact: Fact): void {
    const namespace = namespaceOf(fact);
    const objects = this.#objects[fact.kind] as Scoped<Fact["object"]>;
    const old = objects.get(namespace, fact.object.name);
    if (old === fact.object) return;
    // The kubelet reports a node's state every few seconds, and verdicts read none of it.
    if (fact.kind === "Node" && old !== undefined && isDeepStrictEqual(old, fact.object)) return;
    objects.set(namespace, fact.object.name, fact.object);
    // The new entry before the old one goes: a map in which keys come and go grows to twice its size.
    this.#index("add", fact);
    if (old !== undefined) this.#index("delete", { kind: fact.kind, object: old } as Fact);
  }

  /** Removes an object; nothing happens when it is not there. `namespace` is `""` for kinds that have none. */
  remove(kind: FactKind, namespace: string, name: string): void {
    const object = this.#objects[kind].get(namespace, name);
    if (object === undefined) return;
    this.#objects[kind].delete(namespace, name);
    this.#index("delete", { kind, object } as Fact);
  }

  /** True where exactly this namespace (`""` included) has the name. */
  has(kind: FactKind, namespace: string, name: string): boolean {
    return this.#objects[kind].has(namespace, name);
  }

  /** The object of exactly this namespace (`""` included), if there is one. */
  get(kind: FactKind, namespace: string, name: string): Fact["object"] | undefined {
    return this.#objects[kind].get(namespace, name);
  }

  count(kind: FactKind): number {
    return this.#objects[kind].size;
  }

  /** Everything of one kind, in no particular order. */
  *facts(kind: FactKind): Generator<Fact> {
    for (const object of this.#objects[kind].values()) yield { kind, object } as Fact;
  }

  /** Every workload of every kind, in no particular order. */
  *workloads(): Generator<Workload> {
    for (const kind of WORKLOAD_KINDS) yield* this.#objects[kind].values();
  }

  claims(): Iterable<Claim> {
    return this.#objects.PersistentVolumeClaim.values();
  }

  *autoscalers(): Generator<Autoscaler> {
    for (const kind of AUTOSCALER_KINDS) yield* this.#objects[kind].values();
  }

  volumes(): Iterable<Volume> {
    return this.#objects.PersistentVolume.values();
  }

  claim(namespace: string, name: string): Lookup<Claim> {
    const stored = this.#find(this.#objects.PersistentVolumeClaim, namespace, name);
    return this.#answer("PersistentVolumeClaim", stored ?? this.#claimFromTemplate(namespace, name)?.claim);
  }

  volume(name: string): Lookup<Volume> {
    return this.#answer("PersistentVolume", this.#objects.PersistentVolume.get("", name));
  }

  volumeOf(claim: Claim): Lookup<Volume> {
    if (claim.volumeName !== undefined) return this.volume(claim.volumeName);
    if (!this.fromFiles) return absent;
    const volume = this.#volumeNaming(claim) ?? this.#staticVolume(claim);
    return volume === undefined ? absent : known(volume);
  }

  storageClass(name: string): Lookup<StorageClass> {
    return this.#answer("StorageClass", this.#objects.StorageClass.get("", name));
  }

  defaultStorageClass(): Lookup<StorageClass> {
    const chosen = defaultClassAmong(this.storageClasses());
    if (chosen === undefined && this.fromFiles)
      return unknown("no default StorageClass is among the files", true);
    return this.#answer("StorageClass", chosen);
  }

  storageClasses(): readonly StorageClass[] {
    this.#sortedClasses ??= [...this.#objects.StorageClass.values()].sort(byName);
    return this.#sortedClasses;
  }

  csiDriver(name: string): Lookup<CsiDriver> {
    return this.#answer("CSIDriver", this.#objects.CSIDriver.get("", name));
  }

  autoscalersOf(target: ObjectRef): Lookup<readonly Autoscaler[]> {
    const targets: Scoped<unknown> | undefined = isWorkloadKind(target.kind)
      ? this.#objects[target.kind]
      : undefined;
    let found: Autoscaler[] | undefined;
    for (const autoscaler of this.#referring(this.#scaling, target.namespace, target.name, targets)) {
      const { apiVersion, kind } = autoscaler.target;
      if (kind === target.kind && sameApi(apiVersion, target.apiVersion, kind)) {
        found ??= [];
        found.push(autoscaler);
      }
    }
    return found === undefined
      ? this.#answerList(AUTOSCALER_KINDS, NOBODY)
      : known(withoutMadeOnes(found).toSorted(byNamespaceAndName));
  }

  setWithClaim(namespace: string, claimName: string): Lookup<Workload> {
    return this.#answer("StatefulSet", this.#claimFromTemplate(namespace, claimName)?.set);
  }

  borrowersOf({ apiVersion, kind, namespace, name }: ObjectRef): Lookup<readonly Workload[]> {
    if (this.#borrowing.isEmpty()) return NO_WORKLOADS;
    const found: Workload[] = [];
    for (const workload of this.#referring(this.#borrowing, namespace, name, undefined)) {
      const from = workload.templateFrom;
      if (from?.kind === kind && sameApi(from.apiVersion, apiVersion, kind)) found.push(workload);
    }
    return known(found.sort(byKindAndName));
  }

  workload(kind: string, namespace: string, name: string): Lookup<Workload> {
    if (!isWorkloadKind(kind)) return absent;
    const workloads: Scoped<Workload> = this.#objects[kind];
    return this.#answer(kind, this.#find(workloads, namespace, name));
  }

  workloadsMounting(namespace: string, claimName: string): Lookup<readonly Workload[]> {
    const claims = this.#objects.PersistentVolumeClaim;
    const found = [...this.#referring(this.#mounting, namespace, claimName, claims)];
    return this.#answerList(NEEDED_WORKLOADS, found.sort(byKindAndName));
  }

  workloadsMatching(query: PodQuery, budget?: Budget): Lookup<readonly Workload[]> {
    const found: Workload[] = [];
    const units = comparisonsFor(query.selector);
    for (const workload of this.#candidates(query)) {
      if (budget?.spend(units) === false) break;
      if (
        this.#isWithin(workload.namespace, query.namespaces) &&
        selects(query.selector, workload.template.labels)
      ) {
        found.push(workload);
      }
    }
    return this.#answerList(NEEDED_WORKLOADS, found.sort(byKindAndName));
  }

  namespace(name: string): Lookup<Namespace> {
    return this.#answer("Namespace", this.#objects.Namespace.get("", name));
  }

  nodes(): Lookup<readonly Node[]> {
    this.#sortedNodes ??= [...this.#objects.Node.values()].sort(byName);
    const completeness = this.#completeness("Node");
    if (completeness === "complete") {
      return this.#sortedNodes.length === 0 ? absent : known(this.#sortedNodes);
    }
    const { reason, heldSeconds } = completeness;
    return heldSeconds === undefined || this.#sortedNodes.length === 0
      ? unknown(reason)
      : known(this.#sortedNodes, heldSeconds);
  }

  #answer<T>(kind: FactKind, found: T | undefined): Lookup<T> {
    if (found !== undefined) return known(found);
    const completeness = this.#completeness(kind);
    return completeness === "complete" ? absent : unknown(completeness.reason, completeness.openWorld);
  }

  /**
   * What was found is an answer even where there may be more; nothing found is only an answer when the kind is
   * complete.
   */
  #answerList<T>(kinds: readonly FactKind[], found: readonly T[]): Lookup<readonly T[]> {
    if (found.length > 0) return known(found);
    for (const kind of kinds) {
      const completeness = this.#completeness(kind);
      if (completeness !== "complete") return unknown(completeness.reason);
    }
    return known(found);
  }

  #find<T>(objects: Scoped<T>, namespace: string, name: string): T | undefined {
    const exact = objects.get(namespace, name);
    if (exact !== undefined || !this.fromFiles) return exact;
    if (namespace !== "") return objects.get("", name);
    const [first] = objects.namespacesWith(name);
    return first === undefined ? undefined : objects.get(first, name);
  }

  /**
   * The objects that name another one (a workload its claim, an autoscaler its target). From files, one without
   * a namespace refers to any namespace, and vice versa, unless both sides have an exact match.
   */
  #referring<T extends object>(
    referrers: ScopedBuckets<T>,
    namespace: string,
    name: string,
    targets: Scoped<unknown> | undefined,
  ): Iterable<T> {
    const own = referrers.at(namespace, name);
    return this.fromFiles && (namespace === "" || referrers.hasNamespace(""))
      ? this.#referringFromFiles(own, referrers, namespace, name, targets)
      : own;
  }

  *#referringFromFiles<T extends object>(
    own: Iterable<T>,
    referrers: ScopedBuckets<T>,
    namespace: string,
    name: string,
    targets: Scoped<unknown> | undefined,
  ): Generator<T> {
    yield* own;
    const isExact = targets?.has(namespace, name) === true;
    for (const other of namespace === "" ? referrers.namespacesWith(name) : [""]) {
      if (other === namespace || (isExact && targets?.has(other, name) === true)) continue;
      yield* referrers.at(other, name);
    }
  }

  #claimFromTemplate(
    namespace: string,
    name: string,
  ): { readonly claim: Claim; readonly set: Workload } | undefined {
    if (this.#making.isEmpty()) return undefined;
    const prefix = partsOfClaimName(name)?.prefix;
    if (prefix === undefined) return undefined;
    for (const set of this.#referring(this.#making, namespace, prefix, undefined)) {
      const claim = claimOfSet(set, name, this);
      if (claim !== undefined) return { claim, set };
    }
    return undefined;
  }

  #volumeNaming(claim: Claim): Volume | undefined {
    const { namespace, name } = claim;
    const namespaces = [namespace, ...(namespace === "" ? this.#claimed.namespacesWith(name) : [""])];
    for (const candidate of namespaces) {
      const [first] = [...this.#claimed.at(candidate, name)].sort(byName);
      if (first !== undefined) return first;
    }
    return undefined;
  }

  #staticVolume(claim: Claim): Volume | undefined {
    if (!isStatic(claim, (name) => this.storageClass(name))) return undefined;
    return staticVolumeFor(claim, this.#unclaimed.at(claim.storageClassName ?? ""));
  }

  /** The smallest set certain to contain every match: those with one of the labels that the selector asks for. */
  #candidates(query: PodQuery): Iterable<Workload> {
    let best: readonly string[] | undefined;
    let size = Number.POSITIVE_INFINITY;
    for (const keys of requiredLabels(query.selector)) {
      let total = 0;
      for (const key of keys) total += this.#labelled.sizeOf(key);
      if (total < size) {
        best = keys;
        size = total;
      }
    }
    return best === undefined ? this.#workloadsIn(query.namespaces) : this.#labelledWith(best);
  }

  *#labelledWith(keys: readonly string[]): Generator<Workload> {
    for (const key of keys) yield* this.#labelled.at(key);
    yield* this.#withManyLabels;
  }

  *#workloadsIn(namespaces: PodQuery["namespaces"]): Generator<Workload> {
    if (namespaces === "all" || this.fromFiles) {
      yield* this.workloads();
      return;
    }
    for (const kind of WORKLOAD_KINDS) {
      for (const namespace of new Set(namespaces)) yield* this.#objects[kind].valuesIn(namespace);
    }
  }

  #isWithin(namespace: string, namespaces: PodQuery["namespaces"]): boolean {
    if (namespaces === "all" || namespaces.includes(namespace)) return true;
    return this.fromFiles && (namespace === "" || namespaces.includes(""));
  }

  /** Brings the indices in sync with an object that comes or goes. */
  #index(change: "add" | "delete", fact: Fact): void {
    switch (fact.kind) {
      case "HorizontalPodAutoscaler":
      case "ScaledObject":
        this.#scaling[change](fact.object.namespace, fact.object.target.name, fact.object);
        break;
      case "PersistentVolume":
        this.#indexVolume(change, fact.object);
        break;
      case "StorageClass":
        this.#sortedClasses = undefined;
        break;
      case "Node":
        this.#sortedNodes = undefined;
        break;
      case "PersistentVolumeClaim":
      case "CSIDriver":
      case "Namespace":
        break;
      default:
        this.#indexWorkload(change, fact.object);
    }
  }

  #indexWorkload(change: "add" | "delete", workload: Workload): void {
    for (const name of mountedClaims(workload)) this.#mounting[change](workload.namespace, name, workload);
    const keys = labelKeys(workload);
    if (keys === undefined) this.#withManyLabels[change](workload);
    else for (const key of keys) this.#labelled[change](key, workload);
    for (const template of workload.claimTemplates) {
      this.#making[change](workload.namespace, claimPrefix(template, workload), workload);
    }
    const { templateFrom } = workload;
    if (templateFrom !== undefined) this.#borrowing[change](workload.namespace, templateFrom.name, workload);
  }

  #indexVolume(change: "add" | "delete", volume: Volume): void {
    if (!this.fromFiles) return;
    if (volume.claimRef === undefined) this.#unclaimed[change](volume.storageClassName, volume);
    else this.#claimed[change](volume.claimRef.namespace, volume.claimRef.name, volume);
  }
}

/** The namespace of a fact's object, `""` where its kind has none. */
export function namespaceOf(fact: Fact): string {
  return "namespace" in fact.object ? fact.object.namespace : "";
}

function* mountedClaims(workload: Workload): Generator<string> {
  for (const mount of workload.template.mounts) if (mount.kind === "claim") yield mount.claimName;
}

/** No workload needs more; one with more is checked against every selector, and its labels are not indexed. */
const MOST_LABELS_INDEXED = 100;

/** `key=value` of each template label; `undefined` where there are too many. */
function labelKeys({ template: { labels } }: Workload): readonly string[] | undefined {
  const keys = Object.keys(labels);
  return keys.length > MOST_LABELS_INDEXED ? undefined : keys.map((key) => `${key}=${labels[key]}`);
}

/** What looking at one workload costs: a selector may ask for no value of any label, and then all are looked at. */
export function comparisonsFor({ matchLabels, matchExpressions }: LabelSelector): number {
  return 1 + Object.keys(matchLabels).length + matchExpressions.length;
}

/** For each requirement of a selector that names values: the `key=value` pairs of which a match has one. */
export function* requiredLabels(selector: LabelSelector): Generator<readonly string[]> {
  for (const key of Object.keys(selector.matchLabels)) yield [`${key}=${selector.matchLabels[key]}`];
  for (const { key, operator, values } of selector.matchExpressions) {
    if (operator === "In") yield [...new Set(values)].map((value) => `${key}=${value}`);
  }
}

const byName = (a: { readonly name: string }, b: { readonly name: string }): number =>
  compare(a.name, b.name);

export function byNamespaceAndName(a: Autoscaler, b: Autoscaler): number {
  return compare(a.namespace, b.namespace) || byName(a, b);
}

export function byKindAndName(a: Workload, b: Workload): number {
  return compare(a.namespace, b.namespace) || compare(a.kind, b.kind) || byName(a, b);
}
