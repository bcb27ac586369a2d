import { canonicalName } from "../../src/diagnose/attachment-rows.ts";

const PODS = 5000;
export const ATTACHMENTS = 2000;
const NODES = 200;
const DRIVER = "disk.example.com";

/** The text of a cluster's dump, as kubectl prints it: every pod with a claim of its own, the first ones with an attachment; one claim shared by many. */
export function largeDump(): string {
  const created = "2026-01-01T00:00:00Z";
  const meta = (name: string, namespace?: string, rest = {}) => ({
    name,
    ...(namespace === undefined ? {} : { namespace }),
    uid: `${namespace ?? ""}-${name}`,
    resourceVersion: "1",
    creationTimestamp: created,
    ...rest,
  });
  const items: unknown[] = [];
  for (let n = 0; n < NODES; n += 1) {
    const attached = Array.from(
      { length: ATTACHMENTS / NODES },
      (_, index) => `kubernetes.io/csi/${DRIVER}^vol-${index * NODES + n}`,
    );
    items.push({
      apiVersion: "v1",
      kind: "Node",
      metadata: meta(`node-${n}`, undefined, { labels: { "kubernetes.io/hostname": `node-${n}` } }),
      spec: {},
      status: {
        conditions: [{ type: "Ready", status: "True", lastTransitionTime: created }],
        volumesAttached: attached.map((name) => ({ name, devicePath: "" })),
        volumesInUse: attached,
      },
    });
  }
  for (let n = 0; n < PODS; n += 1) {
    const namespace = `ns-${n % 50}`;
    const shared = n % 5 === 4;
    const claimName = shared ? "shared" : `data-${n}`;
    const mounts = n < ATTACHMENTS * 1.25;
    const node = `node-${n % NODES}`;
    items.push({
      apiVersion: "v1",
      kind: "Pod",
      metadata: meta(`pod-${n}`, namespace, { labels: { app: `app-${n}` } }),
      spec: {
        nodeName: node,
        containers: [
          {
            name: "app",
            image: "registry.example/app:1",
            resources: { requests: { cpu: "1" } },
            env: Array.from({ length: 10 }, (_, index) => ({
              name: `SETTING_${index}`,
              value: `value ${index} of ${n}`,
            })),
            readinessProbe: {
              httpGet: { path: "/ready", port: 8080, scheme: "HTTP" },
              periodSeconds: 10,
              timeoutSeconds: 1,
              failureThreshold: 3,
              successThreshold: 1,
            },
            volumeMounts: [{ name: "data", mountPath: "/data" }],
          },
        ],
        dnsPolicy: "ClusterFirst",
        restartPolicy: "Always",
        schedulerName: "default-scheduler",
        serviceAccountName: "default",
        securityContext: {},
        terminationGracePeriodSeconds: 30,
        tolerations: [
          {
            key: "node.kubernetes.io/unreachable",
            operator: "Exists",
            effect: "NoExecute",
            tolerationSeconds: 300,
          },
        ],
        volumes: mounts ? [{ name: "data", persistentVolumeClaim: { claimName } }] : [],
      },
      status: {
        phase: "Running",
        conditions: ["PodScheduled", "Initialized", "ContainersReady", "Ready"].map((type) => ({
          type,
          status: "True",
          lastTransitionTime: created,
        })),
        containerStatuses: [
          {
            name: "app",
            image: "registry.example/app:1",
            ready: true,
            restartCount: 0,
            state: { running: { startedAt: created } },
          },
        ],
      },
    });
    if (shared || n >= ATTACHMENTS * 1.25) continue;
    items.push({
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: meta(claimName, namespace),
      spec: { accessModes: ["ReadWriteOnce"], volumeName: `pv-${n}` },
      status: { phase: "Bound" },
    });
    items.push({
      apiVersion: "v1",
      kind: "PersistentVolume",
      metadata: meta(`pv-${n}`),
      spec: {
        accessModes: ["ReadWriteOnce"],
        claimRef: { namespace, name: claimName },
        csi: { driver: DRIVER, volumeHandle: `vol-${n}` },
      },
      status: { phase: "Bound" },
    });
    items.push({
      apiVersion: "storage.k8s.io/v1",
      kind: "VolumeAttachment",
      metadata: meta(canonicalName(`vol-${n}`, DRIVER, node)),
      spec: { attacher: DRIVER, nodeName: node, source: { persistentVolumeName: `pv-${n}` } },
      status: { attached: true },
    });
  }
  // As kubectl prints it.
  return JSON.stringify({ apiVersion: "v1", kind: "List", metadata: {}, items }, null, 4);
}
