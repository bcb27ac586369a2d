import { answer, type Unseen } from "../answer.ts";
import { needsAttachment } from "../dangers.ts";
import type { Inquiry } from "../inquiry.ts";
import type { PodCase } from "../pod-case.ts";
import { wantsVolumes } from "../pods.ts";
import type { Cause } from "./cause.ts";

/** D20, where everything that could say otherwise was read. */
export const healthy: Cause = {
  row: "D20",
  stages: ["finished", "terminating", "running"],
  judge: (c, inquiry) => {
    const { pod, stage } = c;
    if (stage === "finished" || (stage === "terminating" && !wantsVolumes(pod))) {
      const kept = stage === "terminating" || pod.deletedAt !== undefined;
      return answer({
        cause: "healthy",
        state: "healthy",
        volume: false,
        text: `${pod.name} has ended and holds no volume${kept && pod.finalizers.length > 0 ? `; only its finalizer ${pod.finalizers[0]} keeps the object` : ""}.`,
        since: undefined,
        byItself: "yes",
      });
    }
    if (stage === "terminating") return undefined;
    const unread = unseenOf(c, inquiry);
    if (unread !== undefined) return unread;
    return answer({
      cause: "healthy",
      state: "healthy",
      volume: false,
      text:
        c.uses.length === 0
          ? `${pod.name} runs on ${pod.nodeName}; it has no claim.`
          : `${pod.name} runs on ${pod.nodeName}, where its volume is.`,
      since: undefined,
      byItself: "yes",
    });
  },
};

function unseenOf({ pod, uses }: PodCase, inquiry: Inquiry): Unseen | undefined {
  const node = inquiry.picture.find("Node", "", pod.nodeName ?? "");
  if (node.is === "unread") return { unseen: node.unread };
  for (const { claim, volume, disk } of uses) {
    if (claim.is === "unread") return { unseen: claim.unread };
    if (volume?.is === "unread") return { unseen: volume.unread };
    if (disk === undefined || needsAttachment(disk, inquiry.picture) === false) continue;
    const { unread } = inquiry.dangersOf(disk);
    if (unread !== undefined) return { unseen: unread };
  }
  return undefined;
}
