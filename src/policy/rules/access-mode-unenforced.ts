import { nameClaims, type WorkloadRule, withReach } from "./rule.ts";

export const accessModeUnenforced: WorkloadRule = {
  id: "access-mode-unenforced",
  title: "Nothing enforces ReadWriteOnce on this volume",
  severity: "warning",
  subject: "workload",
  moments: ["steady"],
  when: "A ReadWriteOnce claim on a volume without an attach step, and more than one pod, not proved to be on one node.",
  meaning:
    "Several nodes will mount the volume for writing at once. No error is raised; an application that counts on being alone may damage its data, and on host paths each node sees a folder of its own.",
  cause:
    "ReadWriteOnce is kept by attaching a volume to one node. Storage without an attach step (NFS, host paths, drivers with `attachRequired: false`) has no such gate, so the access mode is a label only.",
  fixes: ["one-replica", "same-node-affinity", "rwx-claim"],
  sources: ["kubernetes: pkg/volume/csi/csi_plugin.go (skip attach)", "docs/semantics.md S5"],
  examples: {
    fail: `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2
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
  storageClassName: ""
  volumeName: share
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: 1Gi}}
---
apiVersion: v1
kind: PersistentVolume
metadata:
  name: share
spec:
  accessModes: [ReadWriteOnce]
  capacity: {storage: 1Gi}
  nfs: {server: nfs.example.com, path: /share}
`,
    pass: `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2
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
  storageClassName: ""
  volumeName: share
  accessModes: [ReadWriteMany]
  resources: {requests: {storage: 1Gi}}
---
apiVersion: v1
kind: PersistentVolume
metadata:
  name: share
spec:
  accessModes: [ReadWriteMany]
  capacity: {storage: 1Gi}
  nfs: {server: nfs.example.com, path: /share}
`,
  },

  judge({ steady: { claims, overlap, spread } }) {
    const open = withReach(claims, "unenforced");
    if (open.length === 0 || overlap.value !== "always") return null;
    if (spread.value === "one-node" || spread.value === "nowhere") return null;
    return {
      severity: "warning",
      claims: open,
      problem: `will mount ReadWriteOnce ${nameClaims(open)} on several nodes at once, and nothing stops it`,
      brief: `several nodes will mount RWO ${nameClaims(open)}, nothing enforces the mode`,
      evidence: [],
      degree: overlap.count ?? 0,
      byAutoscaler: overlap.byAutoscalers.length > 0,
    };
  },
};
