/** Attachments.md, R1 to R13 in this order, and what cannot be determined. */
export const ATTACHMENT_STATES = [
  "attempt",
  "volume-gone",
  "detach-ordered-under-pod",
  "in-use",
  "being-released",
  "held-by-dead-pod",
  "detaching",
  "foreign-name",
  "detach-about-to-come",
  "forgotten-but-mounted",
  "stale",
  "forced-detach-pending",
  "node-gone",
  "unknown",
] as const;
export type AttachmentState = (typeof ATTACHMENT_STATES)[number];

/** What is at risk: a detach ordered under a pod (R3), a disk taken away (R14), on two nodes (R15), still mounted (R16). */
export type DangerRow = "R3" | "R14" | "R15" | "R16";

/** What the rules about attachments decide from; the caller works it out. */
export interface AttachmentSituation {
  readonly state: AttachmentState;
  /** Milliseconds since the attachment was made, at least; undefined where that is not known. */
  readonly age: number | undefined;
  /** Milliseconds since an earlier look saw the same attachment (by uid) in the same state; undefined without one. */
  readonly unchangedFor: number | undefined;
  /** The danger that is reported, if there is one. */
  readonly danger: DangerRow | null;
  /** True where a container of a pod that uses the volume runs. */
  readonly runs: boolean;
  /** True where a second look, 15 s after the first, saw the same. */
  readonly confirmed: boolean;
}
