import { claim, deployment, manifests } from "./example.ts";
import { contested, isDoubtful, nameClaims, workloadRule } from "./rule.ts";

const AUTOSCALER = `apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: web
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  maxReplicas: 5
`;

export const rwoAutoscaling = workloadRule({
  id: "rwo-autoscaling",
  title: "An autoscaler may add pods that cannot get the volume",
  severity: "error",
  subject: "workload",
  moments: ["steady"],
  when: "A claim whose volume only one node at a time may hold (ReadWriteOnce), and a HorizontalPodAutoscaler or KEDA ScaledObject on the workload whose maximum is above 1.",
  meaning:
    "Under load the autoscaler adds pods; those that land on another node wait forever with `Multi-Attach error for volume`. The workload fails to scale just when it should.",
  cause:
    "`maxReplicas` is the most that the autoscaler may reach, and it raises the workload to `minReplicas` at once, without looking at any metric. It knows nothing about volumes, and the scheduler does not count ReadWriteOnce. A workload at 0 replicas is left alone, except by KEDA, which scales it up from 0.",
  fixes: ["autoscaler-max-one", "same-node-affinity", "rwx-claim", "statefulset"],
  sources: [
    "kubernetes: pkg/controller/podautoscaler/horizontal.go",
    "docs/semantics.md S1, S15, S16, S40 to S42",
  ],
  examples: {
    fail: manifests(AUTOSCALER, deployment({ spec: ["strategy: {type: Recreate}"] }), claim()),
    pass: manifests(
      AUTOSCALER,
      deployment(),
      claim({
        mode: "ReadWriteMany",
        spec: ["# needs a StorageClass whose driver can share a volume between nodes"],
      }),
    ),
  },

  judge(situation) {
    const highest = situation.steady.overlap.byAutoscalers[0];
    const held = highest ? contested(situation, "steady", "node") : [];
    if (held.length === 0 || !highest) return null;
    const { spread } = situation.steady;
    const scaler = `${highest.kind} ${highest.name}`;
    const short = highest.kind === "HorizontalPodAutoscaler" ? `HPA ${highest.name}` : scaler;
    return {
      soft: isDoubtful(held, spread),
      claims: held,
      decidedBy: highest.maximum,
      problem: `may be scaled to ${highest.maxReplicas} pods by ${scaler}, but ${nameClaims(held)} can be attached to one node only: pods on other nodes wait forever with a Multi-Attach error`,
      brief: `${short} may run ${highest.maxReplicas} pods, but only one node can hold RWO ${nameClaims(held)}`,
      evidence: [],
      degree: highest.maxReplicas,
      byAutoscaler: true,
    };
  },
});
