import type { SpreadConstraint, Workload } from "../model.ts";
import { HOSTNAME } from "../nodes.ts";
import { selectorText } from "../phrasing.ts";
import type { ClusterView } from "../view.ts";
import { termMatches } from "./pod-terms.ts";
import { agreesOn, every, type Kinship, type Pods, podsOf, selectsPods } from "./pods.ts";
import { areTooMany, hasTooManyLabels } from "./work.ts";

/** Why pods are certain to be on different nodes. */
export interface Apart {
  readonly proof: "anti-affinity" | "spread-constraint";
  readonly evidence: readonly string[];
}

/**
 * Required self anti-affinity on hostname, or a hostname spread constraint with DoNotSchedule and maxSkew 1: two pods
 * of one template are never on one node (semantics S21).
 */
export function steadyApart(workload: Workload, view: ClusterView): Apart | undefined {
  return (
    byAntiAffinity(workload, workload, "same-revision", view, "their own labels") ??
    byConstraint(workload, workload, "same-revision", "the pods")
  );
}

/**
 * The same for a pod of the old and one of the new template. Anti-affinity is symmetric: the old pods' terms hold for
 * a new pod too (`interpodaffinity/filtering.go`, satisfyExistingPodsAntiAffinity).
 */
export function rolloutApart(workload: Workload, previous: Workload, view: ClusterView): Apart | undefined {
  return (
    byAntiAffinity(workload, previous, "other-revision", view, "the old pods") ??
    byAntiAffinity(previous, workload, "other-revision", view, "the new pods") ??
    byConstraint(workload, previous, "other-revision", "old and new pods")
  );
}

function byAntiAffinity(
  owner: Workload,
  other: Workload,
  kinship: Kinship,
  view: ClusterView,
  matched: string,
): Apart | undefined {
  const { podAntiAffinity } = owner.template.placement;
  if (podAntiAffinity.length === 0 || areTooMany(podAntiAffinity)) return undefined;
  if ([owner, other].some(hasTooManyLabels)) return undefined;
  const pods = podsOf(other, kinship);
  const own = podsOf(owner, "same-revision");
  const term = podAntiAffinity.find(
    (candidate) => candidate.topologyKey === HOSTNAME && termMatches(candidate, own, pods, view) === "yes",
  );
  return (
    term && {
      proof: "anti-affinity",
      evidence: [
        `required pod anti-affinity on ${HOSTNAME} (${selectorText(term.labelSelector)}) matches ${matched}: no two share a node`,
      ],
    }
  );
}

function byConstraint(
  workload: Workload,
  other: Workload,
  kinship: Kinship,
  whose: string,
): Apart | undefined {
  const { spreadConstraints } = workload.template.placement;
  if (spreadConstraints.length === 0 || areTooMany(spreadConstraints)) return undefined;
  if ([workload, other].some(hasTooManyLabels)) return undefined;
  const others = podsOf(other, kinship);
  const own = podsOf(workload, "same-revision");
  const counts = ({ labelSelector, matchLabelKeys }: SpreadConstraint, pods: Pods) =>
    every([selectsPods(labelSelector, pods), agreesOn(matchLabelKeys, own, pods)]) === "yes";
  const constraint = spreadConstraints.find(
    (candidate) =>
      candidate.topologyKey === HOSTNAME &&
      candidate.maxSkew === 1 &&
      // A pod that the constraint does not count may join one that it does (podtopologyspread, selfMatchNum).
      counts(candidate, own) &&
      counts(candidate, others),
  );
  return (
    constraint && {
      proof: "spread-constraint",
      evidence: [
        `topology spread on ${HOSTNAME} with DoNotSchedule and maxSkew 1 (${selectorText(constraint.labelSelector)}) counts ${whose}: they go to different nodes`,
      ],
    }
  );
}
