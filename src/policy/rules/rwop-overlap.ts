import { countField, fieldOf } from "../field.ts";
import { claim, deployment, manifests } from "./example.ts";
import { contested, nameClaims, workloadRule } from "./rule.ts";

const LEDGER = { name: "ledger", claim: "ledger" };

export const rwopOverlap = workloadRule({
  id: "rwop-overlap",
  title: "Two pods need a volume that only one pod in the cluster can hold",
  severity: "error",
  subject: "workload",
  moments: ["steady", "rollout"],
  when: "A claim whose volume only one pod at a time may use (ReadWriteOncePod, and some drivers), and more than one pod at once, by their number or in a rollout that keeps the old pod. Where the pods run does not matter. A warning where the overlap clears by itself.",
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

  judge(situation, moment) {
    const held = contested(situation, moment, "pod");
    if (held.length === 0) return null;
    const { workload, steady, rollout } = situation;
    if (moment === "steady") {
      return {
        soft: steady.overlap.transient,
        claims: held,
        decidedBy: steady.overlap.byWorkload
          ? countField(workload)
          : (steady.overlap.byAutoscalers[0]?.maximum ?? countField(workload)),
        problem: steady.overlap.transient
          ? `may run several pods at once, but ${nameClaims(held)} can be used by only one pod: the next one waits until the first has ended`
          : `asks for several pods, but ${nameClaims(held)} can be used by only one pod in the whole cluster: the others never start`,
        brief: `several pods, but only one pod can use ${nameClaims(held)}`,
        evidence: ONE_POD,
        degree: steady.overlap.count ?? 0,
        byAutoscaler: steady.overlap.byAutoscalers.length > 0,
      };
    }
    const { value } = rollout.overlap;
    return {
      soft: value === "briefly",
      claims: held,
      decidedBy: fieldOf(workload, "spec", "strategy"),
      problem:
        value === "briefly"
          ? `holds a new pod back in each rollout until the old one has released ${nameClaims(held)}, which only one pod at a time can use`
          : `gets stuck in every rollout: the new pod waits for ${nameClaims(held)}, which only one pod at a time can use, and which the old pod keeps`,
      brief:
        value === "briefly"
          ? `a new pod waits until the old one releases ${nameClaims(held)}`
          : `every rollout gets stuck: only one pod can use ${nameClaims(held)}`,
      evidence: ONE_POD,
      degree: 0,
      byAutoscaler: false,
    };
  },
});

const ONE_POD = ["where the pods run does not matter: only one pod at a time can use the volume"];
