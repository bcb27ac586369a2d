import t from "tap";
import { autoscaler, claim, deployment, job, node, sameNode, storageClass } from "../../support/objects.ts";
import { type RuleCase, ruleTable } from "../../support/rule-table.ts";

const RWOP = [claim({ modes: ["ReadWriteOncePod"] }), storageClass];
const recreate = { strategy: { type: "Recreate" } };
const firstGoes = { strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } } };

const unmatchable = {
  affinity: {
    podAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: "kubernetes.io/hostname" }],
    },
  },
};

const CASES: readonly RuleCase[] = [
  {
    why: "a rollout that keeps the old pod",
    subject: deployment(),
    severity: "error",
    says: /gets stuck in every rollout/,
  },
  { why: "the old pod may go first", subject: deployment({ workload: firstGoes }), severity: "warning" },
  { why: "Recreate", subject: deployment({ workload: recreate }), severity: null },
  {
    why: "two replicas",
    subject: deployment({ workload: { replicas: 2, ...recreate } }),
    severity: "error",
    says: /one pod in the whole cluster/,
  },
  {
    why: "both moments: one finding that tells of both",
    subject: deployment({ workload: { replicas: 2 } }),
    severity: "error",
    says: /it also gets stuck/,
  },
  {
    why: "an autoscaler",
    subject: deployment({ workload: recreate }),
    others: [...RWOP, autoscaler({ max: 2 })],
    severity: "error",
  },
  {
    why: "one node does not help",
    subject: deployment({ spec: sameNode({ app: "web" }) }),
    severity: "error",
  },
  {
    why: "a cluster of one node does not help",
    subject: deployment(),
    others: [...RWOP, node("a")],
    severity: "error",
  },
  {
    why: "beside pods that nobody knows: one pod is one pod",
    subject: deployment({ spec: sameNode({ app: "nobody" }) }),
    severity: "error",
  },
  {
    why: "no pod can be placed at all",
    subject: deployment({ spec: unmatchable }),
    severity: null,
  },
  {
    why: "a Job of two pods ends by itself",
    subject: job({ workload: { parallelism: 2 } }),
    severity: "warning",
  },
];

t.test("rwop-overlap", async (t) => ruleTable(t, "rwop-overlap", CASES, RWOP));
