import t from "tap";
import { ClusterIndex } from "../../src/cluster/cluster-index.ts";
import { DEFAULT_CONFIG } from "../../src/config/config.ts";
import { judgeAll } from "../../src/judge/all.ts";
import { factFrom } from "../../src/kube/fact.ts";
import { claim, deployment, storageClass } from "../support/objects.ts";

const settings = {
  config: DEFAULT_CONFIG,
  verifyWaiver: async () => ({ state: "refused", reason: "no keys" }) as const,
  dryRun: false,
  now: 0,
};

const autoscaler = (target: string, maxReplicas: number) => ({
  apiVersion: "autoscaling/v2",
  kind: "HorizontalPodAutoscaler",
  metadata: { name: target, namespace: "shop" },
  spec: { scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: target }, maxReplicas },
});

const rollout = (updatedReplicas: number) => ({ observedGeneration: 2, replicas: 2, updatedReplicas });

t.test(
  "what may be stuck soon: an unfinished rollout, an autoscaler within one of its maximum",
  async (t) => {
    const index = new ClusterIndex();
    const named = (name: string, more = {}) => deployment({ name, claims: ["data"], ...more });
    for (const object of [
      storageClass,
      claim({ name: "data" }),
      named("rolls", { status: rollout(1) }),
      named("rolled", { status: rollout(2) }),
      named("near"),
      autoscaler("near", 2),
      named("far"),
      autoscaler("far", 5),
      named("asleep", { workload: { replicas: 0 } }),
      autoscaler("asleep", 1),
    ]) {
      const fact = factFrom(object);
      if (fact !== undefined) index.put(fact);
    }
    const { workloads } = await judgeAll({ view: index, workloads: index.workloads(), claims: [] }, settings);
    t.strictSame(Object.fromEntries(workloads.map(({ workload, imminent }) => [workload.name, imminent])), {
      rolls: "rollout-unfinished",
      rolled: undefined,
      near: "near-maximum",
      far: undefined,
      asleep: undefined,
    });
  },
);
