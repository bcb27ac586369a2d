import type { ClaimReach, SpreadProof } from "../factors.ts";
import type { Workload } from "../model.ts";
import type { PolicyOptions } from "../options.ts";
import { nameOf } from "../phrasing.ts";
import type { ClusterView } from "../view.ts";
import {
  type AffinityReading,
  groupAffinity,
  rolloutAffinity,
  type StaysOnOneNode,
  steadyAffinity,
} from "./affinity.ts";
import { type Apart, rolloutApart, steadyApart } from "./apart.ts";
import { isHolding, type Place, placeOf, placeOfVolumes, proofOf, samePlace } from "./place.ts";
import { sameWorkload } from "./pod-terms.ts";
import { Work } from "./work.ts";

/**
 * Where the pods of one template may land while nothing changes, with the proof (semantics S17 to S26). Only hard
 * constraints count. What is not known never makes `nowhere`, and never breaks a proof by pod affinity.
 *
 * @param claims the reach of what the template mounts: a volume that is on one node holds the whole pod there
 * @param work what the proofs about this state may cost; spent, no proof is found
 */
export function steadySpread(
  workload: Workload,
  claims: readonly ClaimReach[],
  view: ClusterView,
  options: PolicyOptions,
  work = new Work(),
): SpreadProof {
  return steadily(workload, claims, view, options, work, []);
}

/** @param asked the workloads on whose own spread this answer will rest: two that lean on each other prove nothing */
function steadily(
  workload: Workload,
  claims: readonly ClaimReach[],
  view: ClusterView,
  options: PolicyOptions,
  work: Work,
  asked: readonly Workload[],
): SpreadProof {
  const place = placeOfWorkload(workload, claims, view, options, work);
  if (place.where !== "several") return proofOf(place, place.where);
  const affinity = steadyAffinity(
    workload,
    view,
    work,
    anchorCheck(view, options, work, [...asked, workload]),
  );
  return unlessPresumed(claims, decide(affinity, steadyApart(workload, view), place.evidence));
}

/**
 * Where the pods of the old and of the new template may land together during a rollout (semantics S22, S25, S37,
 * S38).
 *
 * @param previous the workload whose pods are replaced; `undefined` compares the template with itself
 * @param claims the reach of what both templates mount
 */
export function rolloutSpread(
  workload: Workload,
  previous: Workload | undefined,
  claims: readonly ClaimReach[],
  view: ClusterView,
  options: PolicyOptions,
  work = new Work(),
): SpreadProof {
  const before = previous ?? workload;
  const place = placeOfWorkload(workload, claims, view, options, work);
  if (place.where === "nowhere") return proofOf(place, "nowhere");
  const volumes = placeOfVolumes(claims, workload.kind, view, options, work);
  if (volumes.where === "one-node") return proofOf(volumes, "one-node");
  const old = previous === undefined ? place : placeOfWorkload(previous, claims, view, options, work);
  if (samePlace(place, old)) {
    return previous === undefined
      ? proofOf(place, "one-node")
      : { ...proofOf(place, "one-node"), evidence: [...place.evidence, "the old pods are on the same host"] };
  }
  const affinity = rolloutAffinity(
    workload,
    before,
    view,
    work,
    anchorCheck(view, options, work, [workload]),
  );
  return unlessPresumed(claims, decide(affinity, rolloutApart(workload, before, view), moved(old, place)));
}

/**
 * A class that nobody describes, under a name that is a node-local class by convention: one node if that is what it
 * is, which comes before whatever else the pods ask for.
 */
function unlessPresumed(claims: readonly ClaimReach[], otherwise: SpreadProof): SpreadProof {
  const local = claims.find(({ presumed }) => presumed?.volumes === "on-one-node");
  if (local === undefined || otherwise.value === "one-node" || otherwise.value === "nowhere")
    return otherwise;
  const { name, storageClass, presumed } = local;
  return {
    value: "leaning",
    proof: "class-name",
    host: undefined,
    evidence: [
      `if StorageClass ${storageClass} is ${presumed?.provisioner}, as its name suggests, the volume of claim ${name} stays on one node and this is safe; storageClasses in the configuration can say so`,
      ...otherwise.evidence,
    ],
  };
}

