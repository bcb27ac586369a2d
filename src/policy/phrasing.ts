import type { LabelSelector, ObjectRef } from "./model.ts";
import { requirementsOf } from "./selectors.ts";

const SHOWN = 3;

/** `Deployment shop/web`; without the namespace where a file did not say one. */
export function nameOf({ kind, namespace, name }: Pick<ObjectRef, "kind" | "namespace" | "name">): string {
  return namespace === "" ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
}

/**
 * The first few of a list, and how many more there are: evidence stays short whatever the cluster's size.
 *
 * @param total where the list itself holds only the beginning
 */
export function listOf(items: readonly string[], separator = ", ", total = items.length): string {
  const rest = total - SHOWN;
  return rest > 0 ? `${items.slice(0, SHOWN).join(separator)} and ${rest} more` : items.join(separator);
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** A selector as `kubectl get --selector` would take it. */
export function selectorText(selector: LabelSelector | undefined): string {
  if (selector === undefined) return "no selector";
  const parts = requirementsOf(selector).map(({ key, operator, values }) => {
    if (operator === "Exists") return key;
    if (operator === "DoesNotExist") return `!${key}`;
    if (operator === "In" && values.length === 1) return `${key}=${values[0]}`;
    return `${key} ${operator === "In" ? "in" : operator === "NotIn" ? "notin" : operator} (${values.join(",")})`;
  });
  return parts.length === 0 ? "every label" : listOf(parts);
}
