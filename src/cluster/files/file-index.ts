import type { Fact } from "../../kube/fact.ts";
import { AUTOSCALER_KINDS, type FactKind, isWorkloadKind, KINDS, sameApi } from "../../kube/kinds.ts";
import { append } from "../../policy/lists-by-key.ts";
import type { Autoscaler, Claim, LabelSelector, Volume, Workload } from "../../policy/model.ts";
import { claimPrefix } from "../../policy/template-claims.ts";
import { byKindAndName, byNamespaceAndName, namespaceOf, requiredLabels } from "../cluster-index.ts";
import { Buckets } from "../scoped.ts";
import { NearestIndex, type Resolved } from "./nearest.ts";
import { type Place, placeText } from "./place.ts";
import type { ReadObject } from "./read-objects.ts";

/** An object that was found in files, and where. */
export type PlacedFact = Fact & {
  readonly place: Place;
  /** What it was read as; shared by two bundles where the file is the same in both. */
  readonly read: ReadObject;
  /** The folder or the rendered stream that it belongs to. */
  readonly root: string;
};

export type ObjectOf<K extends FactKind> = Extract<Fact, { kind: K }>["object"];

/**
 * What all views of one set of files share. References are followed once, from the object that makes them; the lists
 * of a view are the inverse, so that both always agree.
 */
export class FileIndex {
  readonly #nearest = new Map<FactKind, NearestIndex<object>>();
  readonly #places = new Map<object, Place>();
  readonly #kinds = new Map<FactKind, object[]>();
  readonly #labels = new Buckets<Workload>();
  readonly #defined = new Set<string>();
  #mounting: Mounting | undefined;
  #sets: Map<string, Workload[]> | undefined;
  #borrowing: Map<Workload, Workload[]> | undefined;
  #scaling: Scaling | undefined;
  #claiming: Map<Claim, Volume[]> | undefined;
  #unclaimed: ReadonlyMap<string, readonly Volume[]> | undefined;

  constructor(facts: Iterable<PlacedFact>) {
    for (const fact of facts) this.#add(fact);
  }

