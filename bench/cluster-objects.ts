/**
 * Objects as a live API server sends them, 4–12 KB each: managedFields, last-applied annotations and status included.
 * Made from an index alone, so that two runs see the same cluster.
 */

export interface GeneratedKind {
  readonly kind: string;
  readonly apiVersion: string;
  readonly plural: string;
  /** How many there are at scale 1. */
  readonly count: number;
  /** How many there are at every scale. */
  readonly fixed?: number;
  readonly make: (index: number) => Record<string, unknown>;
}

const NAMESPACES = 200;
const CREATED = "2026-11-20T09:36:58Z";

export const namespaceOf = (index: number): string => `team-${index % NAMESPACES}`;

const hex = (index: number, length: number): string =>
  ((index + 1) * 2654435761).toString(16).padStart(length, "0").slice(-length);

const uid = (index: number): string => `${hex(index, 8)}-b6d5-4885-b79c-${hex(index * 7, 12)}`;

/** Owners of fields, as long as the real ones of the kind. */
function managedFields(managers: readonly string[], paths: readonly string[]): unknown[] {
  return managers.map((manager) => ({
    manager,
    operation: "Update",
    apiVersion: "v1",
    time: CREATED,
    fieldsType: "FieldsV1",
    fieldsV1: {
      "f:metadata": {
        "f:annotations": { ".": {}, "f:kubectl.kubernetes.io/last-applied-configuration": {} },
      },
      "f:spec": Object.fromEntries(
        paths.map((path) => [`f:${path}`, { ".": {}, "f:value": {}, "f:valueFrom": {} }]),
      ),
    },
  }));
}

function metadata(kind: string, name: string, index: number, namespaced: boolean): Record<string, unknown> {
  return {
    name,
    ...(namespaced && { namespace: namespaceOf(index) }),
    uid: uid(index),
    resourceVersion: String(1_000_000 + index),
    generation: 3,
    creationTimestamp: CREATED,
    labels: {
      "app.kubernetes.io/name": `app-${index % 500}`,
      "app.kubernetes.io/instance": name,
      "app.kubernetes.io/managed-by": "Helm",
      "app.kubernetes.io/part-of": `product-${index % 50}`,
    },
    annotations: {
      "kubectl.kubernetes.io/last-applied-configuration": JSON.stringify({
        kind,
        metadata: { name },
        spec: Object.fromEntries(
          Array.from({ length: 20 }, (_, i) => [`field${i}`, `value ${i} of ${name} as it was applied`]),
        ),
      }),
      "meta.helm.sh/release-name": name,
    },
    managedFields: managedFields(
      ["kubectl-client-side-apply", "kube-controller-manager", "helm"],
      Array.from({ length: 12 }, (_, i) => `${kind.toLowerCase()}SpecField${i}`),
    ),
  };
}

const env = (index: number) =>
  Array.from({ length: 20 }, (_, i) => ({
    name: `SETTING_NUMBER_${i}`,
    value: `setting ${i} of app ${index}`,
  }));

