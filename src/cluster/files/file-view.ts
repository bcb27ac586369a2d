import { type FactKind, isWorkloadKind } from "../../kube/kinds.ts";
import { withoutMadeOnes } from "../../policy/autoscalers.ts";
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
import { selects } from "../../policy/selectors.ts";
import { claimOfSet, partsOfClaimName } from "../../policy/template-claims.ts";
import {
  absent,
  type Budget,
  type ClusterView,
  known,
  knownValue,
  type Lookup,
  type PodQuery,
  unknown,
} from "../../policy/view.ts";
import { byKindAndName, byNamespaceAndName, comparisonsFor } from "../cluster-index.ts";
import { defaultClassAmong } from "../default-class.ts";
import { isStatic, staticVolumeFor } from "../static-binding.ts";
import type { FileIndex, ObjectOf } from "./file-index.ts";
import type { Resolved } from "./nearest.ts";
import type { Place } from "./place.ts";

/** What is assumed about the cluster that the files belong to. */
export interface World {
  /** What is not among the files does not exist. */
  readonly closed: boolean;
  /** Every node that there is; `undefined` where that is not known. */
  readonly nodes: readonly Node[] | undefined;
  /** The cluster that the files are applied to, looked up for whatever they do not hold. */
  readonly surroundings: ClusterView | undefined;
}

/** Files seen from where one object stands: what it refers to is the nearest of its name. */
export class FileView implements ClusterView {
  readonly #index: FileIndex;
  readonly #place: Place;
  readonly #world: World;

  constructor(index: FileIndex, place: Place, world: World) {
    this.#index = index;
    this.#place = place;
    this.#world = world;
  }

  claim(namespace: string, name: string): Lookup<Claim> {
    const found = this.#find("PersistentVolumeClaim", namespace, name);
    if (found.state !== "none") return this.#answer("PersistentVolumeClaim", name, found);
    const there = this.#world.surroundings?.claim(inCluster(namespace), name);
    if (there?.state === "known" && there.value.ofSet === undefined) return there;
    const set = this.#setAmongFiles(namespace, name);
    const coming = set && claimOfSet(set, name, this);
    return coming === undefined ? (there ?? absent) : known(coming);
  }

  volume(name: string): Lookup<Volume> {
    return this.#named("PersistentVolume", name, (cluster) => cluster.volume(name));
  }

