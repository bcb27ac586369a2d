/** Raw Kubernetes objects for table tests, each with only what the case needs. */

type Raw = Readonly<Record<string, unknown>>;

interface Pod {
  readonly labels?: Raw;
  readonly annotations?: Raw;
  /** Claims to mount; `data` when not given. */
  readonly claims?: readonly string[];
  /** Further fields of the pod's spec. */
  readonly spec?: Raw;
}

/** A pod template that mounts claims. */
export function template({
  labels = { app: "web" },
  annotations,
  claims = ["data"],
  spec = {},
}: Pod = {}): Raw {
  return {
    metadata: { labels, ...(annotations && { annotations }) },
    spec: {
      containers: [
        {
          name: "main",
          image: "example.com/web",
          volumeMounts: claims.map((claim, at) => ({ name: `v${at}`, mountPath: `/${claim}` })),
        },
      ],
      volumes: claims.map((claim, at) => ({ name: `v${at}`, persistentVolumeClaim: { claimName: claim } })),
      ...spec,
    },
  };
}

interface Named extends Pod {
  readonly name?: string;
  readonly namespace?: string;
  readonly annotationsOnObject?: Raw;
  /** Fields of the workload's spec, beside the template. */
  readonly workload?: Raw;
  readonly status?: Raw;
}

function workload(apiVersion: string, kind: string, of: Named): Raw {
  const { name = "web", namespace = "shop", annotationsOnObject, workload: spec = {}, status } = of;
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      namespace,
      uid: `uid-${name}`,
      ...(annotationsOnObject && { annotations: annotationsOnObject }),
    },
    spec: { ...spec, template: template(of) },
    ...(status && { status }),
  };
}

export const deployment = (of: Named = {}): Raw => workload("apps/v1", "Deployment", of);
export const statefulSet = (of: Named = {}): Raw => workload("apps/v1", "StatefulSet", of);
export const daemonSet = (of: Named = {}): Raw => workload("apps/v1", "DaemonSet", of);
export const job = (of: Named = {}): Raw => workload("batch/v1", "Job", of);

export function pod(of: Named = {}): Raw {
  const { name = "web", namespace = "shop", status } = of;
  const { metadata, spec } = template(of) as { metadata: Raw; spec: Raw };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { ...metadata, name, namespace },
    spec,
    ...(status && { status }),
  };
}

export function claim(
  of: { name?: string; namespace?: string; modes?: readonly string[]; spec?: Raw } = {},
): Raw {
  const { name = "data", namespace = "shop", modes = ["ReadWriteOnce"], spec = {} } = of;
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name, namespace },
    spec: { accessModes: modes, storageClassName: "gp3", ...spec },
  };
}

/** A volume bound to the claim `data` of `shop`. */
export function volume(of: { name?: string; modes?: readonly string[]; spec?: Raw } = {}): Raw {
  const {
    name = "pv-data",
    modes = ["ReadWriteOnce"],
    spec = { csi: { driver: "ebs.csi.aws.com", volumeHandle: "vol-1" } },
  } = of;
  return {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name },
    spec: {
      accessModes: modes,
      storageClassName: "gp3",
      claimRef: { namespace: "shop", name: "data" },
      ...spec,
    },
  };
}

export function autoscaler(of: { name?: string; max: number; min?: number; target?: string }): Raw {
  const { name = "web", max, min = 1, target = "web" } = of;
  return {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { name, namespace: "shop" },
    spec: {
      minReplicas: min,
      maxReplicas: max,
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: target },
    },
  };
}

export const storageClass: Raw = {
  apiVersion: "storage.k8s.io/v1",
  kind: "StorageClass",
  metadata: { name: "gp3", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
  provisioner: "ebs.csi.aws.com",
  volumeBindingMode: "WaitForFirstConsumer",
};

export function node(name: string, labels: Raw = {}, spec: Raw = {}): Raw {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, labels: { "kubernetes.io/hostname": name, ...labels } },
    spec,
  };
}

/** Required pod affinity on the host to pods with these labels. */
export function sameNode(matchLabels: Raw, more: Raw = {}): Raw {
  return {
    affinity: {
      podAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          { labelSelector: { matchLabels }, topologyKey: "kubernetes.io/hostname", ...more },
        ],
      },
    },
  };
}

/** Several objects as the text of one file. */
export function file(...objects: readonly Raw[]): string {
  return objects.map((object) => JSON.stringify(object)).join("\n---\n");
}

export const replicationController = (of: Named = {}): Raw => workload("v1", "ReplicationController", of);
export const rollout = (of: Named = {}): Raw => workload("argoproj.io/v1alpha1", "Rollout", of);
export const deploymentConfig = (of: Named = {}): Raw =>
  workload("apps.openshift.io/v1", "DeploymentConfig", of);

/** An Argo Rollout that uses the pod template of the Deployment of its name. */
export function borrowingRollout(of: {
  readonly scaleDown?: string;
  readonly workload?: Raw;
  readonly status?: Raw;
}): Raw {
  const { scaleDown, workload: spec, status } = of;
  const workloadRef = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    name: "web",
    ...(scaleDown && { scaleDown }),
  };
  return {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "Rollout",
    metadata: { name: "web-rollout", namespace: "shop" },
    spec: { workloadRef, strategy: { canary: {} }, ...spec },
    ...(status && { status }),
  };
}

export function scaledObject(
  of: { readonly spec?: Raw; readonly annotations?: Raw; readonly uid?: string } = {},
): Raw {
  const { spec = {}, annotations, uid = "uid-scaled-object" } = of;
  return {
    apiVersion: "keda.sh/v1alpha1",
    kind: "ScaledObject",
    metadata: { name: "web", namespace: "shop", uid, ...(annotations && { annotations }) },
    spec: { scaleTargetRef: { name: "web" }, ...spec },
  };
}

export function scaledJob(spec: Raw = {}, jobSpec: Raw = {}): Raw {
  return {
    apiVersion: "keda.sh/v1alpha1",
    kind: "ScaledJob",
    metadata: { name: "web", namespace: "shop" },
    spec: { jobTargetRef: { template: template(), ...jobSpec }, ...spec },
  };
}

/** As KEDA makes it of `scaledObject()`. */
export function autoscalerOfKeda(of: {
  readonly max: number;
  readonly min?: number;
  readonly uid?: string;
}): Raw {
  const { max, min, uid = "uid-scaled-object" } = of;
  const made = autoscaler({ name: "keda-hpa-web", max, ...(min === undefined ? {} : { min }) });
  const ownerReferences = [
    { apiVersion: "keda.sh/v1alpha1", kind: "ScaledObject", name: "web", uid, controller: true },
  ];
  return { ...made, metadata: { ...(made.metadata as Raw), ownerReferences } };
}
