import type { LabelSelector, Labels, NodeSelectorTerm, Requirement } from "../policy/model.ts";
import { isRecord, labels, list, NOTHING, record, shared, text, texts } from "./raw.ts";

function requirementsOf(value: unknown): readonly Requirement[] {
  const entries = list(value);
  if (entries.length === 0) return NOTHING;
  return entries.map((entry) => {
    const raw = record(entry);
    return {
      key: shared(text(raw.key) ?? ""),
      operator: shared(text(raw.operator) ?? ""),
      values: texts(raw.values),
    };
  });
}

/** A `metav1.LabelSelector`; `undefined` where there is none, which matches nothing, unlike an empty one. */
export function labelSelectorOf(value: unknown): LabelSelector | undefined {
  if (!isRecord(value)) return undefined;
  const matchLabels: Labels = labels(value.matchLabels);
  return { matchLabels, matchExpressions: requirementsOf(value.matchExpressions) };
}

/** The terms of a `v1.NodeSelector`; `undefined` where there is no selector at all. */
export function nodeSelectorTermsOf(value: unknown): readonly NodeSelectorTerm[] | undefined {
  if (!isRecord(value)) return undefined;
  return list(value.nodeSelectorTerms).map((term) => {
    const raw = record(term);
    return {
      matchExpressions: requirementsOf(raw.matchExpressions),
      matchFields: requirementsOf(raw.matchFields),
    };
  });
}
