import type { LabelSelector, Labels, Requirement } from "./model.ts";

/** The value of a label; an inherited property of the object (`constructor`) is not a label. */
export function labelOf(labels: Labels, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}

/** All requirements of a label selector, `matchLabels` written as `In`; all of them must hold. */
export function requirementsOf(selector: LabelSelector): readonly Requirement[] {
  return [
    ...Object.entries(selector.matchLabels).map(([key, value]) => ({ key, operator: "In", values: [value] })),
    ...selector.matchExpressions,
  ];
}

/**
 * Does one requirement hold for a label's value (`undefined`: the label is not there)? NotIn holds for an absent
 * label; Gt and Lt compare integers (`apimachinery/pkg/labels/selector.go`, Requirement.Matches).
 *
 * @returns `undefined` for an operator that Kubernetes does not have, so that the caller decides which way is safe
 */
export function holds(requirement: Requirement, value: string | undefined): boolean | undefined {
  const { operator, values } = requirement;
  switch (operator) {
    case "In":
      return value !== undefined && isAmong(values, value);
    case "NotIn":
      return value === undefined || !isAmong(values, value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    case "Gt":
    case "Lt": {
      const left = integerOf(value);
      const right = values.length === 1 ? integerOf(values[0]) : undefined;
      if (left === undefined || right === undefined) return false;
      return operator === "Gt" ? left > right : left < right;
    }
    default:
      return undefined;
  }
}

/** Longer lists are searched as sets, built once: a selector may name thousands of values. */
const SHORT = 16;
const sets = new WeakMap<readonly string[], ReadonlySet<string>>();

function isAmong(values: readonly string[], value: string): boolean {
  if (values.length <= SHORT) return values.includes(value);
  let set = sets.get(values);
  if (set === undefined) {
    set = new Set(values);
    sets.set(values, set);
  }
  return set.has(value);
}

function integerOf(text: string | undefined): bigint | undefined {
  return text !== undefined && /^[+-]?\d{1,19}$/.test(text) ? BigInt(text.replace("+", "")) : undefined;
}

const LABEL_OPERATORS: ReadonlySet<string> = new Set(["In", "NotIn", "Exists", "DoesNotExist"]);

/**
 * Does a label selector match these labels? An absent selector matches nothing, an empty one everything, and one
 * with an operator that label selectors do not have (the API server refuses it) nothing.
 */
export function selects(selector: LabelSelector | undefined, labels: Labels): boolean {
  if (selector === undefined) return false;
  return requirementsOf(selector).every(
    (requirement) =>
      LABEL_OPERATORS.has(requirement.operator) &&
      holds(requirement, labelOf(labels, requirement.key)) === true,
  );
}
