import type { Node, NodeSelectorTerm, Placement, WorkloadKind } from "../model.ts";
import { eligibleNodes, exclusionOf, HOSTNAME } from "../nodes.ts";
import { labelOf } from "../selectors.ts";
import { type AlikeNodes, alikeNodes, treatsAlike } from "./alike-nodes.ts";
import { MOST_NODE_EXPRESSIONS, MOST_NODE_VALUES } from "./bounds.ts";
import { NamedNodes } from "./named-nodes.ts";
import { areTooMany, type Kept, MOST_COMPARISONS, type Work } from "./work.ts";

/** Which nodes take the pods of a placement, as far as messages need it: how many, and the first few. */
export interface Taking {
  readonly count: number;
  readonly first: readonly Node[];
}

/** As many as a sentence names, and one more. */
const TOLD = 4;

/**
 * A complete list of nodes by what a constraint can call a host. Made once for a list, and kept as long as it is the
 * same list: a view makes another one only when a node changes.
 */
export interface NodeIndex {
  readonly nodes: readonly Node[];
  readonly byLabel: ReadonlyMap<string, readonly Node[]>;
  readonly byName: ReadonlyMap<string, readonly Node[]>;
  /** Every label key that some node has. */
  readonly keys: ReadonlySet<string>;
  readonly alike: AlikeNodes;
  readonly named: NamedNodes;
  readonly taking: KeptForPlacements<Taking>;
}

/** So many answers are kept before all are found out again: some megabytes, whatever users and volumes ask for. */
const MOST_KEPT = 20_000;

/** Stands for the node affinity of volumes that may be anywhere. */
export const NO_AFFINITY: object = Object.freeze({});

/** What was found out about placements with volumes, of which many say the same. It takes the same work as it did then. */
export class KeptForPlacements<T extends object> {
  #kept = new WeakMap<Placement, Map<WorkloadKind, Map<object, Kept<T>>>>();
  #left = MOST_KEPT;

  /**
   * @param affinity one object for all volumes that say so
   * @returns `undefined` also where there is no work left for it
   */
  get(placement: Placement, kind: WorkloadKind, affinity: object, work: Work): T | undefined {
    const kept = this.#kept.get(placement)?.get(kind)?.get(affinity);
    return kept !== undefined && work.spendFor(kept) ? kept.answer : undefined;
  }

  /** @param leftBefore the work that was left before the answer was found out */
  set(
    placement: Placement,
    kind: WorkloadKind,
    affinity: object,
    answer: T,
    work: Work,
    leftBefore: number,
  ): void {
    if (this.#left === 0) {
      this.#kept = new WeakMap();
      this.#left = MOST_KEPT;
    }
    this.#left -= 1;
    const kinds = this.#kept.get(placement) ?? new Map<WorkloadKind, Map<object, Kept<T>>>();
    this.#kept.set(placement, kinds);
    const kept = kinds.get(kind) ?? new Map<object, Kept<T>>();
    kinds.set(kind, kept);
    kept.set(affinity, { answer, units: leftBefore - work.left });
    work.paid(answer);
  }
}

const indices = new WeakMap<readonly Node[], NodeIndex>();

export function indexOf(nodes: readonly Node[]): NodeIndex {
  const known = indices.get(nodes);
  if (known !== undefined) return known;
  const alike = alikeNodes(nodes, TOLD);
  const index: NodeIndex = {
    nodes,
    byLabel: Map.groupBy(nodes, (node) => labelOf(node.labels, HOSTNAME) ?? ""),
    byName: Map.groupBy(nodes, (node) => node.name),
    keys: new Set(nodes.flatMap(({ labels }) => Object.keys(labels))),
    alike,
    named: new NamedNodes(nodes, alike.identifying),
    taking: new KeptForPlacements(),
  };
  indices.set(nodes, index);
  return index;
}

/**
 * The nodes that take the pods of a placement with volumes; kept for those that are judged again.
 *
 * @param affinity as for `KeptForPlacements`
 */
