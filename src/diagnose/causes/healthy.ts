import { type Answer, answer, type Unseen } from "../answer.ts";
import { needsAttachment } from "../dangers.ts";
import type { Inquiry } from "../inquiry.ts";
import type { PodCase } from "../pod-case.ts";
import { wantsVolumes } from "../pods.ts";
import { BACK_END_AGREES, lookAtBackEnd } from "../steps.ts";
import { type Cause, NEVER_DELETE_ATTACHMENT } from "./cause.ts";

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
    const lacking = notAttached(c, inquiry);
    if (lacking !== undefined) return lacking;
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

/** A16f: for the controller such an attachment is none, whatever runs. */
function notAttached({ pod, uses }: PodCase, inquiry: Inquiry): Answer | undefined {
  for (const { disk } of uses) {
    const own = disk?.attachments.find(({ nodeName }) => nodeName === pod.nodeName);
    if (disk === undefined || own === undefined || own.attached || own.deletedAt !== undefined) continue;
    return answer({
      cause: "unknown",
      state: "unknown",
      volume: true,
      text: `${pod.name} runs on ${pod.nodeName}, though attachment ${own.name} says that its volume is not attached there.${own.attachError === undefined ? "" : ` The driver says: "${own.attachError.text}"`}`,
      since: undefined,
      disk,
      questions: [BACK_END_AGREES],
      steps: [lookAtBackEnd(disk, inquiry)],
      avoid: [NEVER_DELETE_ATTACHMENT],
    });
  }
  return undefined;
}

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
