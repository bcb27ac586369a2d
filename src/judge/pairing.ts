import { isDeepStrictEqual } from "node:util";
import type { Bundle } from "../cluster/files/bundle.ts";
import type { PlacedFact } from "../cluster/files/file-index.ts";
import type { Raw } from "../kube/raw.ts";
import { whatChanged } from "../kube/what-changed.ts";
import type { ClusterView } from "../policy/view.ts";

/** Two states of files, each with its surroundings. */
export interface Versions {
  readonly before: Bundle;
  readonly after: Bundle;
  /** What both are applied to. */
  readonly surroundings?: ClusterView | undefined;
}

/** What became of an object from one set of files to the other. */
export type Fate =
  | { readonly state: "same"; readonly before: PlacedFact }
  | {
      readonly state: "changed";
      readonly before: PlacedFact;
      readonly specChanged: boolean;
      readonly templateChanged: boolean;
    }
  /** `replaces`: in the files it takes the place of an object of another name or namespace, which is not there any more. */
  | { readonly state: "new"; readonly replaces: PlacedFact | undefined };

/** Two sets of files, object by object. */
export interface Pairing {
  /** The fate of each object of the later set, by its identity. */
  readonly fates: ReadonlyMap<object, Fate>;
  /** What is gone from the later set, under its own name and any other. */
  readonly removed: readonly PlacedFact[];
}

/**
 * Finds the objects of one set of files in the other: by root (kustomization, chart, folder), kind, namespace and name;
 * of those left over, one of each name that is left on both sides has moved. Of what then is left in one root, those of
 * one name, of one content, or the only ones of their kind are one object that got another name or namespace.
 */
export function pairingOf(before: readonly PlacedFact[], after: readonly PlacedFact[]): Pairing {
  const fates = new Map<object, Fate>();
  const left = { before: new Set(before), after: new Set(after) };
  const match = (
    key: (fact: PlacedFact) => string,
    fateOf: (before: PlacedFact, after: PlacedFact) => Fate,
  ) => {
    const [old, now] = [Map.groupBy(left.before, key), Map.groupBy(left.after, key)];
    for (const [each, [first, ...more]] of now) {
      const [other, ...others] = old.get(each) ?? [];
      if (first === undefined || other === undefined || more.length + others.length > 0) continue;
      fates.set(first.object, fateOf(other, first));
      left.before.delete(other);
      left.after.delete(first);
    }
  };
  const replaced = (other: PlacedFact): Fate => ({ state: "new", replaces: other });
  match((fact) => JSON.stringify([fact.root, ...nameOf(fact)]), fateOf);
  match((fact) => JSON.stringify(nameOf(fact)), fateOf);
  match((fact) => JSON.stringify([fact.root, fact.kind, fact.object.name]), replaced);
  match((fact) => JSON.stringify([fact.root, fact.kind, contentOf(fact)]), replaced);
  match((fact) => JSON.stringify([fact.root, fact.kind]), replaced);
  for (const { object } of left.after) fates.set(object, { state: "new", replaces: undefined });
  return { fates, removed: [...left.before] };
}

/** An object without a namespace is applied to `default`. */
function nameOf({ kind, object }: PlacedFact): readonly string[] {
  return [kind, "namespace" in object ? object.namespace || "default" : "", object.name];
}

/** An object's content, apart from its name, namespace and place. */
function contentOf({ object }: PlacedFact): unknown {
  return { ...object, name: "", namespace: "", source: undefined };
}

function fateOf(before: PlacedFact, after: PlacedFact): Fate {
  if (before.read === after.read) return { state: "same", before };
  const [old, now] = [before.read.written, after.read.written];
  if (old === undefined || now === undefined) return fateByModel(before, after);
  if (isDeepStrictEqual(withoutStatus(old), withoutStatus(now))) return { state: "same", before };
  return {
    state: "changed",
    before,
    ...whatChanged(now, old),
  };
}

/** One of the two stands in a file that did not change, so only the judged part of it was kept. */
function fateByModel(before: PlacedFact, after: PlacedFact): Fate {
  const [old, now] = [
    { ...before.object, source: undefined },
    { ...after.object, source: undefined },
  ];
  if (isDeepStrictEqual(old, now)) return { state: "same", before };
  const templateOf = (object: object) => ("template" in object ? object.template : undefined);
  const templateChanged = !isDeepStrictEqual(templateOf(old), templateOf(now));
  return { state: "changed", before, specChanged: true, templateChanged };
}

function withoutStatus({ status: _, ...rest }: Raw): Raw {
  return rest;
}
