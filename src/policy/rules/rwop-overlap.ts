import type { SpreadProof } from "../factors.ts";
import type { Severity } from "../finding.ts";
import { claim, deployment, manifests } from "./example.ts";
import { nameClaims, type WorkloadRule, withReach } from "./rule.ts";

const LEDGER = { name: "ledger", claim: "ledger" };

export const rwopOverlap: WorkloadRule = {
  id: "rwop-overlap",
  title: "Two pods need a volume that one pod in the cluster can hold",
  severity: "error",
  subject: "workload",
  moments: ["steady", "rollout"],
  when: "A claim whose volume one pod at a time may use (ReadWriteOncePod, and some drivers), and more than one pod at once, by number or in a rollout that keeps the old pod. Where the pods run does not matter. A warning where the overlap clears by itself.",
  meaning:
    "The second pod is held back, even on the node that already has the volume: more replicas stay Pending, and a rolling update never completes.",
  cause:
    "ReadWriteOncePod is checked by the scheduler for the whole cluster, and some node-local drivers refuse a second pod on the same node for ReadWriteOnce too. Keeping the pods on one node does not help.",
  fixes: [
    "recreate",
    "surge-zero",
    "one-replica",
    "autoscaler-max-one",
    "forbid-overlap",
    "parallelism-one",
    "rwo-claim",
    "statefulset",
  ],
  sources: [
    "kubernetes: pkg/scheduler/framework/plugins/volumerestrictions/volume_restrictions.go",
    "docs/semantics.md S27, S28, S29",
  ],
  examples: {
    fail: manifests(
      deployment({
        ...LEDGER,
        spec: ["replicas: 1"],
        pod: ["nodeSelector: {kubernetes.io/hostname: node-a}"],
      }),
      claim({ name: "ledger", mode: "ReadWriteOncePod" }),
    ),
    pass: manifests(
      deployment({ ...LEDGER, spec: ["replicas: 1", "strategy: {type: Recreate}"] }),
      claim({ name: "ledger", mode: "ReadWriteOncePod" }),
    ),
  },

  judge({ steady, rollout }, moment) {
    if (moment === "steady") {
      const held = withReach(steady.claims, "pod");
      if (held.length === 0 || steady.overlap.value !== "always" || unplaceable(steady.spread)) return null;
      return {
        severity: severityOf(steady.overlap.transient),
        claims: held,
        problem: steady.overlap.transient
          ? `may run several pods at once, but ${nameClaims(held)} can be used by one pod only: the next one waits until the first has ended`
          : `asks for several pods, but ${nameClaims(held)} can be used by one pod in the whole cluster: the others never start`,
        brief: `several pods, but only one pod can use ${nameClaims(held)}`,
        evidence: ONE_POD,
        degree: steady.overlap.count ?? 0,
        byAutoscaler: steady.overlap.byAutoscalers.length > 0,
      };
    }
    const held = withReach(rollout.claims, "pod");
    const { value } = rollout.overlap;
    if (held.length === 0 || value === "zero" || value === "never" || unplaceable(rollout.spread))
      return null;
    return {
      severity: severityOf(value === "briefly"),
      claims: held,
      problem:
        value === "briefly"
          ? `holds a new pod back in each rollout until the old one has released ${nameClaims(held)}, which one pod at a time can use`
          : `gets stuck in every rollout: the new pod waits for ${nameClaims(held)}, which one pod at a time can use and the old pod keeps`,
      brief:
        value === "briefly"
          ? `a new pod waits until the old one releases ${nameClaims(held)}`
          : `every rollout gets stuck: only one pod can use ${nameClaims(held)}`,
      evidence: ONE_POD,
      degree: 0,
      byAutoscaler: false,
    };
  },
};

const ONE_POD = ["where the pods run does not matter: one pod at a time can use the volume"];

/** Pods that cannot be placed at all never wait for each other (semantics S24). */
function unplaceable(spread: SpreadProof): boolean {
  return spread.value === "nowhere";
}

function severityOf(clearsByItself: boolean): Severity {
  return clearsByItself ? "warning" : "error";
}
