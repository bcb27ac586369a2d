import type { Factors, Reach } from "./factors.ts";
import type { Field, Related } from "./field.ts";
import type { Fix } from "./fixes.ts";
import type { AccessMode, ObjectRef, SourcePosition } from "./model.ts";
import type { RULES } from "./rules/index.ts";
import type { Severity } from "./verdict.ts";

/** The ids of `RULES`. */
export type RuleId = (typeof RULES)[number]["id"];

export interface FindingClaim {
  readonly name: string;
  /** True for a disk that the pod names itself. */
  readonly inline: boolean;
  readonly reach: Reach;
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
  /** What the finding would be without it. */
  readonly severity: Severity;
}

/** A workload's own numbers, in pods, for drawing what happens when; null where there is none, or it is not known. */
export interface PodNumbers {
  readonly replicas: number | null;
  /** The most that may exist at once while nothing changes. */
  readonly most: number | null;
  /** What `maxSurge` and `maxUnavailable` resolve to. */
  readonly surge: number | null;
  readonly unavailable: number | null;
  /** The autoscaler that goes furthest. */
  readonly autoscaler: { readonly kind: string; readonly name: string; readonly maximum: number } | null;
}

/**
 * One rule broken by one object, listing every claim that breaks it. It holds sentences, never a layout of them:
 * denials, warnings, reports and JSON are made from it in `report/`.
 */
export interface Finding {
  readonly rule: RuleId;
  readonly severity: Severity;
  /** The workload that breaks the rule, or the claim itself where the rule is about claims. */
  readonly workload: ObjectRef;
  readonly source: SourcePosition | null;
  /** The field that decides; it may be one of another object, such as an autoscaler. */
  readonly decidedBy: Field;
  /** The other objects involved: claims, autoscalers, other workloads. */
  readonly related: readonly Related[];
  readonly claims: readonly FindingClaim[];
  /** Of the moment that leads; null where the rule is about a claim, which has no pods. */
  readonly factors: Factors | null;
  /** Null where the rule is about a claim. */
  readonly numbers: PodNumbers | null;
  /** What will go wrong, as the end of a sentence that begins with the object: "can get stuck …". */
  readonly problem: string;
  /** The same in a few words, for a one-line warning. */
  readonly brief: string;
  /** The problem at the other moment, where the rule is broken at both; worded as in `problem`. */
  readonly also: readonly string[];
  /** The facts behind it, one sentence each. */
  readonly evidence: readonly string[];
  /** What qualifies it: why it is only a warning, why an exemption does not hold; one sentence each. */
  readonly notes: readonly string[];
  /** True where it rests on what the same user dry-ran a short while before. */
  readonly inferred: boolean;
  /** The ways out, the cheapest first. */
  readonly fixes: readonly Fix[];
  readonly exempted: Exemption | null;
}
