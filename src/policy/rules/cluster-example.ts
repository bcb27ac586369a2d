/** Objects of a cluster on the pages of the rules about attachments: one disk, a node, and who has it. */

const ATTACHMENT = "csi-556f64921fe3dbd91e0c3efbf5064778b5f1db8b5a407a1ebd928dd4eef74841";
const MADE = "2026-01-01T00:00:00Z";

interface Parts {
  /** The node that a VolumeAttachment names; null: there is none. */
  readonly attachmentOn: string | null;
  /** The node of a running pod that uses the volume; null: there is none. */
  readonly podOn: string | null;
}

/** YAML documents, an hour after they were made. */
export function clusterObjects({ attachmentOn, podOn }: Parts): string {
  return [
    [
      "apiVersion: v1",
      "kind: PersistentVolume",
      "metadata: {name: pv-1}",
      "spec:",
      "  accessModes: [ReadWriteOnce]",
      "  claimRef: {namespace: shop, name: data}",
      "  csi: {driver: disk.csi.example, volumeHandle: vol-1}",
      "status: {phase: Bound}",
    ],
    [
      "apiVersion: v1",
      "kind: PersistentVolumeClaim",
      "metadata: {namespace: shop, name: data}",
      "spec: {accessModes: [ReadWriteOnce], volumeName: pv-1}",
      "status: {phase: Bound}",
    ],
    [
      "apiVersion: v1",
      "kind: Node",
      "metadata: {name: worker-1}",
      "status:",
      `  conditions: [{type: Ready, status: "True", lastTransitionTime: "${MADE}", lastHeartbeatTime: "2026-01-01T01:00:00Z"}]`,
      ...(podOn === null || attachmentOn === null
        ? []
        : ["  volumesAttached: [{name: kubernetes.io/csi/disk.csi.example^vol-1}]"]),
      ...(podOn === null ? [] : ["  volumesInUse: [kubernetes.io/csi/disk.csi.example^vol-1]"]),
    ],
    [
      "apiVersion: storage.k8s.io/v1",
      "kind: CSIDriver",
      "metadata: {name: disk.csi.example}",
      "spec: {attachRequired: true}",
    ],
    ...(attachmentOn === null
      ? []
      : [
          [
            "apiVersion: storage.k8s.io/v1",
            "kind: VolumeAttachment",
            "metadata:",
            `  name: ${ATTACHMENT}`,
            `  creationTimestamp: "${MADE}"`,
            "spec:",
            "  attacher: disk.csi.example",
            `  nodeName: ${attachmentOn}`,
            "  source: {persistentVolumeName: pv-1}",
            "status: {attached: true}",
          ],
        ]),
    ...(podOn === null
      ? []
      : [
          [
            "apiVersion: v1",
            "kind: Pod",
            "metadata: {namespace: shop, name: web}",
            "spec:",
            `  nodeName: ${podOn}`,
            "  containers: [{name: web, image: example.com/web, volumeMounts: [{name: data, mountPath: /data}]}]",
            "  volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]",
            "status:",
            "  phase: Running",
            `  containerStatuses: [{name: web, state: {running: {startedAt: "${MADE}"}}}]`,
          ],
        ]),
  ]
    .map((lines) => `${lines.join("\n")}\n`)
    .join("---\n");
}
