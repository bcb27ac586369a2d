import type { Requirement } from "../model.ts";

/** Stands for a label that is not there, which NotIn and DoesNotExist allow. */
export const ABSENT: unique symbol = Symbol("absent");

export type Value = string | typeof ABSENT;

/** The values that a label may have: either the few in `only`, or any but those in `except`. */
export interface ValueSet {
  readonly only: ReadonlySet<Value> | undefined;
  readonly except: ReadonlySet<Value>;
}

const NONE: ReadonlySet<Value> = new Set();

export const ANY: ValueSet = { only: undefined, except: NONE };

export function onlyValues(values: Iterable<Value>): ValueSet {
  return { only: new Set(values), except: NONE };
}

function allBut(values: Iterable<Value>): ValueSet {
  return { only: undefined, except: new Set(values) };
}

/** The values that satisfy a node selector requirement. Gt, Lt and unknown operators limit nothing that is known here. */
export function valuesOf(requirement: Requirement): ValueSet {
  switch (requirement.operator) {
    case "In":
      return onlyValues(requirement.values);
    case "NotIn":
      return allBut(requirement.values);
    case "Exists":
    case "Gt":
    case "Lt":
      return allBut([ABSENT]);
    case "DoesNotExist":
      return onlyValues([ABSENT]);
    default:
      return ANY;
  }
}

/** Values that every set allows. Linear in all of them: a template may name thousands. */
export function intersectionOf(sets: readonly ValueSet[]): ValueSet {
  const [one] = sets;
  if (one !== undefined && sets.length === 1) return one;
  const [smallest, ...finite] = sets.flatMap(({ only }) => only ?? []).sort((a, b) => a.size - b.size);
  if (smallest === undefined) return allBut(sets.flatMap(({ except }) => [...except]));
  return onlyValues(
    [...smallest].filter(
      (value) => finite.every((only) => only.has(value)) && sets.every(({ except }) => !except.has(value)),
    ),
  );
}

/** Values that at least one set allows. */
export function unionOf(sets: readonly ValueSet[]): ValueSet {
  const [one] = sets;
  if (one !== undefined && sets.length === 1) return one;
  const named = new Set(sets.flatMap(({ only }) => [...(only ?? [])]));
  const [first, ...rest] = sets.filter(({ only }) => only === undefined);
  if (first === undefined) return onlyValues(named);
  return allBut(
    [...first.except].filter((value) => !named.has(value) && rest.every(({ except }) => except.has(value))),
  );
}

export function isEmpty(set: ValueSet): boolean {
  return set.only !== undefined && set.only.size === 0;
}

/** The values by name where there are only a few; `undefined` where any number may be left, or none is a name. */
export function namesIn(set: ValueSet): readonly string[] | undefined {
  if (set.only === undefined) return undefined;
  const names = [...set.only].filter((value) => typeof value === "string");
  return names.length === set.only.size ? names : undefined;
}
