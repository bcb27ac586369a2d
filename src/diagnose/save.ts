import { timeOf } from "../kube/metadata.ts";
import { MIGRATED_TO } from "../kube/migrated-volume.ts";
import { isRecord, list, type Raw, record } from "../kube/raw.ts";
import { INLINE_DISKS } from "../kube/volume-source.ts";
import { SAVED_API_VERSION, SAVED_KIND } from "./dump.ts";
import type { DiagnosedKind, Facts, Sighting } from "./facts.ts";
import type { RawReading } from "./project.ts";
import { clock } from "./times.ts";

/** Which members of an object are kept: all of one, or some of its own; a list is kept item by item. */
type Keep = true | { readonly [member: string]: Keep };

const CONDITIONS: Keep = { type: true, status: true, reason: true, message: true, lastTransitionTime: true };
const CONTAINER_STATUS: Keep = {
  name: true,
  image: true,
  restartCount: true,
  state: true,
  lastState: { terminated: { exitCode: true } },
};

/** Disks that a pod names itself: that they are there counts, and no credentials of theirs. */
const INLINE: Keep = Object.fromEntries(INLINE_DISKS.map((source) => [source, { readOnly: true }]));

const POD_SPEC: Keep = {
  nodeName: true,
  nodeSelector: true,
  affinity: true,
  tolerations: true,
  topologySpreadConstraints: true,
  schedulerName: true,
  schedulingGates: true,
  containers: { name: true, volumeMounts: true, volumeDevices: true },
  initContainers: { name: true, volumeMounts: true, volumeDevices: true, restartPolicy: true },
  volumes: { name: true, persistentVolumeClaim: true, ephemeral: true, ...INLINE },
};

const TEMPLATE: Keep = { metadata: { labels: true }, spec: POD_SPEC };
const WORKLOAD_STATUS: Keep = {
  observedGeneration: true,
  replicas: true,
  updatedReplicas: true,
  conditions: CONDITIONS,
};
const WORKLOAD: Keep = {
  spec: {
    replicas: true,
    strategy: true,
    paused: true,
    parallelism: true,
    completions: true,
    suspend: true,
    concurrencyPolicy: true,
    selector: true,
    template: TEMPLATE,
    jobTemplate: { spec: { parallelism: true, completions: true, template: TEMPLATE } },
    volumeClaimTemplates: {
      metadata: { name: true },
      spec: { accessModes: true, storageClassName: true, volumeMode: true },
    },
  },
  status: WORKLOAD_STATUS,
};

/** What is kept of each kind beside its metadata: what the projection and the rules of `check` read. */
const KEPT: { readonly [K in DiagnosedKind]: { readonly [member: string]: Keep } } = {
  Pod: {
    spec: POD_SPEC,
    status: {
      phase: true,
      reason: true,
      conditions: CONDITIONS,
      initContainerStatuses: CONTAINER_STATUS,
      containerStatuses: CONTAINER_STATUS,
      ephemeralContainerStatuses: CONTAINER_STATUS,
    },
  },
  PersistentVolumeClaim: {
    spec: {
      accessModes: true,
      storageClassName: true,
      volumeMode: true,
      volumeName: true,
      selector: true,
      dataSource: true,
      dataSourceRef: true,
    },
    status: { phase: true, conditions: CONDITIONS },
  },
  PersistentVolume: {
    spec: {
      accessModes: true,
      storageClassName: true,
      volumeMode: true,
      persistentVolumeReclaimPolicy: true,
      nodeAffinity: true,
      claimRef: { namespace: true, name: true, uid: true },
      csi: { driver: true, volumeHandle: true, readOnly: true },
      flexVolume: { driver: true, readOnly: true },
      nfs: { readOnly: true },
      hostPath: { type: true },
      local: { fsType: true },
      cephfs: { readOnly: true },
      glusterfs: { readOnly: true },
      azureFile: { readOnly: true },
      quobyte: { readOnly: true },
      scaleIO: { readOnly: true },
      storageos: { readOnly: true },
      flocker: { readOnly: true },
      photonPersistentDisk: { readOnly: true },
      ...(INLINE as { readonly [member: string]: Keep }),
      // By which the CSI driver knows them.
      awsElasticBlockStore: { volumeID: true, readOnly: true },
      gcePersistentDisk: { pdName: true, readOnly: true },
      azureDisk: { diskURI: true, readOnly: true },
      cinder: { volumeID: true, readOnly: true },
      vsphereVolume: { volumePath: true },
      portworxVolume: { volumeID: true, readOnly: true },
    },
    status: { phase: true },
  },
  VolumeAttachment: {
    spec: { attacher: true, nodeName: true, source: { persistentVolumeName: true } },
    status: {
      attached: true,
      attachError: { message: true, time: true },
      detachError: { message: true, time: true },
    },
  },
  Node: {
    spec: { unschedulable: true, taints: true },
    status: { conditions: CONDITIONS, volumesAttached: { name: true }, volumesInUse: true },
  },
  Event: {
    involvedObject: { kind: true, namespace: true, name: true, uid: true },
    regarding: { kind: true, namespace: true, name: true, uid: true },
    type: true,
    reason: true,
    message: true,
    note: true,
    source: { component: true },
    reportingComponent: true,
    reportingController: true,
    firstTimestamp: true,
    lastTimestamp: true,
    eventTime: true,
    series: { lastObservedTime: true },
  },
  Deployment: WORKLOAD,
  ReplicaSet: WORKLOAD,
  StatefulSet: WORKLOAD,
  DaemonSet: WORKLOAD,
  Job: WORKLOAD,
  CronJob: WORKLOAD,
  HorizontalPodAutoscaler: {
    spec: { scaleTargetRef: true, minReplicas: true, maxReplicas: true },
    status: { currentReplicas: true, desiredReplicas: true },
  },
  StorageClass: { provisioner: true, volumeBindingMode: true, parameters: true },
  CSIDriver: { spec: { attachRequired: true } },
  CSINode: { spec: { drivers: { name: true } } },
  Lease: { spec: { renewTime: true, acquireTime: true } },
};