  volumeOf(claim: Claim): Lookup<Volume> {
    const from = this.#index.placeOf(claim);
    if (from === undefined) return this.#world.surroundings?.volumeOf(claim) ?? absent;
    if (claim.volumeName !== undefined) return this.#from(from).volume(claim.volumeName);
    const [naming] = this.#index.volumesClaiming(claim).toSorted(byName);
    if (naming !== undefined) return known(naming);
    const className = claim.storageClassName ?? (claim.selector === undefined ? undefined : "");
    if (className === undefined || !isStatic(claim, (name) => this.#from(from).storageClass(name)))
      return absent;
    const volume = staticVolumeFor(claim, this.#index.unclaimedVolumes(className), (volume) =>
      distanceBetween(from, this.#index.placeOf(volume)),
    );
    return volume === undefined ? absent : known(volume);
  }

  storageClass(name: string): Lookup<StorageClass> {
    return this.#named("StorageClass", name, (cluster) => cluster.storageClass(name));
  }

  defaultStorageClass(): Lookup<StorageClass> {
    const { surroundings } = this.#world;
    const defaults = this.#index.all("StorageClass").filter(({ isDefault }) => isDefault);
    if (surroundings !== undefined) {
      const chosen = defaultClassAmong([...defaults, ...this.storageClasses()]);
      return chosen === undefined ? surroundings.defaultStorageClass() : known(chosen);
    }
    const nearest = nearestOf(defaults, (storageClass) => this.#distanceTo(storageClass));
    const [first, ...others] = nearest;
    if (first === undefined) return this.#missing("no default StorageClass is among the files");
    const rival = others.find((other) => !saysTheSame(first, other) && !this.#isBeside(first, other));
    if (rival !== undefined)
      return unknown(this.#index.tieText("StorageClass", "by default", [first, rival]));
    return known(defaultClassAmong(nearest) ?? first);
  }

  storageClasses(): readonly StorageClass[] {
    const own = new Map<string, StorageClass>();
    for (const { name } of this.#index.all("StorageClass")) {
      const found = this.#find("StorageClass", "", name);
      if (found.state === "one") own.set(name, found.object);
      // It is only named as a way out, and only as a possible one.
      else if (found.state === "tie") own.set(name, found.objects[0]);
    }
    for (const other of this.#world.surroundings?.storageClasses() ?? []) {
      if (!own.has(other.name)) own.set(other.name, other);
    }
    return [...own.values()].sort(byName);
  }

  csiDriver(name: string): Lookup<CsiDriver> {
    return this.#named("CSIDriver", name, (cluster) => cluster.csiDriver(name));
  }

  autoscalersOf(target: ObjectRef): Lookup<readonly Autoscaler[]> {
    const workload = this.#own(target);
    const own = workload === undefined ? [] : this.#index.scalersOf(workload);
    const there = this.#world.surroundings?.autoscalersOf({
      ...target,
      namespace: inCluster(target.namespace),
    });
    const others = (there && knownValue(there))?.filter(
      ({ kind, namespace, name }) => !this.#index.defines(kind, namespace, name),
    );
    const all = withoutMadeOnes([...own, ...(others ?? [])]).toSorted(byNamespaceAndName);
    if (all.length > 0) return known(all);
    const doubt = workload && this.#index.doubtfulScalerOf(workload);
    if (doubt !== undefined) return unknown(doubt);
    return there?.state === "unknown" ? there : known(all);
  }

  setWithClaim(namespace: string, claimName: string): Lookup<Workload> {
    const set = this.#setAmongFiles(namespace, claimName);
    if (set !== undefined) return known(set);
    return this.#world.surroundings?.setWithClaim(inCluster(namespace), claimName) ?? absent;
  }

  borrowersOf(lender: ObjectRef): Lookup<readonly Workload[]> {
    const workload = this.#own(lender);
    const own = workload === undefined ? [] : this.#index.borrowersOf(workload);
    return this.#together(own, (cluster) =>
      cluster.borrowersOf({ ...lender, namespace: inCluster(lender.namespace) }),
    );
  }

  workload(kind: string, namespace: string, name: string): Lookup<Workload> {
    if (!isWorkloadKind(kind)) return absent;
    const found = this.#find(kind, namespace, name);
    if (found.state !== "none") return this.#answer(kind, name, found);
    return this.#world.surroundings?.workload(kind, inCluster(namespace), name) ?? absent;
  }

  workloadsMounting(namespace: string, claimName: string): Lookup<readonly Workload[]> {
    const claim = this.#find("PersistentVolumeClaim", namespace, claimName);
    if (claim.state === "tie") {
      return unknown(this.#index.tieText("PersistentVolumeClaim", claimName, claim.objects));
    }
    const own =
      claim.state === "one"
        ? this.#index.mountersOf(claim.object)
        : this.#index
            .mountersOfMissing(claimName)
            .filter((other) => matchesNamespace(other.namespace, namespace) && this.#isNear(other));
    return this.#together(own, (cluster) => cluster.workloadsMounting(inCluster(namespace), claimName));
  }

  workloadsMatching(query: PodQuery, budget?: Budget): Lookup<readonly Workload[]> {
    const own: Workload[] = [];
    const units = comparisonsFor(query.selector);
    for (const workload of this.#index.candidates(query.selector)) {
      if (budget?.spend(units) === false) break;
      if (!isWithin(workload.namespace, query.namespaces)) continue;
      if (selects(query.selector, workload.template.labels) && this.#isNear(workload)) own.push(workload);
    }
    const namespaces = query.namespaces === "all" ? "all" : query.namespaces.map(inCluster);
    return this.#together(own, (cluster) => cluster.workloadsMatching({ ...query, namespaces }, budget));
  }

  namespace(name: string): Lookup<Namespace> {
    return this.#named("Namespace", name, (cluster) => cluster.namespace(name));
  }

  nodes(): Lookup<readonly Node[]> {
    const { nodes, surroundings } = this.#world;
    if (nodes !== undefined) return nodes.length === 0 ? absent : known(nodes);
    return surroundings?.nodes() ?? unknown("files seldom hold every node", true);
  }

  #from(place: Place): FileView {
    return place === this.#place ? this : new FileView(this.#index, place, this.#world);
  }

  #find<K extends FactKind>(kind: K, namespace: string, name: string): Resolved<ObjectOf<K>> {
    return this.#index.find(kind, namespace, name, this.#place);
  }

  #answer<T extends object>(kind: FactKind, name: string, found: Resolved<T>): Lookup<T> {
    switch (found.state) {
      case "one":
        return known(found.object);
      case "tie":
        return unknown(this.#index.tieText(kind, name, found.objects));
      case "none":
        return absent;
    }
  }

  /** Objects without a namespace are often repeated from folder to folder; where they say the same, it does not matter. */
  #named<K extends FactKind>(
    kind: K,
    name: string,
    ask: (cluster: ClusterView) => Lookup<ObjectOf<K>>,
  ): Lookup<ObjectOf<K>> {
    const found = this.#find(kind, "", name);
    if (found.state === "one") return known(found.object);
    if (found.state === "tie") {
      const [first, second] = found.objects;
      return saysTheSame(first, second) ? known(first) : this.#answer(kind, name, found);
    }
    return this.#world.surroundings === undefined
      ? this.#missing("it is not among the files")
      : ask(this.#world.surroundings);
  }

  #missing(reason: string): Lookup<never> {
    return this.#world.closed ? absent : unknown(reason, true);
  }

  #own(target: ObjectRef): Workload | undefined {
    if (this.#index.placeOf(target) !== undefined) return target as Workload;
    if (!isWorkloadKind(target.kind)) return undefined;
    const found = this.#find(target.kind, target.namespace, target.name);
    return found.state === "one" ? found.object : undefined;
  }

  #setAmongFiles(namespace: string, claimName: string): Workload | undefined {
    const prefix = partsOfClaimName(claimName)?.prefix;
    if (prefix === undefined) return undefined;
    return this.#index
      .setsWithPrefix(prefix)
      .find(
        (set) =>
          matchesNamespace(set.namespace, namespace) &&
          this.#isNear(set) &&
          claimOfSet(set, claimName, this) !== undefined,
      );
  }

  /** Seen from here, is it this object and not a nearer one that its name means? */
  #isNear(other: Workload): boolean {
    if (!isWorkloadKind(other.kind)) return false;
    const found = this.#find(other.kind, other.namespace, other.name);
    return found.state === "one" && found.object === other;
  }

  #together(
    own: readonly Workload[],
    ask: (cluster: ClusterView) => Lookup<readonly Workload[]>,
  ): Lookup<readonly Workload[]> {
    const { surroundings } = this.#world;
    if (surroundings === undefined) return known(own.toSorted(byKindAndName));
    const there = ask(surroundings);
    const others = (knownValue(there) ?? []).filter(
      ({ kind, namespace, name }) => !this.#index.defines(kind, namespace, name),
    );
    if (own.length + others.length === 0 && there.state !== "known") return there;
    return known([...own, ...others].sort(byKindAndName));
  }

