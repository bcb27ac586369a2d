import { nameClaims, type WorkloadRule, withReach } from "./rule.ts";

export const rwoAutoscaling: WorkloadRule = {
  id: "rwo-autoscaling",
  title: "An autoscaler may add pods that cannot get the volume",
  severity: "error",
  subject: "workload",
  moments: ["steady"],
  when: "A claim that one node may hold, and a HorizontalPodAutoscaler on the workload whose maximum is above 1.",
  meaning:
    "Under load the autoscaler adds pods; those that land on another node wait for ever with `Multi-Attach error for volume`. The workload does not scale, just when it should.",
  cause:
    "`maxReplicas` is what the autoscaler may reach, and it raises the workload to `minReplicas` at once, without looking at any metric. It knows nothing of volumes, and the scheduler does not count ReadWriteOnce. A workload at 0 replicas is left alone.",
  fixes: ["autoscaler-max-one", "same-node-affinity", "rwx-claim", "statefulset"],
  sources: ["kubernetes: pkg/controller/podautoscaler/horizontal.go", "docs/semantics.md S1, S15, S16"],
  examples: {
    fail: `apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: web
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  maxReplicas: 5
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  strategy: {type: Recreate}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: example.com/web
          volumeMounts: [{name: data, mountPath: /data}]
      volumes:
        - name: data
          persistentVolumeClaim: {claimName: data}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: data
spec:
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: 1Gi}}
`,
    pass: `apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: web
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  maxReplicas: 5
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: example.com/web
          volumeMounts: [{name: data, mountPath: /data}]
      volumes:
        - name: data
          persistentVolumeClaim: {claimName: data}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: data
spec:
  # needs a StorageClass whose driver can share a volume between nodes
  accessModes: [ReadWriteMany]
  resources: {requests: {storage: 1Gi}}
`,
  },

  judge({ steady: { claims, overlap, spread } }) {
    const held = withReach(claims, "node");
    const highest = overlap.byAutoscalers[0];
    if (held.length === 0 || overlap.value !== "always" || !highest) return null;
    if (spread.value === "one-node" || spread.value === "nowhere") return null;
    const scaler = `HorizontalPodAutoscaler ${highest.name}`;
    return {
      severity: spread.value === "leaning" ? "warning" : "error",
      claims: held,
      problem: `may be scaled to ${highest.maxReplicas} pods by ${scaler}, but ${nameClaims(held)} can be attached to one node only: pods on other nodes wait for ever with a Multi-Attach error`,
      brief: `HPA ${highest.name} may run ${highest.maxReplicas} pods, but one node only can hold RWO ${nameClaims(held)}`,
      evidence: [],
      degree: highest.maxReplicas,
      byAutoscaler: true,
    };
  },
};
