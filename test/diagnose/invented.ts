import { canonicalName } from "../../src/diagnose/attachment-rows.ts";

/**
 * Objects as the API server gives them, for states that were not recorded. Everything is in namespace `shop`, and was
 * made an hour before `NOW`.
 */

export type Json = Record<string, unknown>;

export const NOW = Date.parse("2026-11-26T12:00:00Z");
export const DRIVER = "disk.example.com";

/** RFC 3339, so many seconds before now. */
export const ago = (seconds: number): string =>
  new Date(NOW - seconds * 1000).toISOString().replace(".000Z", "Z");

let version = 0;

export function object(
  kind: string,
  apiVersion: string,
  name: string,
  rest: Json = {},
  metadata: Json = {},
): Json {
  version += 1;
  const namespaced = !["Node", "PersistentVolume", "VolumeAttachment", "StorageClass", "CSIDriver"].includes(
    kind,
  );
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      ...(namespaced ? { namespace: "shop" } : {}),
      uid: `uid-of-${kind.toLowerCase()}-${name}`,
      resourceVersion: String(version),
      creationTimestamp: ago(3600),
      ...metadata,
    },
    ...rest,
  };
}

interface NodeSaid {
  readonly ready?: "True" | "False" | "Unknown";
  readonly since?: number;
  readonly taints?: readonly Json[];
  readonly attached?: readonly string[];
  readonly inUse?: readonly string[];
  readonly unschedulable?: boolean;
}

export const key = (handle: string, driver = DRIVER): string => `kubernetes.io/csi/${driver}^${handle}`;

export function node(name: string, said: NodeSaid = {}): Json {
  const { ready = "True", since = 3600, taints = [], attached = [], inUse = [], unschedulable } = said;
  return object(
    "Node",
    "v1",
    name,
    {
      spec: { taints, ...(unschedulable === undefined ? {} : { unschedulable }) },
      status: {
        conditions: [{ type: "Ready", status: ready, lastTransitionTime: ago(since) }],
        volumesAttached: attached.map((handle) => ({ name: key(handle), devicePath: "" })),
        volumesInUse: inUse.map((handle) => key(handle)),
      },
    },
    { labels: { "kubernetes.io/hostname": name } },
  );
}

/** A claim with its volume, `vol-NAME`. */
export function claim(name: string, modes: readonly string[] = ["ReadWriteOnce"], driver = DRIVER): Json[] {
  return [
    object("PersistentVolumeClaim", "v1", name, {
      spec: { accessModes: modes, volumeName: `pv-${name}`, storageClassName: "fast" },
      status: { phase: "Bound" },
    }),
    object("PersistentVolume", "v1", `pv-${name}`, {
      spec: {
        accessModes: modes,
        persistentVolumeReclaimPolicy: "Delete",
        storageClassName: "fast",
        claimRef: { namespace: "shop", name, uid: `uid-of-persistentvolumeclaim-${name}` },
        csi: { driver, volumeHandle: `vol-${name}` },
      },
      status: { phase: "Bound" },
    }),
  ];
}

interface AttachmentSaid {
  readonly attached?: boolean;
  readonly deletedAgo?: number;
  readonly createdAgo?: number;
  readonly attachError?: { readonly message: string; readonly ago: number };
  readonly detachError?: { readonly message: string; readonly ago: number };
}

export function attachment(claimName: string, nodeName: string, said: AttachmentSaid = {}): Json {
  const { attached = true, deletedAgo, createdAgo = 3600, attachError, detachError } = said;
  const error = (from: AttachmentSaid["attachError"]) => ({
    message: from?.message,
    time: ago(from?.ago ?? 0),
  });
  return object(
    "VolumeAttachment",
    "storage.k8s.io/v1",
    canonicalName(`vol-${claimName}`, DRIVER, nodeName),
    {
      spec: { attacher: DRIVER, nodeName, source: { persistentVolumeName: `pv-${claimName}` } },
      status: {
        attached,
        ...(attachError === undefined ? {} : { attachError: error(attachError) }),
        ...(detachError === undefined ? {} : { detachError: error(detachError) }),
      },
    },
    {
      creationTimestamp: ago(createdAgo),
      finalizers: ["external-attacher/disk-example-com"],
      ...(deletedAgo === undefined
        ? {}
        : { deletionTimestamp: ago(deletedAgo), deletionGracePeriodSeconds: 0 }),
    },
  );
}

export interface PodSaid {
  readonly claims?: readonly string[];
  readonly node?: string;
  readonly state?: "running" | "creating" | "pending" | "succeeded" | "failed";
  readonly owner?: readonly [kind: string, name: string];
  readonly createdAgo?: number;
  /** How long ago it was asked to end, and its grace. */
  readonly deletedAgo?: number;
  readonly grace?: number;
  readonly metadata?: Json;
  readonly spec?: Json;
  readonly status?: Json;
}

const PHASES = {
  running: "Running",
  creating: "Pending",
  pending: "Pending",
  succeeded: "Succeeded",
  failed: "Failed",
};

