import { as, type Cluster } from "./cluster.ts";

export interface WorkloadOptions {
  readonly kind?: "Deployment" | "StatefulSet";
  readonly replicas?: number;
  readonly recreate?: boolean;
  readonly image?: string;
  readonly finalizers?: readonly string[];
  /** Pod volumes; the container mounts all of them. */
  readonly volumes?: readonly Readonly<Record<string, unknown>>[];
}

export function namespace(name: string, mode?: string): object {
  const labels = mode === undefined ? {} : { "attachguard.dev/mode": mode };
  return { apiVersion: "v1", kind: "Namespace", metadata: { name, labels } };
}

export function claim(namespace: string, name = "data", accessModes = ["ReadWriteOnce"]): object {
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { namespace, name },
    spec: { accessModes, storageClassName: "disk", resources: { requests: { storage: "1Gi" } } },
  };
}

export const CLAIM_DATA = { name: "data", persistentVolumeClaim: { claimName: "data" } };

/** A Deployment `web` (or a StatefulSet) that mounts claim `data`, unless told otherwise. */
export function workload(namespace: string, options: WorkloadOptions = {}, name = "web"): object {
  const { kind = "Deployment", volumes = [CLAIM_DATA], recreate = false, finalizers } = options;
  const labels = { app: name };
  return {
    apiVersion: "apps/v1",
    kind,
    metadata: { namespace, name, ...(finalizers === undefined ? {} : { finalizers }) },
    spec: {
      replicas: options.replicas ?? 1,
      selector: { matchLabels: labels },
      ...(kind === "StatefulSet" ? { serviceName: name } : {}),
      ...(recreate ? { strategy: { type: "Recreate" } } : {}),
      template: {
        metadata: { labels },
        spec: {
          containers: [
            {
              name: "web",
              image: options.image ?? "registry.example.com/web:1",
              volumeMounts: volumes.map((volume) => ({ name: volume.name, mountPath: `/${volume.name}` })),
            },
          ],
          volumes,
        },
      },
    },
  };
}

export function autoscaler(namespace: string, maxReplicas: number, version: "v1" | "v2" = "v2"): object {
  return {
    apiVersion: `autoscaling/${version}`,
    kind: "HorizontalPodAutoscaler",
    metadata: { namespace, name: "web" },
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
      minReplicas: 1,
      maxReplicas,
    },
  };
}

export const STORAGE: readonly object[] = [
  {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name: "disk" },
    provisioner: "ebs.csi.aws.com",
    volumeBindingMode: "WaitForFirstConsumer",
  },
  {
    apiVersion: "storage.k8s.io/v1",
    kind: "CSIDriver",
    metadata: { name: "ebs.csi.aws.com" },
    spec: { attachRequired: true },
  },
];

/** What the API server lets through without asking, made by a controller of the control plane. */
export function asController(name: string): readonly string[] {
  // The group gives the identity its rights; what it may do is not what is tested.
  return as({ user: `system:serviceaccount:kube-system:${name}`, groups: ["system:masters"] });
}

/** The calls to each entry while something is done. */
export async function callsDuring(
  cluster: Cluster,
  action: () => Promise<unknown>,
): Promise<Readonly<Record<string, number>>> {
  const before = await cluster.calls();
  await action();
  const after = await cluster.calls();
  const made = [...after].map(([name, count]) => [name, count - (before.get(name) ?? 0)] as const);
  return Object.fromEntries(made.filter(([, count]) => count > 0));
}