/**
 * Are the pods of two workloads that mount one claim kept on one node? (semantics S30 to S32)
 *
 * @returns `one-node` where it is proved, `nowhere` where one of them can have no pods at all, else `free`
 */
export function keptTogether(
  a: Workload,
  b: Workload,
  claim: ClaimReach,
  view: ClusterView,
  options: PolicyOptions,
  work = new Work(),
): SpreadProof {
  if (isHolding(claim)) return together(a, b, [claim], view, options, work);
  // Two workloads may share tens of thousands of claims, and the answer is the same for each of these.
  const question = `kept together with ${a.kind} ${a.namespace}/${a.name}`;
  return work.once(question, b, () => together(a, b, [], view, options, work));
}

/** @param volumes the claim, where its volume has a say in where the pods land */
function together(
  a: Workload,
  b: Workload,
  volumes: readonly ClaimReach[],
  view: ClusterView,
  options: PolicyOptions,
  work: Work,
): SpreadProof {
  const places = [a, b].map((workload) => placeOfWorkload(workload, volumes, view, options, work));
  const [left, right] = places as [Place, Place];
  const lost = places.find(({ where }) => where === "nowhere");
  if (lost !== undefined) return proofOf(lost, "nowhere");
  const volume = placeOfVolumes(volumes, a.kind, view, options, work);
  if (volume.where === "one-node") return proofOf(volume, "one-node");
  if (samePlace(left, right)) {
    return {
      ...proofOf(left, "one-node"),
      evidence: [...left.evidence, `${nameOf(a)} and ${nameOf(b)} are on the same host`],
    };
  }
  const group = groupAffinity(a, b, view, work);
  return decide(group.value === "leaning" ? { value: "none", evidence: group.evidence } : group, undefined, [
    `nothing keeps ${nameOf(a)} and ${nameOf(b)} on one node`,
  ]);
}

function placeOfWorkload(
  { template, kind }: Workload,
  claims: readonly ClaimReach[],
  view: ClusterView,
  options: PolicyOptions,
  work: Work,
): Place {
  return placeOf(template.placement, kind, claims, view, options, work);
}

function anchorCheck(
  view: ClusterView,
  options: PolicyOptions,
  work: Work,
  asked: readonly Workload[],
): StaysOnOneNode {
  return (other) =>
    !asked.some((workload) => sameWorkload(workload, other)) &&
    steadily(other, [], view, options, work, asked).value === "one-node";
}

function decide(
  affinity: AffinityReading,
  apart: Apart | undefined,
  unproved: readonly string[],
): SpreadProof {
  if (affinity.value === "nowhere" || affinity.value === "one-node") {
    return { value: affinity.value, proof: affinity.proof, host: undefined, evidence: affinity.evidence };
  }
  if (apart !== undefined) {
    return { value: "apart", proof: apart.proof, host: undefined, evidence: apart.evidence };
  }
  if (affinity.value === "leaning") {
    return { value: "leaning", proof: affinity.proof, host: undefined, evidence: affinity.evidence };
  }
  const reasons = [...affinity.evidence, ...unproved];
  return {
    value: "free",
    proof: "none",
    host: undefined,
    evidence: reasons.length === 0 ? ["no hard constraint keeps the pods on one node"] : reasons,
  };
}

/** Why two places, each perhaps a single host, are not one. */
function moved(old: Place, place: Place): readonly string[] {
  if (old.where === "one-node" && place.where === "one-node") {
    return [`the old pods are held to ${old.host ?? "one node"}, the new ones to ${place.host ?? "another"}`];
  }
  if (old.where === "one-node")
    return [`only the old pods are held to ${old.host ?? "one node"}`, ...place.evidence];
  if (place.where === "one-node") return [`only the new pods are held to ${place.host ?? "one node"}`];
  return place.evidence;
}
