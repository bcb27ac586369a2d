import { type Answer, isUnseen, type Unseen, unknownAnswer } from "./answer.ts";
import { attachFails, mountFails, starting } from "./causes/attach.ts";
import { type Cause, WAITING } from "./causes/cause.ts";
import { claimNotUsable } from "./causes/claim.ts";
import { danger } from "./causes/danger.ts";
import { heldByDeadPod, nodeDeleted, nodeNotReady, waitingForForcedDetach } from "./causes/dead-node.ts";
import { detachDue, detachOrdered, leftover, oldPodTerminating } from "./causes/detach.ts";
import { healthy } from "./causes/healthy.ts";
import { inUse } from "./causes/in-use.ts";
import { withLikely } from "./causes/likely.ts";
import { endsWithoutClaim, failing, notReady, otherVolume } from "./causes/own-fault.ts";
import { noNodeForTheVolume, notPlaced } from "./causes/place.ts";
import type { Inquiry } from "./inquiry.ts";
import type { Unread } from "./picture.ts";
import type { PodCase } from "./pod-case.ts";
import { STAGES, type Stage } from "./pods.ts";

/** A holder whose state cannot be determined could be any of the rows below it. */
const unknownHolder: Cause = {
  row: "unknown",
  stages: WAITING,
  judge: ({ blockers }) => {
    const unread = blockers.find(({ state }) => state === "unknown")?.unread;
    return unread === undefined ? undefined : { unseen: unread };
  },
};

/** The holder of the volume may not be in sight at all. */
const unreadUse: Cause = {
  row: "unknown",
  stages: WAITING,
  judge: ({ unread, blockers }) =>
    unread !== undefined && blockers.length === 0 ? { unseen: unread } : undefined,
};

/** `attachments.md`, section 9, in the order in which one wins over another: the first that has an answer. */
const CAUSES: readonly Cause[] = [
  danger,
  heldByDeadPod,
  nodeNotReady,
  waitingForForcedDetach,
  nodeDeleted,
  claimNotUsable,
  failing,
  unknownHolder,
  inUse,
  oldPodTerminating,
  endsWithoutClaim,
  detachOrdered,
  leftover,
  detachDue,
  unreadUse,
  noNodeForTheVolume,
  notPlaced,
  otherVolume,
  attachFails,
  mountFails,
  starting,
  notReady,
  healthy,
];

/** The same by stage: nearly every pod of a cluster runs, and for those few rows are left. */
const CAUSES_OF: ReadonlyMap<Stage, readonly Cause[]> = new Map(
  STAGES.map((stage) => [stage, CAUSES.filter(({ stages }) => stages.includes(stage))]),
);

/**
 * A row counts only where none above it can be hidden in what was not read: the first that applies wins. What a pod or
 * its claim shows about itself is reported all the same, as long as there is nothing to type.
 */
function unseenBefore(
  { isShownByItself = false }: Cause,
  { steps, state }: Answer,
  c: PodCase,
  inquiry: Inquiry,
): Unseen | undefined {
  if (state === "endangered" || state === "unknown") return undefined;
  if (isShownByItself && steps.every(({ commands }) => commands.length === 0)) return undefined;
  const unread = unreadAround(c, inquiry);
  return unread === undefined ? undefined : { unseen: unread };
}

/** What would have to be read before it is known who has the volumes of a pod, and whether its own node works. */
function unreadAround({ pod, uses, stage }: PodCase, inquiry: Inquiry): Unread | undefined {
  if (stage === "finished") return undefined;
  for (const { claim, volume, disk } of uses) {
    if (claim.is === "unread") return claim.unread;
    if (volume?.is === "unread") return volume.unread;
    const unread = disk === undefined ? undefined : inquiry.dangersOf(disk).unread;
    if (unread !== undefined) return unread;
  }
  const node = pod.nodeName === undefined ? undefined : inquiry.picture.find("Node", "", pod.nodeName);
  return node?.is === "unread" ? node.unread : undefined;
}

/** What is to be said about one pod. */
export function judgePod(c: PodCase, inquiry: Inquiry): Answer {
  for (const cause of CAUSES_OF.get(c.stage) ?? []) {
    const judged = cause.judge(c, inquiry);
    if (judged === undefined) continue;
    const found = isUnseen(judged) ? judged : (unseenBefore(cause, judged, c, inquiry) ?? judged);
    return isUnseen(found)
      ? withLikely(unknownAnswer(found.unseen, inquiry.waitingSince(c.pod)), c, inquiry)
      : found;
  }
  const unread = c.unread ?? inquiry.picture.unread("Node") ?? inquiry.picture.unread("VolumeAttachment");
  const since = inquiry.waitingSince(c.pod);
  if (unread !== undefined) return withLikely(unknownAnswer(unread, since), c, inquiry);
  return {
    ...unknownAnswer({ kind: "Pod", namespace: null, why: "" }, since),
    text: `What ${c.pod.name} waits for is none of the states that are known here.`,
  };
}
