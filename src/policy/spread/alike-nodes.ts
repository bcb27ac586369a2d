import type { Node, NodeSelectorTerm, Placement } from "../model.ts";

/** Nodes that differ in name and in identifying labels only: whatever does not ask for those takes all or none. */
interface Alike {
  readonly one: Node;
  readonly count: number;
  /** The first few, with their places in the list. */
  readonly first: readonly Placed[];
}

interface Placed {
  readonly at: number;
  readonly node: Node;
}

/** A list of nodes by what they have in common; a cluster of thousands has some dozens of kinds. */
export interface AlikeNodes {
  readonly groups: readonly Alike[];
  /** Labels with many values, such as the host's name: nodes are grouped by having them, not by what they say. */
  readonly identifying: ReadonlySet<string>;
}

/** A label with more values than these is one that tells nodes apart. */
const MOST_VALUES = 32;

/**
 * Groups nodes by labels, taints and cordon.
 *
 * @param named how many nodes of a group can be asked for by name
 */
export function alikeNodes(nodes: readonly Node[], named: number): AlikeNodes {
  const identifying = identifyingLabels(nodes);
  const groups = new Map<string, { one: Node; count: number; first: Placed[] }>();
  nodes.forEach((node, at) => {
    const shape = shapeOf(node, identifying);
    const group = groups.get(shape);
    if (group === undefined) groups.set(shape, { one: node, count: 1, first: [{ at, node }] });
    else {
      group.count += 1;
      if (group.first.length < named) group.first.push({ at, node });
    }
  });
  return { groups: [...groups.values()], identifying };
}

/** True where no term and no selector asks for a name or for the value of an identifying label. */
export function treatsAlike(
  { identifying }: AlikeNodes,
  { nodeName, nodeSelector, nodeAffinity }: Placement,
  volumes: readonly (readonly NodeSelectorTerm[])[],
): boolean {
  if (nodeName !== undefined) return false;
  for (const key in nodeSelector) if (identifying.has(key)) return false;
  return [...(nodeAffinity === undefined ? [] : [nodeAffinity]), ...volumes].every((terms) =>
    terms.every(
      ({ matchExpressions, matchFields }) =>
        matchFields.length === 0 &&
        matchExpressions.every(({ key, operator }) => !identifying.has(key) || PRESENCE.has(operator)),
    ),
  );
}

/** Nodes are alike in which labels they have. */
const PRESENCE: ReadonlySet<string> = new Set(["Exists", "DoesNotExist"]);

function identifyingLabels(nodes: readonly Node[]): ReadonlySet<string> {
  const values = new Map<string, Set<string>>();
  const identifying = new Set<string>();
  for (const { labels } of nodes) {
    for (const key of Object.keys(labels)) {
      if (identifying.has(key)) continue;
      const seen = values.get(key) ?? new Set();
      seen.add(labels[key] as string);
      values.set(key, seen);
      if (seen.size > MOST_VALUES) identifying.add(key);
    }
  }
  return identifying;
}

function shapeOf({ labels, taints, unschedulable }: Node, identifying: ReadonlySet<string>): string {
  const said = Object.keys(labels)
    .sort()
    .map((key) => (identifying.has(key) ? [key] : [key, labels[key]]));
  return JSON.stringify([said, taints.map(({ key, value, effect }) => [key, value, effect]), unschedulable]);
}
