import type { Factors } from "./factors.ts";
import type { AccessMode, ObjectRef, SourcePosition } from "./model.ts";

export type RuleId =
  | "rwo-rolling-update"
  | "rwo-replicas"
  | "rwo-autoscaling"
  | "rwop-overlap"
  | "rwo-shared-claim"
  | "access-mode-unsupported"
  | "access-mode-unenforced"
  | "claim-unknown";

export type Severity = "error" | "warning";

/** `enforce`: an error denies, a warning warns. `warn`: everything warns. `audit`: logged only. `off`: not judged. */
export const MODES = ["enforce", "warn", "audit", "off"] as const;
export type Mode = (typeof MODES)[number];

export type Verdict = "deny" | "warn" | "allow";

/** A way out, with what it costs. `patch` is a merge patch for the workload that works on the live object as it is. */
export interface Fix {
  readonly id: string;
  readonly summary: string;
  readonly cost: string;
  readonly patch: Readonly<Record<string, unknown>> | null;
  /** The command that applies it, where there is one. */
  readonly command: string | null;
}

export interface FindingClaim {
  readonly name: string;
  readonly reach: Factors["reach"];
  readonly accessModes: readonly AccessMode[];
  readonly volume: string | null;
  readonly storageClass: string | null;
  readonly provisioner: string | null;
}

/** Why a finding was let through, by whom and until when. */
export interface Exemption {
  readonly by: "annotation" | "waiver" | "namespace";
  /** RFC 3339, or null where it has no end. */
  readonly until: string | null;
  readonly reason: string;
}

/** One rule broken by one workload, listing every claim that breaks it. */
export interface Finding {
  readonly rule: RuleId;
  readonly severity: Severity;
  readonly workload: ObjectRef;
  readonly source: SourcePosition | null;
  readonly claims: readonly FindingClaim[];
  readonly factors: Factors;
  /** What will go wrong, on which objects, why, and the cheapest way out; several lines. */
  readonly message: string;
  /** The same in one line, short enough for a warning sent through the API server. */
  readonly warning: string;
  readonly evidence: readonly string[];
  readonly fixes: readonly Fix[];
  readonly exempted: Exemption | null;
}
