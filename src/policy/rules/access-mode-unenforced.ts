import { countField } from "../field.ts";
import { claim, deployment, manifests } from "./example.ts";
import { contested, nameClaims, workloadRule } from "./rule.ts";

/** A claim and the NFS volume that it is bound to, both of one mode. */
function share(mode: string): readonly string[] {
  const volume = `apiVersion: v1
kind: PersistentVolume
metadata:
  name: share
spec:
  accessModes: [${mode}]
  capacity: {storage: 1Gi}
  nfs: {server: nfs.example.com, path: /share}
`;
  return [claim({ mode, spec: ['storageClassName: ""', "volumeName: share"] }), volume];
}

export const accessModeUnenforced = workloadRule({
  id: "access-mode-unenforced",
  title: "Nothing enforces ReadWriteOnce on this volume",
  severity: "warning",
  subject: "workload",
  moments: ["steady"],
  when: "A ReadWriteOnce claim on a volume without an attach step, and more than one pod, not proved to be on one node.",
  meaning:
    "Several nodes will mount the volume for writing at once. No error is raised; an application that relies on being the only writer may damage its data, and with host paths each node has a directory of its own.",
  cause:
    "ReadWriteOnce is enforced by attaching a volume to one node. Storage without an attach step (NFS, host paths, drivers with `attachRequired: false`) has no such gate, so the access mode is only a label.",
  fixes: ["one-replica", "autoscaler-max-one", "same-node-affinity", "rwx-claim"],
  sources: ["kubernetes: pkg/volume/csi/csi_plugin.go (skip attach)", "docs/semantics.md S5"],
  examples: {
    fail: manifests(deployment({ spec: ["replicas: 2"] }), ...share("ReadWriteOnce")),
    pass: manifests(deployment({ spec: ["replicas: 2"] }), ...share("ReadWriteMany")),
  },

  judge(situation) {
    const open = contested(situation, "steady", "unenforced");
    if (open.length === 0) return null;
    const { workload, steady } = situation;
    const { overlap } = steady;
    return {
      soft: false,
      claims: open,
      decidedBy: overlap.byWorkload
        ? countField(workload)
        : (overlap.byAutoscalers[0]?.maximum ?? countField(workload)),
      problem: `will mount ReadWriteOnce ${nameClaims(open)} on several nodes at once, and nothing stops it`,
      brief: `several nodes will mount RWO ${nameClaims(open)}, nothing enforces the mode`,
      evidence: [],
      degree: overlap.count ?? 0,
      byAutoscaler: overlap.byAutoscalers.length > 0,
    };
  },
});
