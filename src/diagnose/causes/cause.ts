import type { AttachmentState } from "../../policy/attachments.ts";
import type { Answer, Unseen } from "../answer.ts";
import type { JudgedAttachment } from "../attachment-rows.ts";
import type { Avoid } from "../diagnosis.ts";
import type { Inquiry } from "../inquiry.ts";
import type { PodCase } from "../pod-case.ts";
import type { Stage } from "../pods.ts";

/**
 * One row of the table of causes. `judge` gives the answer where its signs are there, `unseen` where they may be
 * there but a kind was not read, and undefined where they are not.
 */
export interface Cause {
  /** D1 to D23, R3, or a word for a row without a number. */
  readonly row: string;
  /** How far a pod must have come for it; everywhere else its signs cannot be there. */
  readonly stages: readonly Stage[];
  /** True where the pod or its claim shows it, whoever has its volumes. */
  readonly isShownByItself?: boolean;
  readonly judge: (c: PodCase, inquiry: Inquiry) => Answer | Unseen | undefined;
}

/** The stages in which another pod's use of a volume keeps a pod waiting. */
export const WAITING: readonly Stage[] = ["unscheduled", "creating"];

export function blockerIn(c: PodCase, ...states: readonly AttachmentState[]): JudgedAttachment | undefined {
  return c.blockers.find(({ state }) => states.includes(state));
}

export const NEVER_DELETE_ATTACHMENT: Avoid = {
  id: "delete-attachment",
  why: "18 of 18 tries took the disk from a running pod",
};

export const DELETED_ALREADY: Avoid = {
  id: "delete-attachment",
  why: "it is being deleted already, once more changes nothing",
};

export const MOUNTED_STILL: Avoid = {
  id: "delete-attachment",
  why: "the disk would go while it is mounted",
};

export const NOT_BEFORE_OFF: Avoid = {
  id: "delete-attachment",
  why: "the dead pod brings it back (9 of 11 tries)",
};

export const KEEP_FINALIZER: Avoid = {
  id: "remove-finalizer",
  why: "nothing is detached, one disk may be on two nodes",
};

export const KEEP_OLD_POD: Avoid = {
  id: "delete-old-pod",
  why: "its ReplicaSet makes another, a race for the disk",
};
