import type { Fix } from "../policy/fixes.ts";
import type { ObjectRef } from "../policy/model.ts";
import type { Sighting } from "./facts.ts";

/** What a diagnosis is asked about: one object, or everything that is not healthy. */
export type Asked =
  /** `namespace` null: the whole cluster (`-A`). */
  | { readonly all: true; readonly namespace: string | null }
  | { readonly all: false; readonly subject: AskedSubject };

export interface AskedSubject {
  readonly kind: SubjectKind;
  readonly namespace: string;
  readonly name: string;
}

export type SubjectKind =
  | "Pod"
  | "Deployment"
  | "ReplicaSet"
  | "StatefulSet"
  | "DaemonSet"
  | "Job"
  | "CronJob"
  | "PersistentVolumeClaim";

/** A fix as a finding of `check` has it, with that finding. */
export interface Prevention extends Fix {
  /** The rule that the workload breaks. */
  readonly rule: string;
  /** What can go wrong, as one sentence. */
  readonly finding: string;
}

/** What is known about a driver beside the cluster's own objects; the catalogue answers it. */
export interface DriverFacts {
  /**
   * True where deleting any attachment of a volume takes the volume away from whichever node has it (A41); only
   * `false` lets an attachment be deleted while a pod uses its volume elsewhere.
   */
  readonly unpublishIgnoresNode: boolean | "unknown";
  /** How to ask the backend who has a volume, one sentence with its command; undefined where nothing is known. */
  readonly backEndHint: string | undefined;
}

export const UNKNOWN_DRIVER: DriverFacts = { unpublishIgnoresNode: "unknown", backEndHint: undefined };

export interface DiagnoseOptions {
  /** Nodes whose machine is off (`--machine-is-off NODE`): answers the question for these only. */
  readonly machinesOff: ReadonlySet<string>;
  /** By uid of the attachment; from `--since FILE`, or the earlier looks of `--watch`. */
  readonly sightings: ReadonlyMap<string, Sighting>;
  /**
   * Live: keys of the dangers (R3, R14 to R16) that a look at least 15 s ago saw too; only those are reported. Null:
   * a dump, or a first look: they are reported as "seen once".
   */
  readonly dangersSeenBefore: ReadonlySet<string> | null;
  readonly driver: (driver: string) => DriverFacts;
  /** The fixes that `check` would give for a workload, from the policy's own rules. */
  readonly prevention: (workload: ObjectRef) => readonly Prevention[];
  /**
   * Where the driver of a claim that has no volume is documented to refuse its access modes when it makes the volume:
   * what goes on behind "Claim X …"; undefined where that is not known.
   */
  readonly modesRefused: (namespace: string, claim: string) => string | undefined;
}

/** The options of a first look at a dump, with nothing answered and nothing known. */
export const NO_OPTIONS: DiagnoseOptions = {
  machinesOff: new Set(),
  sightings: new Map(),
  dangersSeenBefore: null,
  driver: () => UNKNOWN_DRIVER,
  prevention: () => [],
  modesRefused: () => undefined,
};
