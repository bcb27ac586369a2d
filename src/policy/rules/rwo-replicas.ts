import { countField } from "../field.ts";
import { claim, deployment, manifests } from "./example.ts";
import { contested, isDoubtful, nameClaims, workloadRule } from "./rule.ts";

export const rwoReplicas = workloadRule({
  id: "rwo-replicas",
  title: "Several pods need a volume that only one node can hold",
  severity: "error",
  subject: "workload",
  moments: ["steady"],
  when: "A claim whose volume only one node at a time may hold (ReadWriteOnce), and more than one pod because of the workload's own replicas, nodes or parallelism. A warning for a Job or CronJob, whose pods end by themselves.",
  meaning:
    "The pods that land on the node that holds the volume run; every other one waits forever with `Multi-Attach error for volume`. The next rollout gets stuck too.",
  cause:
    "ReadWriteOnce means one node at a time, and the scheduler does not count it: it spreads the pods over the nodes as usual. The strategy does not matter, and neither does WaitForFirstConsumer: once bound, the volume belongs to one node.",
  fixes: [
    "one-replica",
    "forbid-overlap",
    "parallelism-one",
    "same-node-affinity",
    "rwx-claim",
    "statefulset",
  ],
  sources: [
    "kubernetes: pkg/controller/volume/attachdetach/reconciler/reconciler.go",
    "docs/semantics.md S1, S15, S17, S33, S34, S36, S39",
  ],
  examples: {
    fail: manifests(deployment({ spec: ["replicas: 3", "strategy: {type: Recreate}"] }), claim()),
    pass: `apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: web
spec:
  replicas: 3
  serviceName: web
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: example.com/web
          volumeMounts: [{name: data, mountPath: /data}]
  # each pod gets a claim of its own
  volumeClaimTemplates:
    - metadata: {name: data}
      spec:
        accessModes: [ReadWriteOnce]
        resources: {requests: {storage: 1Gi}}
`,
  },

  judge(situation) {
    const { workload, steady } = situation;
    const { overlap } = steady;
    const held = overlap.byWorkload ? contested(situation, "steady", "node") : [];
    if (held.length === 0) return null;
    const { spread } = steady;
    const several =
      workload.pods.by === "replicas" ? `${workload.pods.replicas} replicas` : "several pods at once";
    const fate =
      spread.value === "apart"
        ? "only one of them can run"
        : "those on other nodes wait forever with a Multi-Attach error";
    return {
      soft: isDoubtful(held, spread) || overlap.transient,
      claims: held,
      decidedBy: countField(workload),
      problem: overlap.transient
        ? `may run several pods at once, but ${nameClaims(held)} can be attached to one node only: a pod on another node waits until the first has ended`
        : `asks for ${several}, but ${nameClaims(held)} can be attached to one node only: ${fate}`,
      brief: `${several}, but only one node can hold RWO ${nameClaims(held)}`,
      evidence: [],
      degree: workload.pods.by === "replicas" ? workload.pods.replicas : (overlap.count ?? 0),
      byAutoscaler: false,
    };
  },
});
