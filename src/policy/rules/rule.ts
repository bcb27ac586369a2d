import type { ClaimReach, Moment } from "../factors.ts";
import type { RuleId, Severity } from "../finding.ts";
import type { FixId } from "../fixes.ts";
import type { Claim } from "../model.ts";
import type { PolicyOptions } from "../options.ts";
import type { Situation } from "../situation.ts";
import type { ClusterView } from "../view.ts";

/** What a predicate saw when its rule was broken. */
export interface Match {
  readonly severity: Severity;
  /** The claims that break the rule; never empty. */
  readonly claims: readonly ClaimReach[];
  /** What will go wrong, as the end of a sentence that begins with the workload: "can get stuck …". */
  readonly problem: string;
  /** The same in a few words, for a one-line warning. */
  readonly brief: string;
  /** Why, from the rule's own point of view; the evidence of the factors is added to it. */
  readonly evidence: readonly string[];
  /**
   * How far it goes (replicas, an autoscaler's maximum, nodes). An update that raises it sets the finding off, even
   * when it was known before. 0 where there is no such number.
   */
  readonly degree: number;
  /** True where an autoscaler has a part in it, so that its own review speaks of it. */
  readonly byAutoscaler: boolean;
}

interface RuleText {
  readonly id: RuleId;
  readonly title: string;
  /** The worst that the rule says; leaning, brief and similar cases are said more softly. */
  readonly severity: Severity;
  /** The row of the rule table, in words. */
  readonly when: string;
  readonly meaning: string;
  readonly cause: string;
  /** The ways out, the cheapest first. Those that do not apply to a workload are left out of its finding. */
  readonly fixes: readonly FixId[];
  /** Where the behaviour comes from: Kubernetes files, rows of docs/semantics.md. */
  readonly sources: readonly string[];
  /** Manifests that break the rule and that follow it; the tests run both. */
  readonly examples: { readonly fail: string; readonly pass: string };
}

/** A rule about a workload at one or both moments. */
export interface WorkloadRule extends RuleText {
  readonly subject: "workload";
  readonly moments: readonly Moment[];
  judge(situation: Situation, moment: Moment): Match | null;
}

/** A rule about a claim by itself; it never changes a workload's verdict. */
export interface ClaimRule extends RuleText {
  readonly subject: "claim";
  judge(claim: Claim, view: ClusterView, options: PolicyOptions): Match | null;
}

export type Rule = WorkloadRule | ClaimRule;

/** The claims among these with the given reach. */
export function withReach(claims: readonly ClaimReach[], reach: ClaimReach["reach"]): readonly ClaimReach[] {
  return claims.filter((claim) => claim.reach === reach);
}

/** `claim data`, `claims data and logs`, `claims a, b and 3 more`: how claims are named in a sentence. */
export function nameClaims(claims: readonly ClaimReach[]): string {
  const names = claims.map(({ name, inline }) => (inline ? `${name} (a disk in the pod)` : name));
  const noun = claims.length === 1 ? "claim" : "claims";
  if (names.length <= 2) return `${noun} ${names.join(" and ")}`;
  if (names.length === 3) return `${noun} ${names[0]}, ${names[1]} and ${names[2]}`;
  return `${noun} ${names[0]}, ${names[1]} and ${names.length - 2} more`;
}
