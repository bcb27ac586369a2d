import type {
  LabelSelector,
  Placement,
  PodAffinityTerm,
  SpreadConstraint,
  Toleration,
} from "../policy/model.ts";
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
    // DoNotSchedule is the default, and the only hard constraint.
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
  return isAnywhere(placement) ? ANYWHERE : likeOthers(placement);
}

/** Placements that name more than this are not kept for sharing. */
const MOST_NAMED = 32;
const LONGEST_KEPT = 2_000;
const MOST_KEPT = 1_000;

const kept = new Map<string, Placement>();

/**
 * The same object for placements that say the same, in bounded memory: the workloads of a cluster say few things, and
 * what is found out about a placement is kept with it.
 */
function likeOthers(placement: Placement): Placement {
  const isTolerant = onlyTolerates(placement);
  if (isTolerant && lastTolerant !== undefined && tolerateTheSame(placement, lastTolerant)) {
    return lastTolerant;
  }
  if (namedIn(placement) > MOST_NAMED) return placement;
  const key = JSON.stringify(placement);
  if (key.length > LONGEST_KEPT) return placement;
  let like = kept.get(key);
  if (like === undefined) {
    like = placement;
    if (kept.size >= MOST_KEPT) kept.clear();
    kept.set(key, like);
  }
  if (isTolerant) lastTolerant = like;
  return like;
}

/** The last that only tolerates something: most say no more, and the old object of an update says what the new one does. */
let lastTolerant: Placement | undefined;

function tolerateTheSame({ tolerations: some }: Placement, { tolerations: others }: Placement): boolean {
  return (
    some.length === others.length &&
    some.every(({ key, operator, value, effect }, at) => {
      const other = others[at] as Toleration;
      return (
        key === other.key && operator === other.operator && value === other.value && effect === other.effect
      );
    })
  );
}

function namedIn(placement: Placement): number {
  const { nodeSelector, nodeAffinity, podAffinity, podAntiAffinity, spreadConstraints, tolerations } =
    placement;
  let count = spreadConstraints.length + tolerations.length;
  for (const _ in nodeSelector) count += 1;
  for (const { matchExpressions, matchFields } of nodeAffinity ?? []) {
    count += 1 + matchExpressions.length + matchFields.length;
    for (const { values } of matchExpressions) count += values.length;
    for (const { values } of matchFields) count += values.length;
  }
  for (const term of podAffinity) count += namedByTerm(term);
  for (const term of podAntiAffinity) count += namedByTerm(term);
  for (const { labelSelector } of spreadConstraints) count += namedBySelector(labelSelector);
  return count;
}

function namedByTerm({ labelSelector, namespaceSelector, namespaces }: PodAffinityTerm): number {
  return 1 + namespaces.length + namedBySelector(labelSelector) + namedBySelector(namespaceSelector);
}

function namedBySelector(selector: LabelSelector | undefined): number {
  let count = 0;
  for (const _ in selector?.matchLabels) count += 1;
  for (const { values } of selector?.matchExpressions ?? []) count += 1 + values.length;
  return count;
}

function isAnywhere(placement: Placement): boolean {
  return placement.tolerations === NOTHING && onlyTolerates(placement);
}

/** True where nothing but tolerations is said. */
function onlyTolerates(placement: Placement): boolean {
  return (
    placement.nodeName === undefined &&
    placement.nodeSelector === NO_LABELS &&
    placement.nodeAffinity === undefined &&
    placement.podAffinity === NOTHING &&
    placement.podAntiAffinity === NOTHING &&
    placement.spreadConstraints === NOTHING
  );
}
