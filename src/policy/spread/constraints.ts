import { append } from "../lists-by-key.ts";
import type { Labels, NodeSelectorTerm } from "../model.ts";
import { HOSTNAME, NODE_NAME_FIELD } from "../nodes.ts";
import {
  ANY,
  intersectionOf,
  isEmpty,
  namesIn,
  onlyValues,
  unionOf,
  type ValueSet,
  valuesOf,
} from "./value-set.ts";

/**
 * What a node must be like, by label key; `NODE_NAME` stands for the node's own name. The host label and the name
 * are kept apart: they need not be the same.
 */
export type Constraints = ReadonlyMap<string, ValueSet>;

/** Not a label key: those have no colon. */
export const NODE_NAME = `field:${NODE_NAME_FIELD}`;

export function fromLabels(labels: Labels): Constraints {
  return new Map(Object.entries(labels).map(([key, value]) => [key, onlyValues([value])]));
}

/** The alternatives that can hold at all; an empty term, or one that contradicts itself, is left out. */
export function fromTerms(terms: readonly NodeSelectorTerm[]): readonly Constraints[] {
  return terms.flatMap(({ matchExpressions, matchFields }) => {
    if (matchExpressions.length + matchFields.length === 0) return [];
    const parts = [
      ...matchExpressions.map(
        (requirement): Constraints => new Map([[requirement.key, valuesOf(requirement)]]),
      ),
      ...matchFields
        .filter(({ key }) => key === NODE_NAME_FIELD)
        .map((requirement): Constraints => new Map([[NODE_NAME, valuesOf(requirement)]])),
    ];
    const term = allOf(parts);
    return term === undefined ? [] : [term];
  });
}

/** Everything at once; `undefined` where no node can be like that. */
export function allOf(parts: readonly Constraints[]): Constraints | undefined {
  const [first] = parts;
  if (first !== undefined && parts.every((part) => part === first)) {
    for (const values of first.values()) if (isEmpty(values)) return undefined;
    return first;
  }
  const byKey = new Map<string, ValueSet[]>();
  for (const part of parts) {
    for (const [key, values] of part) append(byKey, key, values);
  }
  const result = new Map<string, ValueSet>();
  for (const [key, sets] of byKey) {
    const values = intersectionOf(sets);
    if (isEmpty(values)) return undefined;
    result.set(key, values);
  }
  return result;
}

/** What all alternatives have in common: a key counts only where each of them limits it. */
export function summaryOf(alternatives: readonly Constraints[]): Constraints {
  const [only] = alternatives;
  if (only !== undefined && alternatives.length === 1) return only;
  const result = new Map<string, ValueSet>();
  // Starting from the shortest keeps this linear in the size of them all.
  const shortest = alternatives.reduce<Constraints | undefined>(
    (best, one) => (best === undefined || one.size < best.size ? one : best),
    undefined,
  );
  for (const key of shortest?.keys() ?? []) {
    if (!alternatives.every((alternative) => alternative.has(key))) continue;
    result.set(key, unionOf(alternatives.map((alternative) => alternative.get(key) ?? ANY)));
  }
  return result;
}

/**
 * The alternatives that still can hold together with something else, each with what that leaves of its own keys and
 * of the hosts; other keys of the context are not copied into every alternative.
 */
export function narrow(alternatives: readonly Constraints[], context: Constraints): readonly Constraints[] {
  return alternatives.flatMap((alternative) => {
    if (alternative === context) return alternative;
    const shared = new Map<string, ValueSet>();
    for (const key of [...alternative.keys(), HOSTNAME, NODE_NAME]) {
      const values = context.get(key);
      if (values !== undefined) shared.set(key, values);
    }
    return allOf([alternative, shared]) ?? [];
  });
}

/** The names that one alternative gives to its only host, by host label and by node name; empty where several are left. */
export function hostNamesIn(constraints: Constraints): readonly string[] {
  return [HOSTNAME, NODE_NAME].flatMap((key) => {
    const names = namesIn(constraints.get(key) ?? ANY);
    return names?.length === 1 ? names : [];
  });
}

/**
 * The one host that every alternative resolves to, by the names it goes under; empty where there is none. The same
 * text as host label and as node name is taken for the same host.
 */
export function commonHost(alternatives: readonly Constraints[]): readonly string[] {
  const [first, ...rest] = alternatives.map(hostNamesIn);
  return (first ?? []).filter((name) => rest.every((names) => names.includes(name)));
}
