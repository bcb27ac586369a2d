import type { Area, Place } from "./place.ts";

/** What a reference leads to: the nearest object, two that are equally near, or none. */
export type Resolved<T> =
  | { readonly state: "one"; readonly object: T }
  | { readonly state: "tie"; readonly objects: readonly [T, T] }
  | { readonly state: "none" };

const NONE: Resolved<never> = { state: "none" };

/** The objects of one name and one namespace that lie fewest folders down in an area; two say enough. */
interface Best<T> {
  down: number;
  object: T;
  rival: T | undefined;
}

/** What one area holds of one name. */
interface Holdings<T> {
  readonly byNamespace: Map<string, Best<T>>;
  /** Over all explicit namespaces. */
  said: Best<T> | undefined;
}

/**
 * Finds an object by name, nearest first: in the same file, in the same folder, then by the number of folder steps up
 * to the common folder; an exact namespace before an unset one at the same distance; then fewest folders down. An
 * object is entered at every folder around it, so that a lookup costs the depth of the tree and not its width.
 */
export class NearestIndex<T extends object> {
  readonly #names = new Map<string, Map<Area, Holdings<T>>>();

  /** @param scoped false for kinds without a namespace: rendered streams are open to them. */
  add(name: string, namespace: string, place: Place, object: T, scoped: boolean): void {
    let areas = this.#names.get(name);
    if (areas === undefined) {
      areas = new Map();
      this.#names.set(name, areas);
    }
    for (const area of areasFrom(place, scoped)) {
      let holdings = areas.get(area);
      if (holdings === undefined) {
        holdings = { byNamespace: new Map(), said: undefined };
        areas.set(area, holdings);
      }
      const down = place.area.depth - area.depth;
      const best = better(holdings.byNamespace.get(namespace), down, object);
      holdings.byNamespace.set(namespace, best);
      if (namespace !== "") holdings.said = better(holdings.said, down, object);
    }
  }

  find(name: string, namespace: string, from: Place, scoped: boolean): Resolved<T> {
    const areas = this.#names.get(name);
    if (areas === undefined) return NONE;
    let isOwnFolder = false;
    for (const area of areasFrom(from, scoped)) {
      const holdings = areas.get(area);
      if (holdings !== undefined) {
        // What lies in the folder itself is nearer than what lies below it.
        const found = (isOwnFolder ? nearestIn(holdings, namespace, 1) : NONE) as Resolved<T>;
        if (found.state !== "none") return found;
        const any = nearestIn(holdings, namespace, Number.POSITIVE_INFINITY);
        if (any.state !== "none") return any;
      }
      isOwnFolder = area === from.area;
    }
    return NONE;
  }
}

function* areasFrom({ area, closed }: Place, scoped: boolean): Generator<Area> {
  yield area;
  if (closed && scoped) return;
  for (let around = area.around; around !== undefined; around = around.around) yield around;
}

function better<T>(best: Best<T> | undefined, down: number, object: T): Best<T> {
  if (best === undefined || down < best.down) return { down, object, rival: undefined };
  if (down === best.down && best.rival === undefined) best.rival = object;
  return best;
}

/** @param deepest how many folders down an object may lie */
function nearestIn<T>(holdings: Holdings<T>, namespace: string, deepest: number): Resolved<T> {
  const { byNamespace, said } = holdings;
  const choices =
    namespace === ""
      ? // Where `kubectl apply` puts what says no namespace comes before every other one.
        [byNamespace.get(""), byNamespace.get("default"), said]
      : [byNamespace.get(namespace), byNamespace.get("")];
  for (const best of choices) {
    if (best === undefined || best.down > deepest) continue;
    return best.rival === undefined
      ? { state: "one", object: best.object }
      : { state: "tie", objects: [best.object, best.rival] };
  }
  return NONE;
}