  #distanceTo(object: object): Distance {
    return distanceBetween(this.#place, this.#index.placeOf(object));
  }

  /** In the same file or folder, where Kubernetes' own order decides. */
  #isBeside(a: object, b: object): boolean {
    return this.#index.placeOf(a)?.area.around === this.#index.placeOf(b)?.area.around;
  }
}

/** Folder steps up, then down; the same file is nearer than the same folder. */
type Distance = readonly [up: number, down: number];

const FAR: Distance = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];

function distanceBetween(from: Place, to: Place | undefined): Distance {
  if (to === undefined) return FAR;
  let up = 0;
  for (let area: typeof from.area | undefined = from.area; area !== undefined; area = area.around, up += 1) {
    let down = 0;
    for (let other: typeof area | undefined = to.area; other !== undefined; other = other.around, down += 1) {
      if (other === area) return [up, down];
      if (other.depth <= area.depth) break;
    }
  }
  return FAR;
}

function nearestOf<T>(objects: readonly T[], distanceTo: (object: T) => Distance): readonly T[] {
  let nearest: T[] = [];
  let best = FAR;
  for (const object of objects) {
    const distance = distanceTo(object);
    const order = distance[0] - best[0] || distance[1] - best[1];
    if (nearest.length === 0 || order < 0) {
      nearest = [object];
      best = distance;
    } else if (order === 0) nearest.push(object);
  }
  return nearest;
}

/** `kubectl apply` puts objects without a namespace there. */
const inCluster = (namespace: string): string => (namespace === "" ? "default" : namespace);

function matchesNamespace(a: string, b: string): boolean {
  return a === b || a === "" || b === "";
}

function isWithin(namespace: string, namespaces: PodQuery["namespaces"]): boolean {
  if (namespaces === "all" || namespace === "") return true;
  return namespaces.includes(namespace) || namespaces.includes("");
}

function saysTheSame(a: object, b: object): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

const byName = (a: { readonly name: string }, b: { readonly name: string }): number =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
