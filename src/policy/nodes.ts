import type {
  Node,
  NodeSelectorTerm,
  Placement,
  Requirement,
  Taint,
  Toleration,
  WorkloadKind,
} from "./model.ts";
import { holds, labelOf } from "./selectors.ts";
import type { Lookup } from "./view.ts";

/** The label that names one host each; the kubelet sets it. */
export const HOSTNAME = "kubernetes.io/hostname";

/** The only field that node affinity can ask for. */
export const NODE_NAME_FIELD = "metadata.name";

const UNSCHEDULABLE = "node.kubernetes.io/unschedulable";

/** Taints that Kubernetes sets and takes away again by itself: such a node comes back, so it still counts. */
const PASSING_TAINTS: ReadonlySet<string> = new Set([
  "node.kubernetes.io/not-ready",
  "node.kubernetes.io/unreachable",
  "node.kubernetes.io/memory-pressure",
  "node.kubernetes.io/disk-pressure",
  "node.kubernetes.io/pid-pressure",
  "node.kubernetes.io/network-unavailable",
  "node.cloudprovider.kubernetes.io/uninitialized",
  "node.cloudprovider.kubernetes.io/shutdown",
]);

/** How old the list of nodes is, for the end of a sentence that rests on it; empty where it is the list of now. */
export function nodesAge(nodes: Lookup<readonly Node[]>): string {
  return nodes.state === "known" && nodes.ageSeconds !== undefined
    ? `, by the nodes of ${nodes.ageSeconds} s ago`
    : "";
}

/**
 * The nodes that take the pods of a placement by its hard constraints: nodeName, nodeSelector, required node
 * affinity, taints and cordons (semantics S19). Preferences, free capacity and passing conditions do not count.
 *
 * @param kind a DaemonSet's pods tolerate cordons by themselves (`pkg/controller/daemon/util`)
 */
export function eligibleNodes(
  placement: Placement,
  nodes: readonly Node[],
  kind?: WorkloadKind,
): readonly Node[] {
  return nodes.filter((node) => exclusionOf(placement, node, kind) === undefined);
}

/** Why a node cannot take the pods of a placement, as half a sentence; `undefined` where it can. */
export function exclusionOf(placement: Placement, node: Node, kind?: WorkloadKind): string | undefined {
  const { nodeName, nodeSelector, nodeAffinity } = placement;
  if (nodeName !== undefined && nodeName !== node.name) return `nodeName is ${nodeName}`;
  for (const [key, value] of Object.entries(nodeSelector)) {
    if (labelOf(node.labels, key) !== value) return `label ${key}=${value} is missing`;
  }
  if (nodeAffinity !== undefined && !matchesTerms(nodeAffinity, node)) {
    return "required node affinity does not match";
  }
  return repellingTaint(placement, node, kind);
}

function repellingTaint(
  placement: Placement,
  node: Node,
  kind: WorkloadKind | undefined,
): string | undefined {
  // nodeName goes past the scheduler; the kubelet itself turns away NoExecute only (pkg/kubelet/lifecycle/predicate.go).
  const scheduled = placement.nodeName === undefined;
  const tolerated = (taint: Taint) =>
    placement.tolerations.some((toleration) => tolerates(toleration, taint));
  const cordon: Taint = { key: UNSCHEDULABLE, value: "", effect: "NoSchedule" };
  if (scheduled && node.unschedulable && kind !== "DaemonSet" && !tolerated(cordon)) return "it is cordoned";
  for (const taint of node.taints) {
    if (taint.key === UNSCHEDULABLE && (node.unschedulable || kind === "DaemonSet")) continue;
    if (PASSING_TAINTS.has(taint.key) || tolerated(taint)) continue;
    if (taint.effect === "NoExecute" || (scheduled && taint.effect === "NoSchedule")) {
      return `taint ${taint.key}${taint.value === "" ? "" : `=${taint.value}`}:${taint.effect} is not tolerated`;
    }
  }
  return undefined;
}

/** As `ToleratesTaint` in `component-helpers`; an operator not known here is given the benefit of the doubt. */
export function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect !== "" && toleration.effect !== taint.effect) return false;
  if (toleration.key !== "" && toleration.key !== taint.key) return false;
  return toleration.operator === "" || toleration.operator === "Equal"
    ? toleration.value === taint.value
    : true;
}

/**
 * Does a node satisfy one of the alternative terms? A term without any requirement matches no node, and neither
 * does an empty list (`component-helpers/scheduling/corev1/nodeaffinity`). A requirement that Kubernetes would refuse
 * excludes nothing, so that it never helps to prove that one node is left.
 */
export function matchesTerms(terms: readonly NodeSelectorTerm[], node: Node): boolean {
  return terms.some(
    ({ matchExpressions, matchFields }) =>
      matchExpressions.length + matchFields.length > 0 &&
      matchExpressions.every((requirement) => allows(requirement, labelOf(node.labels, requirement.key))) &&
      matchFields.every(
        (requirement) => requirement.key !== NODE_NAME_FIELD || allows(requirement, node.name),
      ),
  );
}

function allows(requirement: Requirement, value: string | undefined): boolean {
  return holds(requirement, value) ?? true;
}