export function takingOf(
  { taking }: NodeIndex,
  placement: Placement,
  kind: WorkloadKind,
  affinity: object,
  work: Work,
  find: () => Taking | undefined,
): Taking | undefined {
  const known = taking.get(placement, kind, affinity, work);
  if (known !== undefined) return known;
  const { left } = work;
  const found = find();
  if (found !== undefined) taking.set(placement, kind, affinity, found, work, left);
  return found;
}

/**
 * Looks at one node of each group of like ones. Where the placement or a volume tells those apart, at the nodes that it
 * asks for, and at every node only where it does not say which; `undefined` where there is no work left for that.
 *
 * @param volumes the node affinity of the volumes that `takes` looks at
 */
export function takingAmong(
  { nodes, alike, named }: NodeIndex,
  placement: Placement,
  volumes: readonly (readonly NodeSelectorTerm[])[],
  work: Work,
  takes: (node: Node) => boolean,
): Taking | undefined {
  // The keys of pod affinity are asked of each node.
  if (areTooMany(placement.podAffinity)) return undefined;
  if (treatsAlike(alike, placement, volumes)) {
    if (!work.spend(alike.groups.length * expressionsIn(placement))) return undefined;
    const taking = alike.groups.filter(({ one }) => takes(one));
    return {
      count: taking.reduce((sum, { count }) => sum + count, 0),
      first: taking
        .flatMap(({ first }) => first)
        .sort((a, b) => a.at - b.at)
        .slice(0, TOLD)
        .map(({ node }) => node),
    };
  }
  const asked = named.candidatesFor(placement, volumes) ?? nodes;
  if (!work.spend(asked.length * expressionsIn(placement))) return undefined;
  const taking = asked.filter(takes);
  return { count: taking.length, first: taking.slice(0, TOLD) };
}

/**
 * How many nodes take the pods by their hard constraints, as `eligibleNodes` has them; `undefined` where there is too
 * much to compare.
 */
export function countEligible(
  nodes: readonly Node[],
  placement: Placement,
  kind: WorkloadKind,
): number | undefined {
  if (namesTooMuch(placement)) return undefined;
  const { alike, named } = indexOf(nodes);
  const asAlike = treatsAlike(alike, placement, []);
  const asked = asAlike ? undefined : (named.candidatesFor(placement, []) ?? nodes);
  const looks = asked?.length ?? alike.groups.length;
  if (looks * expressionsIn(placement) > MOST_COMPARISONS) return undefined;
  if (asked !== undefined) return eligibleNodes(placement, asked, kind).length;
  return alike.groups.reduce(
    (sum, { one, count }) => (exclusionOf(placement, one, kind) === undefined ? sum + count : sum),
    0,
  );
}

/** Why a node does not take the pods, their pod affinity's keys included; `undefined` where it does. */
export function notTaking(placement: Placement, kind: WorkloadKind, node: Node): string | undefined {
  const reason = exclusionOf(placement, node, kind);
  if (reason !== undefined) return reason;
  // A node without the key of a required pod affinity term never passes (interpodaffinity, satisfyPodAffinity).
  const key = placement.podAffinity.find(
    ({ topologyKey }) => labelOf(node.labels, topologyKey) === undefined,
  );
  return key && `it has no label ${key.topologyKey}`;
}

/** What is looked at for each node. */
function expressionsIn({ nodeSelector, nodeAffinity, podAffinity, tolerations }: Placement): number {
  let count = 1 + Object.keys(nodeSelector).length + podAffinity.length + tolerations.length;
  for (const { matchExpressions, matchFields } of nodeAffinity ?? []) {
    count += 1 + matchExpressions.length + matchFields.length;
  }
  return count;
}

/** More than can be looked at, for however few nodes. */
export function namesTooMuch(placement: Placement): boolean {
  // Pod affinity has a bound of its own.
  const ofNodes = expressionsIn(placement) - placement.podAffinity.length;
  return ofNodes > MOST_NODE_EXPRESSIONS || valuesIn(placement) > MOST_NODE_VALUES;
}

/** Everything that a placement names: what bringing it into the form of constraints costs. */
export function valuesIn(placement: Placement): number {
  let count = expressionsIn(placement);
  for (const { matchExpressions, matchFields } of placement.nodeAffinity ?? []) {
    for (const { values } of matchExpressions) count += values.length;
    for (const { values } of matchFields) count += values.length;
  }
  return count;
}