/** @param hazardous with a rolling update, which gets stuck on the volumes of every one of these */
export function deployment(index: number, hazardous = false): Record<string, unknown> {
  const name = `app-${index}`;
  const labels = { "app.kubernetes.io/name": `app-${index % 500}`, "app.kubernetes.io/instance": name };
  return {
    metadata: metadata("Deployment", name, index, true),
    spec: {
      replicas: 1,
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
      selector: { matchLabels: labels },
      strategy: hazardous
        ? { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" } }
        : { type: "Recreate" },
      template: {
        metadata: { labels },
        spec: {
          containers: [
            {
              name: "app",
              image: `registry.example.com/team/app-${index % 500}:1.${index % 40}.0`,
              env: env(index),
              resources: { requests: { cpu: "100m", memory: "256Mi" }, limits: { memory: "512Mi" } },
              volumeMounts: [
                { name: "data", mountPath: "/var/lib/app" },
                { name: "cache", mountPath: "/var/cache/app" },
              ],
              readinessProbe: { httpGet: { path: "/ready", port: 8080, scheme: "HTTP" }, periodSeconds: 10 },
              terminationMessagePath: "/dev/termination-log",
              imagePullPolicy: "IfNotPresent",
            },
          ],
          volumes: [
            { name: "data", persistentVolumeClaim: { claimName: `data-${index}` } },
            { name: "cache", persistentVolumeClaim: { claimName: `cache-${index}` } },
            { name: "config", configMap: { name, defaultMode: 420 } },
          ],
          affinity: {
            podAntiAffinity: {
              preferredDuringSchedulingIgnoredDuringExecution: [
                {
                  weight: 100,
                  podAffinityTerm: {
                    labelSelector: { matchLabels: labels },
                    topologyKey: "kubernetes.io/hostname",
                  },
                },
              ],
            },
          },
          tolerations: [{ key: "dedicated", operator: "Equal", value: "apps", effect: "NoSchedule" }],
          restartPolicy: "Always",
          schedulerName: "default-scheduler",
        },
      },
    },
    status: {
      observedGeneration: 3,
      replicas: 1,
      updatedReplicas: 1,
      conditions: [
        { type: "Available", status: "True", lastUpdateTime: CREATED, reason: "MinimumReplicasAvailable" },
        { type: "Progressing", status: "True", lastUpdateTime: CREATED, reason: "NewReplicaSetAvailable" },
      ],
    },
  };
}

const zoneOf = (index: number): string => `eu-west-1${"abc"[index % 3]}`;

const storageClass = (index: number) => ({
  metadata: metadata("StorageClass", `class-${index}`, index, false),
  provisioner: "ebs.csi.aws.com",
  reclaimPolicy: "Delete",
  volumeBindingMode: "WaitForFirstConsumer",
});

const csiDriver = () => ({
  metadata: metadata("CSIDriver", "ebs.csi.aws.com", 0, false),
  spec: { attachRequired: true, podInfoOnMount: false, volumeLifecycleModes: ["Persistent"] },
});

/** A node of one of three zones that every workload tolerates. */
export function node(index: number): Record<string, unknown> {
  const made = metadata("Node", `node-${index}`, index, false);
  return {
    metadata: {
      ...made,
      labels: {
        ...(made.labels as object),
        "kubernetes.io/hostname": `node-${index}`,
        "topology.kubernetes.io/zone": zoneOf(index),
        "kubernetes.io/os": "linux",
      },
    },
    spec: { taints: [{ key: "dedicated", value: "apps", effect: "NoSchedule" }] },
    status: { conditions: [{ type: "Ready", status: "True", lastHeartbeatTime: CREATED }] },
  };
}

/** Two claims for each Deployment, in its namespace; claim 2i and 2i+1 belong to Deployment i. */
function claim(index: number): Record<string, unknown> {
  const owner = index >> 1;
  const name = `${index % 2 === 0 ? "data" : "cache"}-${owner}`;
  return {
    metadata: { ...metadata("PersistentVolumeClaim", name, index, true), namespace: namespaceOf(owner) },
    spec: {
      accessModes: ["ReadWriteOnce"],
      resources: { requests: { storage: "10Gi" } },
      volumeName: `pvc-${uid(index)}`,
      storageClassName: `class-${index % 5}`,
      volumeMode: "Filesystem",
    },
    status: { phase: "Bound", accessModes: ["ReadWriteOnce"], capacity: { storage: "10Gi" } },
  };
}

function volume(index: number): Record<string, unknown> {
  return {
    metadata: metadata("PersistentVolume", `pvc-${uid(index)}`, index, false),
    spec: {
      accessModes: ["ReadWriteOnce"],
      capacity: { storage: "10Gi" },
      claimRef: {
        kind: "PersistentVolumeClaim",
        namespace: namespaceOf(index >> 1),
        name: `data-${index >> 1}`,
      },
      csi: {
        driver: "ebs.csi.aws.com",
        volumeHandle: `vol-${hex(index, 12)}`,
        fsType: "ext4",
        volumeAttributes: {
          "storage.kubernetes.io/csiProvisionerIdentity": `${hex(index, 12)}-ebs.csi.aws.com`,
        },
      },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            {
              matchExpressions: [
                {
                  key: "topology.kubernetes.io/zone",
                  operator: "In",
                  // Both volumes of a workload in one zone, or no node could take it.
                  values: [zoneOf(index >> 1)],
                },
              ],
            },
          ],
        },
      },
      persistentVolumeReclaimPolicy: "Delete",
      storageClassName: `class-${index % 5}`,
      volumeMode: "Filesystem",
    },
    status: { phase: "Bound" },
  };
}

