import type { RawObject } from "./api-server.ts";

/** Small raw objects, with what a server fills in that matters here. */
export const deployment = (namespace: string, name: string, claim?: string, replicas = 1): RawObject => ({
  kind: "Deployment",
  apiVersion: "apps/v1",
  metadata: { namespace, name, labels: { app: name }, managedFields: [{ manager: "kubectl", fieldsV1: {} }] },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: {
        containers: [
          { name: "app", image: "app:1", volumeMounts: claim ? [{ name: "data", mountPath: "/d" }] : [] },
        ],
        volumes: claim ? [{ name: "data", persistentVolumeClaim: { claimName: claim } }] : [],
      },
    },
  },
  status: { observedGeneration: 1, replicas, updatedReplicas: replicas },
});

export const claim = (namespace: string, name: string, spec: Record<string, unknown> = {}): RawObject => ({
  kind: "PersistentVolumeClaim",
  apiVersion: "v1",
  metadata: { namespace, name, finalizers: ["kubernetes.io/pvc-protection"] },
  spec: { accessModes: ["ReadWriteOnce"], storageClassName: "gp3", volumeMode: "Filesystem", ...spec },
  status: {},
});

export const volume = (name: string, accessModes: readonly string[] = ["ReadWriteOnce"]): RawObject => ({
  kind: "PersistentVolume",
  apiVersion: "v1",
  metadata: { name },
  spec: {
    accessModes,
    storageClassName: "gp3",
    csi: { driver: "ebs.csi.aws.com", volumeHandle: `vol-${name}` },
  },
});

export const storageClass = (name: string): RawObject => ({
  kind: "StorageClass",
  apiVersion: "storage.k8s.io/v1",
  metadata: { name },
  provisioner: "ebs.csi.aws.com",
});

export const autoscaler = (namespace: string, name: string, maxReplicas = 5): RawObject => ({
  kind: "HorizontalPodAutoscaler",
  apiVersion: "autoscaling/v2",
  metadata: { namespace, name },
  spec: { scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name }, minReplicas: 1, maxReplicas },
});

export const namespace = (name: string): RawObject => ({
  kind: "Namespace",
  apiVersion: "v1",
  metadata: { name, labels: { "kubernetes.io/metadata.name": name } },
});

export const node = (name: string): RawObject => ({
  kind: "Node",
  apiVersion: "v1",
  metadata: { name, labels: { "kubernetes.io/hostname": name } },
  spec: {},
});
