/** A Deployment that mounts the claim `data`, and the claim. */
export const DEPLOYMENT = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", namespace: "shop" },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: "web" } },
    strategy: { type: "RollingUpdate" },
    template: {
      metadata: { labels: { app: "web" } },
      spec: {
        containers: [{ name: "web", image: "web:1", volumeMounts: [{ name: "data", mountPath: "/data" }] }],
        volumes: [{ name: "data", persistentVolumeClaim: { claimName: "data" } }],
      },
    },
  },
};

export const CLAIM = {
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  metadata: { name: "data", namespace: "shop" },
  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
};

/** The Deployment with something else in its spec. */
export function deploymentWith(spec: Readonly<Record<string, unknown>>) {
  return { ...DEPLOYMENT, spec: { ...DEPLOYMENT.spec, ...spec } };
}

/** The AdmissionReview of an object that is written. */
export function reviewOf(object: object, oldObject: object | null = null) {
  return {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: {
      uid: "7b6c2f0e-21a5-4d0c-9a54-5b3a2f1f0d10",
      kind: { group: "apps", version: "v1", kind: "Deployment" },
      resource: { group: "apps", version: "v1", resource: "deployments" },
      operation: oldObject === null ? "CREATE" : "UPDATE",
      name: "web",
      namespace: "shop",
      userInfo: { username: "somebody", groups: [] },
      dryRun: false,
      object,
      oldObject,
    },
  };
}
