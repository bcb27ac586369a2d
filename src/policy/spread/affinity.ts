import type { PodAffinityTerm, Workload } from "../model.ts";
import { HOSTNAME, nodesAge } from "../nodes.ts";
import { steadyOverlap } from "../overlap.ts";
import { listOf, nameOf, plural, selectorText } from "../phrasing.ts";
import { type ClusterView, knownValue } from "../view.ts";
import { indexOf } from "./node-index.ts";
import {
  allTermsMatch,
  contradictionIn,
  isSameNode,
  type Neighbours,
  neighboursOf,
  sameTerms,
} from "./pod-terms.ts";
import { podsOf } from "./pods.ts";
import { hasTooManyLabels, isTooLarge, TOO_MUCH, type Work } from "./work.ts";

/** What the required pod affinity of a workload comes to at one moment. */
export type AffinityReading =
  | { readonly value: "one-node" | "nowhere"; readonly proof: string; readonly evidence: readonly string[] }
  /** One node as long as `anchor`, or pods that nobody here knows, stay on one. */
  | {
      readonly value: "leaning";
      readonly proof: "self-affinity" | "other-app" | "unknown-pods";
      readonly anchor: Workload | undefined;
      readonly evidence: readonly string[];
    }
  | { readonly value: "none"; readonly evidence: readonly string[] };

/** Can another workload's pods only be on one node? Answered by the whole of spread, so it is passed in. */
export type StaysOnOneNode = (other: Workload) => boolean;

/**
 * Reads required pod affinity while nothing changes. The first pod of a group that matches its own terms may land
 * anywhere, every other one needs a neighbour (`interpodaffinity/filtering.go`, satisfyPodAffinity; semantics S19 to
 * S24).
 */
export function steadyAffinity(
  workload: Workload,
  view: ClusterView,
  work: Work,
  staysOnOneNode: StaysOnOneNode,
): AffinityReading {
  const terms = workload.template.placement.podAffinity;
  if (terms.length === 0) return none();
  if (isTooLarge(workload)) return tooMuch(work);
  const never = unmatchable(workload) ?? missingKey(terms, view);
  if (never !== undefined) return never;
  const own = podsOf(workload, "same-revision");
  const self = allTermsMatch(own, terms, own, view);
  if (self === "perhaps") return none(`whether ${textOf(terms)} matches the pods themselves is not known`);
  const neighbours = neighboursOf(workload, view, work);
  if (self === "no") return byOthers(workload, neighbours, view, work, staysOnOneNode);
  if (!isSameNode(terms)) return none(tooWide(terms));
  return byGroup(
    workload,
    neighbours,
    view,
    work,
    `${textOf(terms)} matches the pods' own labels: they share one node`,
  );
}

/**
 * Reads required pod affinity for the pods of a new template while those of the old one still run: they share the
 * old pods' node when every required term of the new one matches them (semantics S22, S25, S37).
 *
 * @param previous the old template; the workload itself where only one is known
 */
