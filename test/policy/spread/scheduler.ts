import type { LabelSelector, Labels, Node, PodAffinityTerm, Workload } from "../../../src/policy/model.ts";

/**
 * The scheduler's filters in their plainest form, written again from the descriptions of `interpodaffinity`,
 * `podtopologyspread` and `nodeaffinity`, to check proofs against what really may happen.
 */
export interface Pod {
  readonly workload: Workload;
  /** Tells the template's revisions apart, as pod-template-hash does. */
  readonly revision: string;
  node: Node | undefined;
}

const HASH = "pod-template-hash";

export function podOf(workload: Workload, revision: string): Pod {
  return { workload, revision, node: undefined };
}

function labelsOf(pod: Pod): Labels {
  return { ...pod.workload.template.labels, [HASH]: `${pod.workload.name}-${pod.revision}` };
}

function selected(selector: LabelSelector | undefined, labels: Labels): boolean {
  if (selector === undefined) return false;
  return (
    Object.entries(selector.matchLabels).every(([key, value]) => labels[key] === value) &&
    selector.matchExpressions.every(({ key, operator, values }) => {
      const value = labels[key];
      if (operator === "In") return value !== undefined && values.includes(value);
      if (operator === "NotIn") return value === undefined || !values.includes(value);
      return operator === "Exists" ? value !== undefined : value === undefined;
    })
  );
}

function looksAt(owner: Pod, term: PodAffinityTerm, other: Pod): boolean {
  const own = labelsOf(owner);
  const labels = labelsOf(other);
  const namespaces = term.namespaces.length === 0 ? [owner.workload.namespace] : term.namespaces;
  return (
    namespaces.includes(other.workload.namespace) &&
    selected(term.labelSelector, labels) &&
    term.matchLabelKeys.every((key) => own[key] === undefined || labels[key] === own[key]) &&
    term.mismatchLabelKeys.every((key) => own[key] === undefined || labels[key] !== own[key])
  );
}

function together(a: Node | undefined, b: Node, key: string): boolean {
  return a?.labels[key] !== undefined && a.labels[key] === b.labels[key];
}

function fits(pod: Pod, node: Node, nodes: readonly Node[], placed: readonly Pod[]): boolean {
  const { nodeSelector, podAffinity, podAntiAffinity, spreadConstraints } = pod.workload.template.placement;
  if (Object.entries(nodeSelector).some(([key, value]) => node.labels[key] !== value)) return false;
  if (podAffinity.some(({ topologyKey }) => node.labels[topologyKey] === undefined)) return false;
  const neighbours = placed.filter((other) => podAffinity.every((term) => looksAt(pod, term, other)));
  const first = neighbours.length === 0 && podAffinity.every((term) => looksAt(pod, term, pod));
  const joined = podAffinity.every(({ topologyKey }) =>
    neighbours.some((other) => together(other.node, node, topologyKey)),
  );
  if (!first && !joined) return false;
  for (const other of placed) {
    const clash = (owner: Pod, seen: Pod) => (term: PodAffinityTerm) =>
      looksAt(owner, term, seen) && together(other.node, node, term.topologyKey);
    if (podAntiAffinity.some(clash(pod, other))) return false;
    if (other.workload.template.placement.podAntiAffinity.some(clash(other, pod))) return false;
  }
  return spreadConstraints.every(({ topologyKey, maxSkew, labelSelector }) => {
    const count = (value: string | undefined) =>
      placed.filter(
        (other) =>
          other.workload.namespace === pod.workload.namespace &&
          other.node?.labels[topologyKey] === value &&
          selected(labelSelector, labelsOf(other)),
      ).length;
    const least = Math.min(...nodes.map(({ labels }) => count(labels[topologyKey])));
    const self = selected(labelSelector, labelsOf(pod)) ? 1 : 0;
    return count(node.labels[topologyKey]) + self - least <= maxSkew;
  });
}

/** Places the pods in the order given, again and again until no more fits; `choose` picks one of the nodes that fit. */
export function schedule(
  pods: readonly Pod[],
  nodes: readonly Node[],
  choose: (count: number) => number,
  running: readonly Pod[] = [],
): void {
  for (let progress = true; progress; ) {
    progress = false;
    for (const pod of pods) {
      if (pod.node !== undefined) continue;
      const placed = [...running, ...pods].filter(({ node }) => node !== undefined);
      const feasible = nodes.filter((node) => fits(pod, node, nodes, placed));
      if (feasible.length === 0) continue;
      pod.node = feasible[choose(feasible.length)];
      progress = true;
    }
  }
}
