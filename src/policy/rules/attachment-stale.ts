import type { AttachmentState } from "../attachments.ts";
import { clusterObjects } from "./cluster-example.ts";
import { attachmentRule } from "./rule.ts";

const MINUTE = 60_000;

/** The controllers may be working on it: nothing younger is reported. */
const YOUNGEST = MINUTE;

/**
 * A forced detach takes six minutes from a moment that nobody can see; what is unchanged for this long will not happen.
 */
const SIGHTINGS_APART = 10 * MINUTE;

/** States that nothing in the cluster will ever end (R2, R8, R11). */
const LEFT_OVER: { readonly [state in AttachmentState]?: string } = {
  "volume-gone": "its PersistentVolume is gone, so that it holds nothing and cannot be detached either",
  "foreign-name": "the controller looks for another name, so that it will never remove it",
  stale: "no pod uses it, and neither the controller nor the node knows it",
};

/** States that can end by themselves (R12, R13): left over only where two looks saw the same. */
const LEFT_OVER_LATER: { readonly [state in AttachmentState]?: string } = {
  "forced-detach-pending": "no pod uses it, its node is not Ready",
  "node-gone": "no pod uses it, its node is gone",
};

export const attachmentStale = attachmentRule({
  id: "attachment-stale",
  title: "An attachment that nobody uses and nobody will remove",
  severity: "warning",
  subject: "attachment",
  when: "A VolumeAttachment older than 60 s that no pod uses and no controller will remove: its PersistentVolume is gone, its name is not the one that the controller looks for, or neither the controller nor the node's kubelet knows it. Where its node is gone or not Ready, only after it was seen twice, at least ten minutes apart. Never one in use, and never where a kind that this depends on was not read.",
  meaning:
    "The volume counts as attached to that node, so the driver refuses it to every other node: pods that need it there wait forever.",
  cause:
    "Attachments restored from a backup or created by hand, a node that was deleted while the controller was down, a forced detach that is switched off, a finalizer that nobody removes any more.",
  ways: [
    "`attachguard diagnose` names the pods that wait, what to type and in which order, and the questions to answer first: is the machine off, does the storage backend agree?",
    "Deleting an attachment orders a detach that nothing checks: never do it without running that command first.",
    "Never restore VolumeAttachments from a backup, and drain a node before it is deleted.",
  ],
  sources: [
    "kubernetes: pkg/controller/volume/attachdetach/attach_detach_controller.go, processVolumeAttachments",
    "kubernetes: pkg/volume/csi/csi_attacher.go, getAttachmentName",
    "kubernetes-csi/external-attacher: pkg/controller/csi_handler.go",
  ],
  examples: {
    fail: clusterObjects({ attachmentOn: "worker-1", podOn: null }),
    pass: clusterObjects({ attachmentOn: "worker-1", podOn: "worker-1" }),
  },

  judge({ state, age, unchangedFor }) {
    if (age === undefined || age < YOUNGEST) return null;
    const unchanged = unchangedFor !== undefined && unchangedFor >= SIGHTINGS_APART;
    const why = LEFT_OVER[state] ?? (unchanged ? LEFT_OVER_LATER[state] : undefined);
    return why === undefined ? null : { severity: "warning", why };
  },
});
