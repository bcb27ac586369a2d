import type { AttachmentState } from "../policy/attachments.ts";
import type { ObjectRef } from "../policy/model.ts";
import type { AttachmentRuleId } from "../policy/rules/index.ts";
import type { ReportedAttachment } from "../report/report.ts";
import type { Reading } from "./facts.ts";
import type { Prevention } from "./options.ts";

/**
 * The answer of `diagnose`, member by member as the JSON contract has it (`docs/diagnosis.schema.json`); the
 * renderers of text and markdown read the same.
 */

export const SUBJECT_STATES = ["healthy", "clearing", "stuck", "endangered", "unknown"] as const;
export type SubjectState = (typeof SUBJECT_STATES)[number];

/** Attachments.md, D1 to D23, R3, and two states without a row. */
export const CAUSE_IDS = [
  "rollout-waits-for-itself",
  "replicas-on-several-nodes",
  "autoscaler-raises-replicas",
  "detaching",
  "old-pod-terminating",
  "node-not-ready",
  "held-by-dead-pod",
  "waiting-for-forced-detach",
  "node-deleted",
  "stale-attachment",
  "unmount-hangs",
  "detach-ordered-under-pod",
  "driver-cannot-detach",
  "attacher-not-answering",
  "held-outside-the-cluster",
  "one-pod-claim-in-use",
  "claim-not-usable",
  "no-node-for-the-volume",
  "shared-by-workloads",
  "not-the-volume",
  "healthy",
  "disk-taken-away",
  "two-nodes",
  "still-mounted",
  "recreate-and-scaling-at-once",
  "starting",
  "unknown",
] as const;
export type CauseId = (typeof CAUSE_IDS)[number];

export const STEP_IDS = [
  "undo-rollout",
  "patch-recreate",
  "scale-to-zero-and-back",
  "scale-to-one",
  "restore-replicas",
  "cap-autoscaler",
  "wait",
  "shorten-grace",
  "bring-node-back",
  "taint-out-of-service",
  "remove-taint",
  "force-delete-pod",
  "delete-attachment",
  "look-at-driver",
  "look-at-back-end",
  "look-at-kubelet",
  "drain-and-reboot",
  "uncordon",
  "create-claim",
  "create-class",
  "create-volume",
  "install-provisioner",
  "replace-pending-claim",
  "stop-one-workload",
  "stop-all-users",
  "check-data",
  "mend-pod",
  "power-off-node",
  "run-live-first",
  "suspend-gitops",
] as const;
export type StepId = (typeof STEP_IDS)[number];

export type AvoidId =
  | StepId
  | "delete-old-pod"
  | "delete-waiting-pods"
  | "remove-finalizer"
  | "edit-claim"
  | "delete-claim"
  | "delete-volume";

export interface Cause {
  readonly id: CauseId;
  /** A closer name, e.g. `provisioner-silent` of `claim-not-usable`; null where there is none. */
  readonly detail: string | null;
  /** True where the wait is for volume, claim or attachment. */
  readonly volume: boolean;
  /** One sentence for a person: what is stuck and what it waits for. */
  readonly text: string;
}

export interface WaitingPod {
  readonly namespace: string;
  readonly pod: string;
  /** Null where the scheduler has not placed it. */
  readonly node: string | null;
}

export type NodeState = "ready" | "not-ready" | "gone" | "unknown";

/** Who has a volume: a pod, or, with `pod` null, only the attachment or the kubelet of the node. */
export interface Holder {
  readonly namespace: string;
  readonly pod: string | null;
  readonly node: string;
  readonly nodeState: NodeState;
  /** The VolumeAttachment's name; null where there is none. */
  readonly attachment: string | null;
}

export interface Clears {
  readonly byItself: "yes" | "no" | "unknown";
  /** ISO 8601 duration from the time of the facts. */
  readonly within: string | null;
  /** RFC 3339: the time of the facts plus `within`; or null. What it depends on is in the cause's text. */
  readonly when: string | null;
}

/** What the objects cannot show. Ids: `machine-is-off:NODE`, `force-detach-disabled`, `back-end-agrees`. */
export interface Question {
  readonly id: string;
  readonly text: string;
}

export interface Step {
  readonly id: StepId;
  readonly text: string;
  /** In order; each is one line for a POSIX shell. */
  readonly commands: readonly string[];
  /** Ids of the open questions that must be answered with yes before these commands are typed. */
  readonly behind: readonly string[];
  readonly cost: string;
  readonly danger: string | null;
}

export interface Avoid {
  readonly id: AvoidId;
  readonly why: string;
}

export interface SubjectDiagnosis {
  /** `namespace` is null for a VolumeAttachment. */
  readonly subject: Omit<ObjectRef, "namespace"> & { readonly namespace: string | null };
  readonly state: SubjectState;
  readonly cause: Cause;
  /** RFC 3339; null where it cannot be seen. */
  readonly since: string | null;
  readonly waiting: readonly WaitingPod[];
  readonly holders: readonly Holder[];
  readonly clears: Clears;
  readonly questions: readonly Question[];
  readonly steps: readonly Step[];
  readonly avoid: readonly Avoid[];
  readonly verify: readonly string[];
  readonly prevention: readonly Prevention[];
  readonly evidence: readonly string[];
}

/** One attachment, and the rules that it breaks. */
export interface AttachmentDiagnosis {
  readonly name: string;
  readonly node: string;
  /** The PersistentVolume; `""` for a migrated inline volume. */
  readonly volume: string;
  readonly state: AttachmentState;
  readonly findings: readonly AttachmentRuleId[];
}

/** What was wrong with the facts themselves. */
export interface DiagnosisError {
  /** The file of a dump; null live. */
  readonly file: string | null;
  readonly message: string;
  /** True where more may be stuck than is told, and what is told stands; left out where nothing can be told. */
  readonly hidesSome?: true;
}

export interface DiagnosisDocument {
  readonly schemaVersion: 2;
  readonly kind: "Diagnosis";
  readonly toolVersion: string;
  readonly facts: {
    readonly source: "live" | "dump";
    /** RFC 3339. */
    readonly time: string;
    readonly context: string | null;
    readonly clusterUid: string | null;
    readonly read: readonly Reading[];
  };
  readonly diagnoses: readonly SubjectDiagnosis[];
  readonly attachments: readonly AttachmentDiagnosis[];
  readonly findings: readonly ReportedAttachment[];
  readonly errors: readonly DiagnosisError[];
  readonly summary: Readonly<Record<SubjectState, number>>;
}