  /** Everything of one kind, in the order read. */
  all<K extends FactKind>(kind: K): readonly ObjectOf<K>[] {
    return (this.#kinds.get(kind) ?? []) as ObjectOf<K>[];
  }

  /** Every workload of every kind, kind by kind. */
  get workloads(): readonly Workload[] {
    return [...this.#kinds].flatMap(([kind, objects]) =>
      isWorkloadKind(kind) ? (objects as Workload[]) : [],
    );
  }

  /** Where an object stands; `undefined` for one that is not from these files. */
  placeOf(object: object): Place | undefined {
    return this.#places.get(object);
  }

  /** True where files define the object, wherever: it takes the place of one that is in the cluster. */
  defines(kind: string, namespace: string, name: string): boolean {
    return this.#defined.has(JSON.stringify([kind, namespace || "default", name]));
  }

  find<K extends FactKind>(kind: K, namespace: string, name: string, from: Place): Resolved<ObjectOf<K>> {
    const index = this.#nearest.get(kind) as NearestIndex<ObjectOf<K>> | undefined;
    return index?.find(name, namespace, from, KINDS[kind].namespaced) ?? { state: "none" };
  }

  /** `Claim data at a.yaml:1:1 and at b.yaml:1:1 are equally near`. */
  tieText(kind: FactKind, name: string, objects: readonly object[]): string {
    const at = objects
      .map((object) => this.#places.get(object))
      .map((place) => (place ? placeText(place) : "?"));
    return `${kind} ${name} is at ${at.sort().join(" and at ")}, and neither is nearer`;
  }

  /** The workloads whose own reference leads to this claim. */
  mountersOf(claim: Claim): readonly Workload[] {
    return this.#mounts.byClaim.get(claim) ?? [];
  }

  /** The workloads that mount a claim of this name which is not among the files. */
  mountersOfMissing(claimName: string): readonly Workload[] {
    return this.#mounts.missing.get(claimName) ?? [];
  }

  /** The autoscalers whose own reference leads to this workload. */
  scalersOf(workload: Workload): readonly Autoscaler[] {
    return this.#scales.byTarget.get(workload) ?? [];
  }

  /** The StatefulSets one of whose claim templates makes claims whose names begin so. */
  setsWithPrefix(prefix: string): readonly Workload[] {
    if (this.#sets === undefined) {
      this.#sets = new Map();
      for (const set of this.workloads) {
        for (const template of set.claimTemplates) append(this.#sets, claimPrefix(template, set), set);
      }
    }
    return this.#sets.get(prefix) ?? [];
  }

  /** The workloads whose own reference to a pod template leads to this one. */
  borrowersOf(lender: Workload): readonly Workload[] {
    if (this.#borrowing === undefined) {
      this.#borrowing = new Map();
      for (const workload of this.workloads) {
        const from = workload.templateFrom;
        if (from === undefined || !isWorkloadKind(from.kind)) continue;
        const place = this.#places.get(workload) as Place;
        const found = this.find(from.kind, workload.namespace, from.name, place);
        if (found.state !== "one" || !sameApi(from.apiVersion, found.object.apiVersion, from.kind)) continue;
        append(this.#borrowing, found.object, workload);
      }
      for (const workloads of this.#borrowing.values()) workloads.sort(byKindAndName);
    }
    return this.#borrowing.get(lender) ?? [];
  }

  /** An autoscaler that may mean this workload or another one that is equally near, in words. */
  doubtfulScalerOf(workload: Workload): string | undefined {
    return this.#scales.doubtful.get(workload);
  }

  /** The volumes whose claimRef leads to this claim. */
  volumesClaiming(claim: Claim): readonly Volume[] {
    if (this.#claiming === undefined) {
      this.#claiming = new Map();
      for (const volume of this.all("PersistentVolume")) {
        const { claimRef } = volume;
        if (claimRef === undefined) continue;
        const from = this.#places.get(volume) as Place;
        // A volume made for a chart stands beside it more often than in it.
        const found = this.find("PersistentVolumeClaim", claimRef.namespace, claimRef.name, {
          ...from,
          closed: false,
        });
        if (found.state === "one") append(this.#claiming, found.object, volume);
      }
    }
    return this.#claiming.get(claim) ?? [];
  }

  /** The volumes of a class that name no claim. */
  unclaimedVolumes(className: string): readonly Volume[] {
    this.#unclaimed ??= Map.groupBy(
      this.all("PersistentVolume").filter(({ claimRef }) => claimRef === undefined),
      ({ storageClassName }) => storageClassName,
    );
    return this.#unclaimed.get(className) ?? [];
  }

  /** The smallest known list certain to contain every workload that a selector selects. */
  candidates(selector: LabelSelector): Iterable<Workload> {
    let keys: readonly string[] | undefined;
    let size = Number.POSITIVE_INFINITY;
    for (const choice of requiredLabels(selector)) {
      const total = choice.reduce((sum, key) => sum + this.#labels.sizeOf(key), 0);
      if (total < size) {
        keys = choice;
        size = total;
      }
    }
    if (keys === undefined) return this.workloads;
    return keys.flatMap((key) => [...this.#labels.at(key)]);
  }

  #add({ place, read: _read, root: _root, ...fact }: PlacedFact): void {
    const { kind, object } = fact as Fact;
    this.#places.set(object, place);
    append(this.#kinds, kind, object);
    let index = this.#nearest.get(kind);
    if (index === undefined) {
      index = new NearestIndex();
      this.#nearest.set(kind, index);
    }
    const namespace = namespaceOf(fact as Fact);
    index.add(object.name, namespace, place, object, KINDS[kind].namespaced);
    this.#defined.add(JSON.stringify([kind, namespace || "default", object.name]));
    if (isWorkloadKind(kind)) {
      const { labels } = (object as Workload).template;
      for (const key of Object.keys(labels)) this.#labels.add(`${key}=${labels[key]}`, object as Workload);
    }
  }

  get #mounts(): Mounting {
    if (this.#mounting === undefined) {
      this.#mounting = { byClaim: new Map(), missing: new Map() };
      for (const workload of this.workloads) {
        for (const name of claimNames(workload)) {
          const from = this.#places.get(workload) as Place;
          const found = this.find("PersistentVolumeClaim", workload.namespace, name, from);
          if (found.state === "one") append(this.#mounting.byClaim, found.object, workload);
          else if (found.state === "none") append(this.#mounting.missing, name, workload);
        }
      }
      for (const workloads of this.#mounting.byClaim.values()) workloads.sort(byKindAndName);
    }
    return this.#mounting;
  }

  get #scales(): Scaling {
    if (this.#scaling === undefined) {
      this.#scaling = { byTarget: new Map(), doubtful: new Map() };
      for (const kind of AUTOSCALER_KINDS) {
        for (const autoscaler of this.all(kind)) this.#follow(autoscaler, this.#scaling);
      }
      for (const autoscalers of this.#scaling.byTarget.values()) autoscalers.sort(byNamespaceAndName);
    }
    return this.#scaling;
  }

  #follow(autoscaler: Autoscaler, { byTarget, doubtful }: Scaling): void {
    const { apiVersion, kind, name } = autoscaler.target;
    if (!isWorkloadKind(kind)) return;
    const from = this.#places.get(autoscaler) as Place;
    const found = this.find(kind, autoscaler.namespace, name, from);
    if (found.state === "one" && sameApi(apiVersion, found.object.apiVersion, kind)) {
      append(byTarget, found.object, autoscaler);
    } else if (found.state === "tie") {
      const text = `the autoscaler ${autoscaler.name} means one of two: ${this.tieText(kind, name, found.objects)}`;
      for (const workload of found.objects) doubtful.set(workload, text);
    }
  }
}

interface Mounting {
  readonly byClaim: Map<Claim, Workload[]>;
  readonly missing: Map<string, Workload[]>;
}

interface Scaling {
  readonly byTarget: Map<Workload, Autoscaler[]>;
  readonly doubtful: Map<Workload, string>;
}

function claimNames({ template }: Workload): ReadonlySet<string> {
  return new Set(template.mounts.flatMap((mount) => (mount.kind === "claim" ? [mount.claimName] : [])));
}
