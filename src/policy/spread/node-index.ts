import type { Node, Placement, WorkloadKind } from "../model.ts";
import { exclusionOf, HOSTNAME } from "../nodes.ts";
import { labelOf } from "../selectors.ts";
import type { Work } from "./work.ts";

/** Which nodes take the pods of a placement, as far as it is told: how many, and the first few. */
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
  readonly taking: WeakMap<Placement, Map<WorkloadKind, Taking>>;
}

const indices = new WeakMap<readonly Node[], NodeIndex>();

export function indexOf(nodes: readonly Node[]): NodeIndex {
  const known = indices.get(nodes);
  if (known !== undefined) return known;
  const index: NodeIndex = {
    nodes,
    byLabel: Map.groupBy(nodes, (node) => labelOf(node.labels, HOSTNAME) ?? ""),
    byName: Map.groupBy(nodes, (node) => node.name),
    keys: new Set(nodes.flatMap(({ labels }) => Object.keys(labels))),
    taking: new WeakMap(),
  };
  indices.set(nodes, index);
  return index;
}

/**
 * The nodes that take the pods of a placement, volumes left aside; kept for placements that are judged again.
 *
 * @returns `undefined` where there is no work left to look at every node
 */
export function takingOf(
  index: NodeIndex,
  placement: Placement,
  kind: WorkloadKind,
  work: Work,
): Taking | undefined {
  const known = index.taking.get(placement)?.get(kind);
  if (known !== undefined) return known;
  const taking = takingAmong(
    index,
    placement,
    work,
    (node) => notTaking(placement, kind, node) === undefined,
  );
  if (taking !== undefined) {
    const kinds = index.taking.get(placement) ?? new Map<WorkloadKind, Taking>();
    kinds.set(kind, taking);
    index.taking.set(placement, kinds);
  }
  return taking;
}

/** Looks at every node; `undefined` where there is no work left for that. */
export function takingAmong(
  { nodes }: NodeIndex,
  placement: Placement,
  work: Work,
  takes: (node: Node) => boolean,
): Taking | undefined {
  if (!work.spend(nodes.length * expressionsIn(placement))) return undefined;
  let count = 0;
  const first: Node[] = [];
  for (const node of nodes) {
    if (!takes(node)) continue;
    if (count < TOLD) first.push(node);
    count++;
  }
  return { count, first };
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

/** Everything that a placement names: what bringing it into the form of constraints costs. */
export function valuesIn(placement: Placement): number {
  let count = expressionsIn(placement);
  for (const { matchExpressions, matchFields } of placement.nodeAffinity ?? []) {
    for (const { values } of matchExpressions) count += values.length;
    for (const { values } of matchFields) count += values.length;
  }
  return count;
}
