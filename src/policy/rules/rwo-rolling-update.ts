import { fieldOf } from "../field.ts";
import { claim, deployment, manifests } from "./example.ts";
import { contested, isDoubtful, nameClaims, workloadRule } from "./rule.ts";

export const rwoRollingUpdate = workloadRule({
  id: "rwo-rolling-update",
  title: "A rolling update waits for a volume that its own old pod holds",
  severity: "error",
  subject: "workload",
  moments: ["rollout"],
  when: "A claim whose volume only one node at a time may hold (ReadWriteOnce), and a rollout that keeps an old pod until a new one is Ready. A warning where the old pods may go first, because the overlap then clears by itself.",
  meaning:
    "The new pod may land on another node while the old pod still holds the volume. It then waits with `Multi-Attach error for volume`, and the rollout never completes.",
  cause:
    "RollingUpdate starts new pods before it ends old ones (`maxSurge`), and ends old ones only as far as `maxUnavailable` allows. With one replica the defaults of 25% round to one extra pod and none unavailable, so the old pod is kept until the new one is Ready, which needs the volume that the old one holds. The scheduler does not look at ReadWriteOnce when it places the new pod.",
  fixes: ["recreate", "surge-zero", "same-node-affinity", "rwx-claim", "statefulset"],
  sources: [
    "kubernetes: pkg/controller/deployment/util/deployment_util.go (ResolveFenceposts)",
    "kubernetes: pkg/volume/util/util.go (IsMultiAttachAllowed)",
    "docs/semantics.md S1, S7, S8, S18 to S25, S38",
  ],
  examples: {
    fail: manifests(
      deployment({ spec: ["# no strategy: RollingUpdate, 25% surge, 25% unavailable"] }),
      claim(),
    ),
    pass: manifests(deployment({ spec: ["strategy: {type: Recreate}"] }), claim()),
  },

  judge(situation) {
    const held = contested(situation, "rollout", "node");
    if (held.length === 0) return null;
    const { overlap, spread } = situation.rollout;
    const decidedBy = fieldOf(situation.workload, "spec", "strategy");
    const certain = spread.value === "apart";
    if (overlap.value === "briefly") {
      return {
        soft: true,
        claims: held,
        decidedBy,
        problem: `${certain ? "will" : "may"} raise a transient Multi-Attach error at each rollout: ${nameClaims(held)} can be attached to one node only, and the old pod may still hold it`,
        brief: `rollouts ${certain ? "raise" : "may raise"} a transient Multi-Attach error on RWO ${nameClaims(held)}`,
        evidence: [],
        degree: 0,
        byAutoscaler: false,
      };
    }
    const verb = certain ? "gets" : "can get";
    return {
      soft: isDoubtful(held, spread),
      claims: held,
      decidedBy,
      problem: `${verb} stuck in a rollout with a Multi-Attach error: the new pod waits for ${nameClaims(held)}, which only one node at a time can hold, and which the old pod keeps`,
      brief: `a rollout ${verb} stuck on RWO ${nameClaims(held)}`,
      evidence: [],
      degree: 0,
      byAutoscaler: false,
    };
  },
});
