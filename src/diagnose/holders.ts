import { compare } from "../policy/compare.ts";
import type { Holder } from "./diagnosis.ts";
import type { Inquiry } from "./inquiry.ts";
import type { Disk } from "./picture.ts";
import { isWaiting, wantsVolumes } from "./pods.ts";

/**
 * Who has a disk: every pod that uses an attachment, the attachment alone where no pod does, pods that use it without
 * an attachment, and a node that only still has it mounted.
 */
export function holdersOf(disk: Disk, inquiry: Inquiry): readonly Holder[] {
  const { picture } = inquiry;
  const holders: Holder[] = [];
  const namespace = disk.claims[0]?.namespace ?? disk.volumes[0]?.claim?.namespace ?? "";
  const here = new Set<string>();
  for (const { attachment, users, nodeState, isDeleting } of inquiry.attachmentsOf(disk)) {
    if (!attachment.attached && !isDeleting) continue;
    const { nodeName: node, name } = attachment;
    here.add(node);
    for (const user of users)
      holders.push({ namespace: user.namespace, pod: user.name, node, nodeState, attachment: name });
    if (users.length === 0) holders.push({ namespace, pod: null, node, nodeState, attachment: name });
  }
  for (const pod of disk.pods) {
    const { nodeName: node } = pod;
    if (node === undefined || here.has(node) || !wantsVolumes(pod) || isWaiting(pod)) continue;
    const nodeState = picture.nodeState(node);
    holders.push({ namespace: pod.namespace, pod: pod.name, node, nodeState, attachment: null });
  }
  for (const { row, node } of inquiry.dangersOf(disk).told) {
    if (row === "R16") holders.push({ namespace, pod: null, node, nodeState: "ready", attachment: null });
  }
  return holders.toSorted((a, b) => compare(keyOf(a), keyOf(b)));
}

function keyOf({ namespace, node, pod, attachment }: Holder): string {
  return [pod === null ? "1" : "0", namespace, pod, node, attachment].join(" ");
}
