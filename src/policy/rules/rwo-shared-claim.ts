import type { ClaimReach } from "../factors.ts";
import type { Workload } from "../model.ts";
import { steadyOverlap } from "../overlap.ts";
import type { Situation } from "../situation.ts";
import { keptTogether } from "../spread/spread.ts";
import { knownValue } from "../view.ts";
import { nameClaims, type WorkloadRule, withReach } from "./rule.ts";

export const rwoSharedClaim: WorkloadRule = {
  id: "rwo-shared-claim",
  title: "Two workloads share a volume that one node can hold",
  severity: "warning",
  subject: "workload",
  moments: ["steady"],
  when: "A claim that one node may hold, mounted by two workloads with at least one pod each, and nothing keeps their pods on one node.",
  meaning:
    "Whichever pod is placed first holds the volume on its node; the other workload's pods run only if they happen to land there, and wait with `Multi-Attach error for volume` anywhere else.",
  cause:
    "ReadWriteOnce counts nodes, whoever owns the pods. An affinity of each workload to itself does not bring the two together, and one of them following the other holds only until the other one moves.",
  fixes: ["common-affinity", "rwx-claim"],
  sources: ["docs/semantics.md S30 to S34"],
  examples: {
    fail: `apiVersion: apps/v1
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
apiVersion: batch/v1
kind: CronJob
metadata:
  name: backup
spec:
  schedule: "0 3 * * *"
  concurrencyPolicy: Forbid
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
            - name: backup
              image: example.com/backup
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
    pass: `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  strategy: {type: Recreate}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web, volume: data}}
    spec:
      affinity:
        podAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
            - topologyKey: kubernetes.io/hostname
              labelSelector: {matchLabels: {volume: data}}
      containers:
        - name: web
          image: example.com/web
          volumeMounts: [{name: data, mountPath: /data}]
      volumes:
        - name: data
          persistentVolumeClaim: {claimName: data}
---
apiVersion: batch/v1
kind: CronJob
metadata:
  name: backup
spec:
  schedule: "0 3 * * *"
  concurrencyPolicy: Forbid
  jobTemplate:
    spec:
      template:
        metadata: {labels: {volume: data}}
        spec:
          restartPolicy: Never
          affinity:
            podAffinity:
              requiredDuringSchedulingIgnoredDuringExecution:
                - topologyKey: kubernetes.io/hostname
                  labelSelector: {matchLabels: {volume: data}}
          containers:
            - name: backup
              image: example.com/backup
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
    const shown =
      names.length <= 3 ? names.join(", ") : `${names.slice(0, 3).join(", ")} and ${names.length - 3} more`;
    return {
      severity: "warning",
      claims: contested,
      problem: `shares ${nameClaims(contested)} with ${shown}, but one node only can hold it and nothing keeps their pods on one node`,
      brief: `shares RWO ${nameClaims(contested)} with ${shown}, not kept on one node`,
      evidence: names.map((name) => `${name} mounts it too`),
      degree: 0,
      byAutoscaler: false,
    };
  },
};

function rivalsFor(claim: ClaimReach, { workload, view }: Situation): readonly Workload[] {
  if (claim.inline) return [];
  const mounting = knownValue(view.workloadsMounting(workload.namespace, claim.name)) ?? [];
  return mounting.filter(
    (other) =>
      !(
        other.kind === workload.kind &&
        other.name === workload.name &&
        other.namespace === workload.namespace
      ) && steadyOverlap(other, view).value !== "zero",
  );
}
