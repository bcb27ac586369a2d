import type { ClaimReach } from "../factors.ts";
import { claimNameField, relatedTo } from "../field.ts";
import type { Workload } from "../model.ts";
import { steadyOverlap } from "../overlap.ts";
import { listOf } from "../phrasing.ts";
import type { Situation } from "../situation.ts";
import { keptTogether } from "../spread/spread.ts";
import { knownValue } from "../view.ts";
import { claim, cronJob, deployment, manifests } from "./example.ts";
import { nameClaims, withReach, workloadRule } from "./rule.ts";

const COMMON_AFFINITY = [
  "affinity:",
  "  podAffinity:",
  "    requiredDuringSchedulingIgnoredDuringExecution:",
  "      - topologyKey: kubernetes.io/hostname",
  "        labelSelector: {matchLabels: {volume: data}}",
];

export const rwoSharedClaim = workloadRule({
  id: "rwo-shared-claim",
  title: "Two workloads share a volume that one node can hold",
  severity: "warning",
  subject: "workload",
  moments: ["steady"],
  when: "A claim whose volume one node at a time may hold (ReadWriteOnce), mounted by two workloads with at least one pod each, and nothing keeps their pods on one node.",
  meaning:
    "Whichever pod is placed first holds the volume on its node; the other workload's pods run only if they happen to land there, and wait with `Multi-Attach error for volume` anywhere else.",
  cause:
    "ReadWriteOnce counts nodes, whoever owns the pods. An affinity of each workload to itself does not bring the two together, and one of them following the other holds only until the other one moves.",
  fixes: ["common-affinity", "rwx-claim"],
  sources: ["docs/semantics.md S30 to S34"],
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
    const { workload, view, steady } = situation;
    if (steady.overlap.value === "zero" || steady.spread.value === "nowhere") return null;
    const contested: ClaimReach[] = [];
    const rivals = new Map<string, Workload>();
    for (const claim of withReach(steady.claims, "node")) {
      for (const other of rivalsFor(claim, situation)) {
        if (keptTogether(workload, other, claim, view, situation.options).value !== "free") continue;
        if (!contested.includes(claim)) contested.push(claim);
        rivals.set(`${other.kind} ${other.name}`, other);
      }
    }
    if (contested.length === 0) return null;
    const names = [...rivals.keys()].sort();
    const shown = listOf(names);
    return {
      soft: false,
      claims: contested,
      decidedBy: claimNameField(workload, contested[0]?.name ?? ""),
      related: [...rivals.values()].map(relatedTo),
      problem: `shares ${nameClaims(contested)} with ${shown}, but only one node can hold it and nothing keeps their pods on one node`,
      brief: `shares RWO ${nameClaims(contested)} with ${shown}, not kept on one node`,
      evidence: names.map((name) => `${name} mounts it too`),
      degree: 0,
      byAutoscaler: false,
    };
  },
});

function rivalsFor(claim: ClaimReach, { workload, view }: Situation): readonly Workload[] {
  if (claim.inline) return [];
  const mounting = knownValue(view.workloadsMounting(workload.namespace, claim.name)) ?? [];
  const rivals: Workload[] = [];
  for (const other of mounting) {
    const itself =
      other.kind === workload.kind && other.name === workload.name && other.namespace === workload.namespace;
    if (!itself && steadyOverlap(other, view).value !== "zero") rivals.push(other);
    if (rivals.length === RIVALS_COMPARED) break;
  }
  return rivals;
}

/** Comparing every pair of thousands that share one claim would take minutes, and a few names say it all. */
const RIVALS_COMPARED = 20;