export function rolloutAffinity(
  workload: Workload,
  previous: Workload,
  view: ClusterView,
  work: Work,
  staysOnOneNode: StaysOnOneNode,
): AffinityReading {
  const terms = workload.template.placement.podAffinity;
  const before = steadyAffinity(previous, view, work, staysOnOneNode);
  if (terms.length === 0) {
    return none(...(before.value === "none" ? [] : ["the new pods have no required pod affinity any more"]));
  }
  if (isTooLarge(workload) || hasTooManyLabels(previous)) return tooMuch(work);
  const steady = steadyAffinity(workload, view, work, staysOnOneNode);
  const own = podsOf(workload, "same-revision");
  if (before.value === "nowhere" && steady.value === "nowhere") return steady;
  // The old pods are beside some that nobody knows, and the new ones may be beside others of them.
  if (leansOnUnknown(before) && leansOnUnknown(steady) && sameTerms(workload, previous, work)) return steady;
  const old = allTermsMatch(own, terms, podsOf(previous, "other-revision"), view);
  if (old === "yes" && isSameNode(terms) && missingKey(terms, view) === undefined) {
    const group = byGroup(
      workload,
      neighboursOf(workload, view, work),
      view,
      work,
      `${textOf(terms)} matches the old pods: the new ones join them on their node`,
    );
    return group.value === "one-node" ? unlessApart(group, workload, previous, view, work) : group;
  }
  if (old === "perhaps") return none(`whether ${textOf(terms)} matches the old pods is not known`);
  switch (steady.value) {
    case "nowhere":
      return steady;
    case "one-node":
      return none(`${textOf(terms)} does not match the old pods: the new ones may start on another node`);
    case "leaning":
      if (leansOnUnknown(steady)) {
        return none(
          `${textOf(terms)} matches pods that are not known, and the old pods do not carry the same terms`,
        );
      }
      if (steady.anchor === undefined) {
        return none(`${textOf(terms)} does not match the old pods: the new ones may start on another node`);
      }
      return before.value === "leaning" &&
        before.anchor !== undefined &&
        nameOf(before.anchor) === nameOf(steady.anchor)
        ? steady
        : none(
            `the old pods do not need ${nameOf(steady.anchor)} beside them, so they may be on another node`,
          );
    case "none":
      return steady;
  }
}

/** Are the pods of two workloads one closed group on one node? (semantics S30 to S32) */
export function groupAffinity(a: Workload, b: Workload, view: ClusterView, work: Work): AffinityReading {
  const terms = a.template.placement.podAffinity;
  if (terms.length === 0 && b.template.placement.podAffinity.length === 0) return none();
  if (!isSameNode(terms) || !sameTerms(a, b, work)) {
    return none(`${nameOf(a)} and ${nameOf(b)} do not carry the same required pod affinity on ${HOSTNAME}`);
  }
  const own = podsOf(a, "same-revision");
  for (const pods of [own, podsOf(b, "other-workload")]) {
    if (allTermsMatch(own, terms, pods, view) !== "yes") {
      return none(`${textOf(terms)} does not match the pods of both ${nameOf(a)} and ${nameOf(b)}`);
    }
  }
  return byGroup(
    a,
    neighboursOf(a, view, work),
    view,
    work,
    `${nameOf(a)} and ${nameOf(b)} both carry ${textOf(terms)}, which matches both: they share one node`,
  );
}

/** All that the terms match must carry them too: a pod that does not may be on any node and is a valid neighbour. */
function byGroup(
  workload: Workload,
  neighbours: Neighbours,
  view: ClusterView,
  work: Work,
  sentence: string,
): AffinityReading {
  const strangers = work.once("strangers", workload, () =>
    neighbours.certain.filter((other) => !work.isSpent && !sameTerms(workload, other, work)),
  );
  if (work.isSpent) return tooMuch(work);
  const members = neighbours.certain.length - strangers.length;
  const evidence = [
    sentence,
    members === 0
      ? "as far as is known it matches no other pods"
      : `it matches ${plural(members, "other workload")} too, with the same terms, and as far as is known no other pods`,
  ];
  if (strangers.length === 0) return { value: "one-node", proof: "self-affinity", evidence };
  const running = strangers.filter((other) => steadyOverlap(other, view).value !== "zero");
  const names = listOf((running.length === 0 ? strangers : running).map(nameOf).sort());
  return running.length === 0
    ? {
        value: "leaning",
        proof: "self-affinity",
        anchor: undefined,
        evidence: [
          ...evidence,
          `only as long as ${names} has no pods: it matches too and does not carry the terms`,
        ],
      }
    : none(
        `required pod affinity also matches ${names}, which may be on any node: it does not carry the same terms`,
      );
}

/** The old pods do not carry the terms, so they need not be where the rest of the group is. */
function unlessApart(
  group: AffinityReading,
  workload: Workload,
  previous: Workload,
  view: ClusterView,
  work: Work,
): AffinityReading {
  if (sameTerms(workload, previous, work)) return group;
  const [other] = neighboursOf(workload, view, work).certain.map(nameOf).sort();
  if (other === undefined) return group;
  return {
    value: "leaning",
    proof: "self-affinity",
    anchor: undefined,
    evidence: [
      ...group.evidence,
      `only as long as ${other}, which it matches too, is on the node of the old pods`,
    ],
  };
}

