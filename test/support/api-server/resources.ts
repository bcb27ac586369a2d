/** Where a real API server serves each kind; written down here once more so that a slip in src is noticed. */
export interface ServedKind {
  readonly kind: string;
  readonly apiVersion: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

const served = (kind: string, apiVersion: string, plural: string, namespaced: boolean): ServedKind => ({
  kind,
  apiVersion,
  plural,
  namespaced,
});

export const SERVED: readonly ServedKind[] = [
  served("Deployment", "apps/v1", "deployments", true),
  served("StatefulSet", "apps/v1", "statefulsets", true),
  served("DaemonSet", "apps/v1", "daemonsets", true),
  served("Job", "batch/v1", "jobs", true),
  served("CronJob", "batch/v1", "cronjobs", true),
  served("HorizontalPodAutoscaler", "autoscaling/v2", "horizontalpodautoscalers", true),
  served("PersistentVolumeClaim", "v1", "persistentvolumeclaims", true),
  served("PersistentVolume", "v1", "persistentvolumes", false),
  served("StorageClass", "storage.k8s.io/v1", "storageclasses", false),
  served("CSIDriver", "storage.k8s.io/v1", "csidrivers", false),
  served("Namespace", "v1", "namespaces", false),
  served("Node", "v1", "nodes", false),
  served("ReplicationController", "v1", "replicationcontrollers", true),
  served("Rollout", "argoproj.io/v1alpha1", "rollouts", true),
  served("ScaledObject", "keda.sh/v1alpha1", "scaledobjects", true),
  served("ScaledJob", "keda.sh/v1alpha1", "scaledjobs", true),
  served("DeploymentConfig", "apps.openshift.io/v1", "deploymentconfigs", true),
];

/** What is never followed, and read only by a command that looks once. */
export const READ_ONCE: readonly ServedKind[] = [
  served("Pod", "v1", "pods", true),
  served("ReplicaSet", "apps/v1", "replicasets", true),
  served("Event", "v1", "events", true),
  served("VolumeAttachment", "storage.k8s.io/v1", "volumeattachments", false),
  served("CSINode", "storage.k8s.io/v1", "csinodes", false),
  served("VolumeSnapshotClass", "snapshot.storage.k8s.io/v1", "volumesnapshotclasses", false),
];

/** APIs that only some clusters have. */
export const INSTALLABLE: ReadonlySet<string> = new Set([
  "argoproj.io/v1alpha1",
  "keda.sh/v1alpha1",
  "apps.openshift.io/v1",
  "snapshot.storage.k8s.io/v1",
]);

export function servedKind(kind: string): ServedKind {
  const found = [...SERVED, ...READ_ONCE].find((one) => one.kind === kind);
  if (found === undefined) throw new Error(`the double does not serve ${kind}`);
  return found;
}

/**
 * `/api/v1/namespaces/shop/persistentvolumeclaims/data` → its parts; `undefined` for a path that is not served.
 * `versions` names the plurals that this server has under another apiVersion.
 */
export function parsePath(
  path: string,
  versions: ReadonlyMap<string, string>,
): { kind: ServedKind; namespace: string; name: string } | undefined {
  const match =
    /^\/(?:api\/(v1)|apis\/([^/]+\/[^/]+))(?:\/namespaces\/([^/]+)(?=\/))?\/([^/]+)(?:\/([^/]+))?$/.exec(
      path,
    );
  if (match === null) return undefined;
  const [, core, grouped, namespace = "", plural = "", name = ""] = match;
  const kind = [...SERVED, ...READ_ONCE].find((one) => one.plural === plural);
  const apiVersion = core ?? grouped;
  if (kind === undefined || apiVersion === undefined) return undefined;
  if (apiVersion !== (versions.get(plural) ?? kind.apiVersion)) return undefined;
  return {
    kind: { ...kind, apiVersion },
    namespace: decodeURIComponent(namespace),
    name: decodeURIComponent(name),
  };
}