function autoscaler(index: number): Record<string, unknown> {
  return {
    metadata: metadata("HorizontalPodAutoscaler", `app-${index}`, index, true),
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: `app-${index}` },
      minReplicas: 1,
      maxReplicas: 1 + (index % 4),
      metrics: [
        {
          type: "Resource",
          resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 80 } },
        },
      ],
    },
    status: {
      currentReplicas: 1,
      desiredReplicas: 1,
      conditions: Array.from({ length: 3 }, (_, i) => ({
        type: `Condition${i}`,
        status: "True",
        lastTransitionTime: CREATED,
        reason: "ValidMetricFound",
        message: "the HPA was able to successfully calculate a replica count from cpu resource utilization",
      })),
    },
  };
}

const plain = (kind: string) => (index: number) => ({
  metadata: metadata(kind, `${kind.toLowerCase()}-${index}`, index, false),
});

export const GENERATED: readonly GeneratedKind[] = [
  {
    kind: "Deployment",
    apiVersion: "apps/v1",
    plural: "deployments",
    count: 20_000,
    make: (index) => deployment(index),
  },
  {
    kind: "PersistentVolumeClaim",
    apiVersion: "v1",
    plural: "persistentvolumeclaims",
    count: 40_000,
    make: claim,
  },
  { kind: "PersistentVolume", apiVersion: "v1", plural: "persistentvolumes", count: 40_000, make: volume },
  {
    kind: "HorizontalPodAutoscaler",
    apiVersion: "autoscaling/v2",
    plural: "horizontalpodautoscalers",
    count: 5_000,
    make: autoscaler,
  },
  {
    kind: "StorageClass",
    apiVersion: "storage.k8s.io/v1",
    plural: "storageclasses",
    count: 0,
    fixed: 5,
    make: storageClass,
  },
  {
    kind: "CSIDriver",
    apiVersion: "storage.k8s.io/v1",
    plural: "csidrivers",
    count: 0,
    fixed: 1,
    make: csiDriver,
  },
  { kind: "Namespace", apiVersion: "v1", plural: "namespaces", count: 0, make: plain("Namespace") },
  { kind: "Node", apiVersion: "v1", plural: "nodes", count: 0, fixed: 50, make: node },
  {
    kind: "StatefulSet",
    apiVersion: "apps/v1",
    plural: "statefulsets",
    count: 0,
    make: plain("StatefulSet"),
  },
  { kind: "DaemonSet", apiVersion: "apps/v1", plural: "daemonsets", count: 0, make: plain("DaemonSet") },
  { kind: "Job", apiVersion: "batch/v1", plural: "jobs", count: 0, make: plain("Job") },
  { kind: "CronJob", apiVersion: "batch/v1", plural: "cronjobs", count: 0, make: plain("CronJob") },
];

/** How many objects of a kind a cluster has at a scale, with so many nodes. */
export function countOf({ kind, count, fixed = 0 }: GeneratedKind, scale: number, nodes: number): number {
  return kind === "Node" ? nodes : Math.max(Math.round(count * scale), fixed);
}
