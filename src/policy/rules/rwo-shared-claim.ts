import { withBorrowers } from "../borrowed-template.ts";
import { type ClaimReach, LONG_LIST } from "../factors.ts";
import { claimNameField, relatedTo } from "../field.ts";
import type { Workload } from "../model.ts";
import { steadyOverlap } from "../overlap.ts";
import { reachOfMount } from "../reach.ts";
import type { Situation } from "../situation.ts";
import { keptTogether } from "../spread/spread.ts";
import { claimNamesOf } from "../template-claims.ts";
import { knownValue } from "../view.ts";
import { claim, cronJob, deployment, manifests } from "./example.ts";
import { nameClaims, nameWorkloads, workloadRule } from "./rule.ts";

const COMMON_AFFINITY = [
  "affinity:",
  "  podAffinity:",
  "    requiredDuringSchedulingIgnoredDuringExecution:",
  "      - topologyKey: kubernetes.io/hostname",
  "        labelSelector: {matchLabels: {volume: data}}",
];

export const rwoSharedClaim = workloadRule({
  id: "rwo-shared-claim",
  title: "Two workloads share a volume that only one node can hold",
  severity: "warning",
  subject: "workload",
  moments: ["steady"],
  when: "A claim whose volume only one node at a time may hold (ReadWriteOnce), mounted by two workloads with at least one pod each, and nothing keeps their pods on one node; or a claim whose volume only one pod at a time may hold (ReadWriteOncePod), wherever the pods are. A StatefulSet mounts the claims of its templates (`data-web-0`).",
  meaning:
    "Whichever pod is placed first holds the volume on its node; the other workload's pods run only if they happen to land there, and wait with `Multi-Attach error for volume` anywhere else.",
  cause:
    "ReadWriteOnce counts nodes, whoever owns the pods. An affinity of each workload to itself does not bring the two together, and if one follows the other, that holds only until the other moves.",
  fixes: ["common-affinity", "rwx-claim"],
  sources: ["docs/semantics.md S27, S30 to S35"],
  examples: {
    fail: manifests(
      deployment({ spec: ["strategy: {type: Recreate}"] }),
      cronJob({ name: "backup" }),
      claim(),
    ),
    pass: manifests(
      deployment({ spec: ["strategy: {type: Recreate}"], labels: "volume: data", pod: COMMON_AFFINITY }),
      cronJob({ name: "backup", metadata: ["metadata: {labels: {volume: data}}"], pod: COMMON_AFFINITY }),
      claim(),
    ),
  },

  judge(situation) {
    const { workload, steady } = situation;
    if (steady.overlap.value === "zero" || isAlone(situation)) return null;
    const disputed = new Set<ClaimReach>();
    const rivals = new Map<string, Workload>();
    for (const claim of [...steady.claims, ...claimsOfItsPods(situation)]) {
      if (disputed.size === CLAIMS_DISPUTED) break;
      if (claim.inline || (claim.reach !== "node" && claim.reach !== "pod")) continue;
      for (const other of rivalsFor(claim.name, situation)) {
        // Asked only where somebody else is there: where pods land is the most expensive question of all.
        if (steady.spread.value === "nowhere") return null;
        if (!contest(claim, other, situation)) continue;
        disputed.add(claim);
        rivals.set(`${other.kind} ${other.name}`, other);
      }
    }
    if (disputed.size === 0) return null;
    const contested = [...disputed];
    const names = [...rivals.keys()].sort();
    const shown = nameWorkloads(names.map((name) => rivals.get(name) as Workload));
    const onePod = contested.every(({ reach }) => reach === "pod");
    return {
      soft: false,
      claims: contested,
      decidedBy: claimNameField(workload, contested[0]?.name ?? ""),
      related: [...rivals.values()].map(relatedTo),
      problem: onePod
        ? `shares ${nameClaims(contested)} with ${shown}, but only one pod at a time can hold it, wherever the pods are`
        : `shares ${nameClaims(contested)} with ${shown}, but only one node can hold it and nothing keeps their pods on one node`,
      brief: onePod
        ? `shares ${nameClaims(contested)} with ${shown}, which only one pod can hold`
        : `shares RWO ${nameClaims(contested)} with ${shown}, not kept on one node`,
      evidence: names.map((name) => `${name} mounts it too`),
      degree: 0,
      byAutoscaler: false,
    };
  },
});

/** Where one pod at a time is allowed, places do not matter (semantics S27); where one node is, a proven node is enough. */
function contest(claim: ClaimReach, other: Workload, { workload, view, options, work }: Situation): boolean {
  return claim.reach === "pod" || keptTogether(workload, other, claim, view, options, work).value === "free";
}

/** The claims from a StatefulSet's templates that another workload mounts; each belongs to one pod of the set. */
function claimsOfItsPods({ workload, view, options }: Situation): readonly ClaimReach[] {
  const { namespace } = workload;
  return claimNamesOf(workload, view)
    .filter((name) => (knownValue(view.workloadsMounting(namespace, name)) ?? []).length > 0)
    .map((claimName) =>
      reachOfMount({ kind: "claim", volumeName: claimName, claimName }, namespace, view, options),
    );
}

/**
 * True where nobody else mounts the few claims of a template, so that who may hold them need not be found out. What
 * several mount is commonly theirs to share, which is found out more quickly than who of them has pods.
 */
function isAlone(situation: Situation): boolean {
  const { template, claimTemplates } = situation.workload;
  return (
    claimTemplates.length === 0 &&
    template.mounts.length < LONG_LIST &&
    template.mounts.every((mount) => {
      if (mount.kind === "inline") return true;
      const mounting = mountingIn(situation, mount.claimName);
      return mounting.length <= 1 && rivalsFor(mount.claimName, situation, mounting).length === 0;
    })
  );
}

function mountingIn({ workload, view }: Situation, claimName: string): readonly Workload[] {
  return knownValue(view.workloadsMounting(workload.namespace, claimName)) ?? [];
}

function rivalsFor(
  claimName: string,
  situation: Situation,
  mounting = mountingIn(situation, claimName),
): readonly Workload[] {
  const rivals: Workload[] = [];
  const { workload, view } = situation;
  const set = knownValue(view.setWithClaim(workload.namespace, claimName));
  if (set !== undefined) addRivals(set, situation, rivals);
  for (const one of mounting) {
    if (rivals.length >= RIVALS_COMPARED) break;
    addRivals(one, situation, rivals);
  }
  return rivals;
}

/** Adds every workload that mounts what `one` mounts, itself included, and has pods; never the one that is judged. */
function addRivals(one: Workload, situation: Situation, rivals: Workload[]): void {
  const { workload, view, work } = situation;
  // Found out once for each: two workloads may share tens of thousands of claims.
  const withPods = work.once("mounts it and has pods", one, () =>
    withBorrowers(one, view).filter((other) => {
      const itself =
        other.kind === workload.kind &&
        other.name === workload.name &&
        other.namespace === workload.namespace;
      return !itself && steadyOverlap(other, view).value !== "zero";
    }),
  );
  if (withPods.length > 0) rivals.push(...withPods.slice(0, RIVALS_COMPARED - rivals.length));
}

/** Comparing every pair of thousands that share one claim would take minutes, and a few names say it all. */
const RIVALS_COMPARED = 20;

/** No pod gets as many volumes: what is not looked at beyond these would change neither the verdict nor the way out. */
const CLAIMS_DISPUTED = 1_000;
