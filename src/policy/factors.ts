import type { ConventionalClass } from "./catalogue/conventional-classes.ts";
import type { Field } from "./field.ts";
import type { AccessMode, AutoscalerKind, Volume } from "./model.ts";

/** Who may hold a claim's volume at once; in the order in which the worst of several claims is named. */
export const REACHES = ["pod", "node", "unknown", "unenforced", "many"] as const;
export type Reach = (typeof REACHES)[number];

export type Moment = "steady" | "rollout";

export type Overlap = "zero" | "never" | "briefly" | "always" | "stuck";

export type Spread = "one-node" | "leaning" | "free" | "apart" | "nowhere";

/** The factors of the moment that decided, as reports and the JSON contract show them. */
export interface Factors {
  readonly moment: Moment;
  readonly reach: Reach;
  readonly overlap: Overlap;
  readonly spread: Spread;
}

/** The one node of a volume: the label that names it, as `key=value`; `undefined` until the volume is made. */
export interface NodePin {
  readonly node: string | undefined;
}

/** A mounted claim (or inline disk), who may hold its volume, and how that is known. */
export interface ClaimReach {
  /** The claim's name; for an inline disk the name of the pod's volume. */
  readonly name: string;
  readonly inline: boolean;
  readonly reach: Reach;
  /** Of the PersistentVolume when bound, else of the claim; empty when nothing is known. */
  readonly accessModes: readonly AccessMode[];
  /** The PersistentVolume that is bound. */
  readonly volume: Volume | undefined;
  readonly storageClass: string | undefined;
  /** The CSI driver or provisioner. */
  readonly provisioner: string | undefined;
  /** Where one node alone can use the volume, and the scheduler knows it by a label of the driver's own. */
  readonly pin: NodePin | undefined;
  /** Where nothing says what the claim's class is: what a class of its name is by convention. */
  readonly presumed: ConventionalClass | undefined;
  /** True where the claim itself has not been found (reach `unknown`). */
  readonly missing: boolean;
  /** Why the claim itself could not be looked up; left out where it was found, or known not to be there. */
  readonly unread?: string | undefined;
  /** One sentence each: what decided the reach, and what was assumed. */
  readonly evidence: readonly string[];
}

/** Can two pods exist at once while nothing changes; semantics S15, S16. */
export interface SteadyOverlap {
  readonly value: "zero" | "never" | "always";
  /** The most pods that may exist at once; `undefined` for a DaemonSet on an unknown number of nodes. */
  readonly count: number | undefined;
  /** True where the workload's own replicas (nodes, parallelism) make it `always`. */
  readonly byWorkload: boolean;
  /** The autoscalers whose maximum makes it `always`, the highest maximum first. */
  readonly byAutoscalers: readonly {
    readonly kind: AutoscalerKind;
    readonly name: string;
    readonly minReplicas: number;
    readonly maxReplicas: number;
    /** The field that sets the maximum. */
    readonly maximum: Field;
  }[];
  /** True for a Job or CronJob: its pods end by themselves (semantics S33). */
  readonly transient: boolean;
  readonly evidence: readonly string[];
}

/** What is found out about a list of claims is kept with it from this length on; a short one is quickly gone through. */
export const LONG_LIST = 16;

/** Can a pod of the old and one of the new template exist at once; semantics S7 to S13. */
export interface RolloutOverlap {
  readonly value: "zero" | "never" | "briefly" | "stuck";
  /** Resolved as the deployment controller does, in pods; `undefined` where nothing surges. */
  readonly surge: number | undefined;
  readonly unavailable: number | undefined;
  readonly evidence: readonly string[];
}

/** Where the pods of one moment may land, with the proof that explains it. */
export interface SpreadProof {
  readonly value: Spread;
  /** What proves it, e.g. `node-name`, `self-affinity`, `volume`; `none` for `free`. */
  readonly proof: string;
  /** The host that all pods are on, where the proof names one. */
  readonly host: string | undefined;
  readonly evidence: readonly string[];
}