/**
 * The pods do not match their own terms: they need another workload's pods beside them. That no known workload is
 * matched proves nothing, since the pods of operators belong to no kind that is read (semantics S24).
 */
function byOthers(
  workload: Workload,
  neighbours: Neighbours,
  view: ClusterView,
  work: Work,
  staysOnOneNode: StaysOnOneNode,
): AffinityReading {
  const terms = workload.template.placement.podAffinity;
  if (work.isSpent) return tooMuch(work);
  const [anchor, ...more] = neighbours.certain;
  if (neighbours.doubtful) return none(`which pods ${textOf(terms)} matches is not known`);
  if (!isSameNode(terms)) return none(tooWide(terms));
  if (anchor === undefined) {
    return {
      value: "leaning",
      proof: "unknown-pods",
      anchor: undefined,
      evidence: [
        `no known workload matches ${textOf(terms)}: the pods are on one node as long as the pods that match are on one`,
      ],
    };
  }
  if (more.length > 0) {
    return none(
      `required pod affinity matches pods of ${listOf(neighbours.certain.map(nameOf).sort())}, on any of their nodes`,
    );
  }
  const single = steadyOverlap(anchor, view).value !== "always";
  if (single || staysOnOneNode(anchor)) {
    return {
      value: "leaning",
      proof: "other-app",
      anchor,
      evidence: [
        `required pod affinity puts the pods beside ${nameOf(anchor)}, as far as is known the only match, which has ${single ? "at most one pod" : "one node"}: one node as long as that holds`,
      ],
    };
  }
  return none(`required pod affinity matches ${nameOf(anchor)}, which may have pods on several nodes`);
}

function tooMuch(work: Work): AffinityReading {
  work.giveUp();
  return none(TOO_MUCH);
}

function leansOnUnknown(reading: AffinityReading): boolean {
  return reading.value === "leaning" && reading.proof === "unknown-pods";
}

function unmatchable(workload: Workload): AffinityReading | undefined {
  const why = contradictionIn(workload);
  if (why === undefined) return undefined;
  const terms = textOf(workload.template.placement.podAffinity);
  return {
    value: "nowhere",
    proof: "affinity",
    evidence: [`${terms} can match no pod (${why}): the pods stay Pending`],
  };
}

function missingKey(terms: readonly PodAffinityTerm[], view: ClusterView): AffinityReading | undefined {
  const lookup = view.nodes();
  const nodes = knownValue(lookup);
  const index = nodes && indexOf(nodes);
  const term = terms.find(({ topologyKey }) => index?.keys.has(topologyKey) === false);
  return (
    term && {
      value: "nowhere",
      proof: "affinity",
      evidence: [
        `no known node has the label ${term.topologyKey} of the required pod affinity${nodesAge(lookup)}: the pods stay Pending`,
      ],
    }
  );
}

function tooWide(terms: readonly PodAffinityTerm[]): string {
  const keys = listOf([...new Set(terms.map(({ topologyKey }) => topologyKey))].sort());
  return `required pod affinity on ${keys} does not hold the pods on one node`;
}

function textOf(terms: readonly PodAffinityTerm[]): string {
  const texts = terms.map(({ topologyKey, labelSelector, matchLabelKeys, mismatchLabelKeys }) => {
    const keys = [
      ...(matchLabelKeys.length === 0 ? [] : [`matchLabelKeys ${listOf(matchLabelKeys)}`]),
      ...(mismatchLabelKeys.length === 0 ? [] : [`mismatchLabelKeys ${listOf(mismatchLabelKeys)}`]),
    ];
    return `${topologyKey} (${[selectorText(labelSelector), ...keys].join(", ")})`;
  });
  return `required pod affinity on ${listOf(texts.sort(), " and ")}`;
}

function none(...evidence: readonly string[]): AffinityReading {
  return { value: "none", evidence };
}
