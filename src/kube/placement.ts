import type { Placement, PodAffinityTerm, SpreadConstraint, Toleration } from "../policy/model.ts";
import {
  count,
  labels,
  list,
  NO_LABELS,
  NOTHING,
  nonEmpty,
  type Raw,
  record,
  shared,
  text,
  texts,
} from "./raw.ts";
import { labelSelectorOf, nodeSelectorTermsOf } from "./selector.ts";

const REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution";

/** Most templates say nothing about where their pods land. */
const ANYWHERE: Placement = Object.freeze({
  nodeName: undefined,
  nodeSelector: NO_LABELS,
  nodeAffinity: undefined,
  podAffinity: NOTHING,
  podAntiAffinity: NOTHING,
  spreadConstraints: NOTHING,
  tolerations: NOTHING,
});

function podTermsOf(affinity: unknown): readonly PodAffinityTerm[] {
  const terms = list(record(affinity)[REQUIRED]);
  if (terms.length === 0) return NOTHING;
  return terms.map((term) => {
    const raw = record(term);
    return {
      labelSelector: labelSelectorOf(raw.labelSelector),
      namespaces: texts(raw.namespaces),
      namespaceSelector: labelSelectorOf(raw.namespaceSelector),
      topologyKey: shared(text(raw.topologyKey) ?? ""),
      matchLabelKeys: texts(raw.matchLabelKeys),
      mismatchLabelKeys: texts(raw.mismatchLabelKeys),
    };
  });
}

function spreadConstraintsOf(value: unknown): readonly SpreadConstraint[] {
  const read: SpreadConstraint[] = [];
  for (const entry of list(value)) {
    const raw = record(entry);
    // DoNotSchedule where it is not said; only that is a hard constraint.
    if ((nonEmpty(raw.whenUnsatisfiable) ?? "DoNotSchedule") !== "DoNotSchedule") continue;
    read.push({
      topologyKey: shared(text(raw.topologyKey) ?? ""),
      maxSkew: count(raw.maxSkew) ?? 1,
      labelSelector: labelSelectorOf(raw.labelSelector),
      matchLabelKeys: texts(raw.matchLabelKeys),
    });
  }
  return read.length === 0 ? NOTHING : read;
}

function tolerationsOf(value: unknown): readonly Toleration[] {
  const entries = list(value);
  if (entries.length === 0) return NOTHING;
  return entries.map((entry) => tolerationOf(record(entry)));
}

/** An entry of a pod spec's tolerations, with the API server's defaults. */
export function tolerationOf(raw: Raw): Toleration {
  return {
    key: shared(text(raw.key) ?? ""),
    operator: shared(nonEmpty(raw.operator) ?? "Equal"),
    value: shared(text(raw.value) ?? ""),
    effect: shared(text(raw.effect) ?? ""),
  };
}

/** The hard placement terms of a pod spec; preferred ones prove nothing (semantics S21) and are left out. */
export function placementOf(podSpec: Raw): Placement {
  const affinity = record(podSpec.affinity);
  const placement: Placement = {
    nodeName: nonEmpty(podSpec.nodeName),
    nodeSelector: labels(podSpec.nodeSelector),
    nodeAffinity: nodeSelectorTermsOf(record(affinity.nodeAffinity)[REQUIRED]),
    podAffinity: podTermsOf(affinity.podAffinity),
    podAntiAffinity: podTermsOf(affinity.podAntiAffinity),
    spreadConstraints: spreadConstraintsOf(podSpec.topologySpreadConstraints),
    tolerations: tolerationsOf(podSpec.tolerations),
  };
  return isAnywhere(placement) ? ANYWHERE : placement;
}

function isAnywhere(placement: Placement): boolean {
  return (
    placement.nodeName === undefined &&
    placement.nodeSelector === NO_LABELS &&
    placement.nodeAffinity === undefined &&
    placement.podAffinity === NOTHING &&
    placement.podAntiAffinity === NOTHING &&
    placement.spreadConstraints === NOTHING &&
    placement.tolerations === NOTHING
  );
}