const METADATA: { readonly [member: string]: Keep } = {
  name: true,
  namespace: true,
  uid: true,
  resourceVersion: true,
  generation: true,
  creationTimestamp: true,
  deletionTimestamp: true,
  deletionGracePeriodSeconds: true,
  finalizers: true,
  labels: true,
  ownerReferences: { apiVersion: true, kind: true, name: true, uid: true, controller: true },
};

/** By whom and when the taints were written: most out-of-service taints do not say since when they are there. */
const NODE_METADATA: Keep = {
  ...METADATA,
  managedFields: { time: true, fieldsV1: { "f:spec": { "f:taints": {} } } },
};

/** Of annotations only those that a rule reads. */
const ANNOTATIONS: ReadonlySet<string> = new Set([
  "deployment.kubernetes.io/revision",
  "deployment.kubernetes.io/desired-replicas",
  "volume.kubernetes.io/storage-provisioner",
  "volume.beta.kubernetes.io/storage-provisioner",
  MIGRATED_TO,
  "volume.beta.kubernetes.io/storage-class",
  "storageclass.kubernetes.io/is-default-class",
  "storageclass.beta.kubernetes.io/is-default-class",
  "argocd.argoproj.io/tracking-id",
  "meta.helm.sh/release-name",
  "attachguard.dev/access-modes",
]);

/** Parameters of a StorageClass can name secrets; the rules read those only for what a driver can do. */
const SECRET_PARAMETER = /secret|password|token|key/i;

/**
 * The text of `--save`: what the rules read of every object, how completely each kind was read, and when. No
 * environment, no arguments, no annotations of others: fit for a ticket.
 *
 * @param sightings of attachments that may become stale with time, for `--since`
 */
export function savedFacts(
  readings: readonly RawReading[],
  { time, clusterUid }: Pick<Facts, "time" | "clusterUid">,
  sightings: readonly Sighting[],
): string {
  const document = {
    apiVersion: SAVED_API_VERSION,
    kind: SAVED_KIND,
    time: clock(time),
    clusterUid,
    readings: readings.map(({ kind, namespace, state, why, items }) => ({
      kind,
      namespace,
      state,
      why,
      items: items.filter(isRecord).map((item) => savedObject(kind, item)),
    })),
    sightings: sightings.map(({ uid, at }) => ({ uid, at: clock(at) })),
  };
  return `${JSON.stringify(document)}\n`;
}

/** The sightings in a file that `--save` wrote; empty for any other. */
export function savedSightings(values: readonly unknown[]): readonly Sighting[] {
  return values.flatMap((value) => {
    const saved = record(value);
    if (saved.kind !== SAVED_KIND) return [];
    return list(saved.sightings).flatMap((entry): Sighting[] => {
      const { uid, at } = record(entry);
      const time = timeOf(at);
      return typeof uid === "string" && time !== undefined ? [{ uid, at: time }] : [];
    });
  });
}

function savedObject(kind: DiagnosedKind, object: Raw): Raw {
  const metadata = record(object.metadata);
  const annotations = Object.entries(record(metadata.annotations)).filter(([key]) => ANNOTATIONS.has(key));
  const saved: Record<string, unknown> = {
    ...(typeof object.apiVersion === "string" ? { apiVersion: object.apiVersion } : {}),
    metadata: {
      ...(kept(metadata, kind === "Node" ? NODE_METADATA : METADATA) as Raw),
      ...(annotations.length === 0 ? {} : { annotations: Object.fromEntries(annotations) }),
    },
    ...(kept(object, KEPT[kind]) as Raw),
  };
  if (kind === "StorageClass" && saved.parameters !== undefined) {
    saved.parameters = Object.fromEntries(
      Object.entries(record(saved.parameters)).filter(([key]) => !SECRET_PARAMETER.test(key)),
    );
  }
  return saved;
}

function kept(value: unknown, keep: Keep): unknown {
  if (keep === true) return value;
  if (Array.isArray(value)) return list(value).map((item) => kept(item, keep));
  if (!isRecord(value)) return value;
  const result: Record<string, unknown> = {};
  for (const member of Object.keys(keep)) {
    if (!Object.hasOwn(value, member)) continue;
    result[member] = kept(value[member], keep[member] as Keep);
  }
  return result;
}
