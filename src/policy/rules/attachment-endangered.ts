import { clusterObjects } from "./cluster-example.ts";
import { attachmentRule } from "./rule.ts";

export const attachmentEndangered = attachmentRule({
  id: "attachment-endangered",
  title: "A disk is being taken away from a pod, or is on two nodes",
  severity: "error",
  subject: "attachment",
  when: "A detach ordered while a pod uses the volume; a running pod without its attachment; one disk attached to two nodes that both have a user or have it mounted; a node that is Ready again and still has a volume mounted that was detached from it by force. An error where a container runs and a second look 15 s later confirms it; a warning where it was seen only once, as in a dump.",
  meaning:
    "A program writes to a disk that it no longer has, or two write to one: files may already be damaged, and each minute makes it worse.",
  cause:
    "Somebody deleted the VolumeAttachment of a running pod (common advice), removed its finalizer, or marked a node as out of service while its machine was still on.",
  ways: [
    "`attachguard diagnose` names the pods: stop those that must not write, wait until every attachment of the volume is gone, check the data, then start one.",
    "A node that still has the volume mounted: cordon it and reboot its machine before anything runs there.",
    "Never delete the attachment of a running pod, and never set the out-of-service taint before the machine is off.",
  ],
  sources: [
    "kubernetes: pkg/controller/volume/attachdetach/reconciler/reconciler.go",
    "kubernetes-csi/external-attacher: pkg/controller/csi_handler.go",
    "kubernetes#124398: only the controller may mark attachments for deletion",
  ],
  examples: {
    fail: clusterObjects({ attachmentOn: null, podOn: "worker-1" }),
    pass: clusterObjects({ attachmentOn: "worker-1", podOn: "worker-1" }),
  },

  judge({ state, danger, runs, confirmed }) {
    if (danger !== null) return { severity: confirmed && runs ? "error" : "warning", why: "" };
    // Ordered under a pod that has not started: no data is at risk yet, and a race of seconds more often than not.
    if (state === "detach-ordered-under-pod" && !confirmed) return { severity: "warning", why: "" };
    return null;
  },
});