export function pod(name: string, said: PodSaid = {}): Json {
  const { claims = ["data"], node: nodeName, state = "running", owner, createdAgo = 3600 } = said;
  const { deletedAgo, grace = 30 } = said;
  const created = ago(createdAgo);
  const container = {
    running: { state: { running: { startedAt: created } }, ready: true },
    creating: { state: { waiting: { reason: "ContainerCreating" } }, ready: false },
    pending: undefined,
    succeeded: {
      state: { terminated: { exitCode: 0, reason: "Completed", finishedAt: created } },
      ready: false,
    },
    failed: { state: { terminated: { exitCode: 1, reason: "Error", finishedAt: created } }, ready: false },
  }[state];
  const ready = state === "running" ? "True" : "False";
  const version = { ReplicaSet: "apps/v1", StatefulSet: "apps/v1", DaemonSet: "apps/v1", Job: "batch/v1" };
  return object(
    "Pod",
    "v1",
    name,
    {
      spec: {
        ...(nodeName === undefined ? {} : { nodeName }),
        containers: [{ name: "app", image: "registry.example/app:1" }],
        volumes: claims.map((claimName, index) => ({
          name: `data-${index}`,
          persistentVolumeClaim: { claimName },
        })),
        tolerations: ["not-ready", "unreachable"].map((taint) => ({
          key: `node.kubernetes.io/${taint}`,
          operator: "Exists",
          effect: "NoExecute",
          tolerationSeconds: 300,
        })),
        ...said.spec,
      },
      status: {
        phase: PHASES[state],
        conditions: [
          {
            type: "PodScheduled",
            status: nodeName === undefined ? "False" : "True",
            lastTransitionTime: created,
          },
          { type: "Ready", status: ready, lastTransitionTime: created },
        ],
        ...(container === undefined
          ? {}
          : { containerStatuses: [{ name: "app", restartCount: 0, ...container }] }),
        ...said.status,
      },
    },
    {
      creationTimestamp: created,
      ...(owner === undefined
        ? {}
        : {
            ownerReferences: [
              {
                apiVersion: version[owner[0] as keyof typeof version] ?? "apps/v1",
                kind: owner[0],
                name: owner[1],
                uid: `uid-of-${owner[0].toLowerCase()}-${owner[1]}`,
                controller: true,
              },
            ],
          }),
      ...(deletedAgo === undefined
        ? {}
        : { deletionTimestamp: ago(deletedAgo - grace), deletionGracePeriodSeconds: grace }),
      ...said.metadata,
    },
  );
}

interface DeploymentSaid {
  readonly replicas?: number;
  readonly strategy?: "RollingUpdate" | "Recreate";
  readonly paused?: boolean;
  /** Revision and replicas of each ReplicaSet, `NAME-REVISION`. */
  readonly revisions?: Readonly<Record<number, number>>;
  readonly claims?: readonly string[];
  readonly available?: boolean;
}

export function deployment(name: string, said: DeploymentSaid = {}): Json[] {
  const { replicas = 1, strategy = "RollingUpdate", paused, revisions = { 1: 1 }, claims = ["data"] } = said;
  const template = {
    metadata: { labels: { app: name } },
    spec: {
      containers: [
        { name: "app", volumeMounts: claims.map((_, index) => ({ name: `data-${index}`, mountPath: "/d" })) },
      ],
      volumes: claims.map((claimName, index) => ({
        name: `data-${index}`,
        persistentVolumeClaim: { claimName },
      })),
    },
  };
  const latest = Math.max(...Object.keys(revisions).map(Number));
  return [
    object(
      "Deployment",
      "apps/v1",
      name,
      {
        spec: {
          replicas,
          strategy: { type: strategy },
          ...(paused === undefined ? {} : { paused }),
          selector: { matchLabels: { app: name } },
          template,
        },
        status: { observedGeneration: 1, replicas },
      },
      { annotations: { "deployment.kubernetes.io/revision": String(latest) }, generation: 1 },
    ),
    ...Object.entries(revisions).map(([revision, count]) =>
      object(
        "ReplicaSet",
        "apps/v1",
        `${name}-${revision}`,
        { spec: { replicas: count, template }, status: { replicas: count } },
        {
          annotations: {
            "deployment.kubernetes.io/revision": revision,
            "deployment.kubernetes.io/desired-replicas": String(replicas),
          },
          ownerReferences: [
            {
              apiVersion: "apps/v1",
              kind: "Deployment",
              name,
              uid: `uid-of-deployment-${name}`,
              controller: true,
            },
          ],
        },
      ),
    ),
  ];
}

export function event(kind: string, name: string, reason: string, message: string, secondsAgo = 30): Json {
  return object(
    "Event",
    "v1",
    `${name}.${reason}.${secondsAgo}`,
    {
      involvedObject: { kind, namespace: "shop", name, uid: `uid-of-${kind.toLowerCase()}-${name}` },
      type: "Warning",
      reason,
      message,
      source: { component: "kubelet" },
      firstTimestamp: ago(secondsAgo),
      lastTimestamp: ago(secondsAgo),
    },
    { creationTimestamp: ago(secondsAgo) },
  );
}

/** The storage class and the driver that everything above names. */
export const storage = (binding = "Immediate"): Json[] => [
  object("StorageClass", "storage.k8s.io/v1", "fast", { provisioner: DRIVER, volumeBindingMode: binding }),
  object("CSIDriver", "storage.k8s.io/v1", DRIVER, { spec: { attachRequired: true } }),
];
