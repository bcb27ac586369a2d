import type { AttachmentSituation } from "../attachments.ts";
import { type ClaimReach, LONG_LIST, type Moment, type Reach, type SpreadProof } from "../factors.ts";
import type { Field, Related } from "../field.ts";
import type { FixId } from "../fixes.ts";
import type { Claim, ObjectRef } from "../model.ts";
import type { PolicyOptions } from "../options.ts";
import type { Situation } from "../situation.ts";
import type { Severity } from "../verdict.ts";
import type { ClusterView } from "../view.ts";

/** What a predicate saw when its rule was broken. */
export interface Match {
  /** True where the case is less severe than what the rule is about: then it is a warning, whatever is configured. */
  readonly soft: boolean;
  /** The claims that break the rule; never empty. */
  readonly claims: readonly ClaimReach[];
  /** What will go wrong, as the end of a sentence that begins with the workload: "can get stuck …". */
  readonly problem: string;
  /** The same in a few words, for a one-line warning. */
  readonly brief: string;
  /** The field that decides, for readers of the manifest. */
  readonly decidedBy: Field;
  /** Objects besides the workload and its claims that have a part in it. */
  readonly related?: readonly Related[];
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

interface RuleText<Id extends string> {
  readonly id: Id;
  readonly title: string;
  /** The worst that the rule says unless it is configured; soft matches are warnings. */
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
export interface WorkloadRule<Id extends string = string> extends RuleText<Id> {
  readonly subject: "workload";
  readonly moments: readonly Moment[];
  /**
   * True where the verdict waits for something that is not there yet: the finding gives way to any error of
   * another rule, to what the same user dry-ran before, and in a dry run it is at most a warning.
   */
  readonly provisional?: true;
  judge(situation: Situation, moment: Moment): Match | null;
}

/** A rule about a claim by itself; it never changes a workload's verdict. */
export interface ClaimRule<Id extends string = string> extends RuleText<Id> {
  readonly subject: "claim";
  judge(claim: Claim, view: ClusterView, options: PolicyOptions): Match | null;
}

/**
 * A rule about an attachment, decided from its state and from what is at risk. Only those who look at a cluster can
 * know these: `diagnose` and `audit`. Its examples are objects of a cluster.
 */
export interface AttachmentRule<Id extends string = string> extends Omit<RuleText<Id>, "fixes"> {
  readonly subject: "attachment";
  /** What to do, in sentences: `diagnose` has the commands. */
  readonly ways: readonly string[];
  /** The severity and why, as half a sentence (empty where the danger's own says it); null where it is not broken. */
  judge(situation: AttachmentSituation): { readonly severity: Severity; readonly why: string } | null;
}

/** A rule about what is in a manifest. */
export type Rule<Id extends string = string> = WorkloadRule<Id> | ClaimRule<Id>;

/** Everything that has a page. */
export type ExplainedRule = Rule | AttachmentRule;

/** Keeps the id as a type of its own, from which the list of all rule ids is made. */
export function workloadRule<const Id extends string>(rule: WorkloadRule<Id>): WorkloadRule<Id> {
  return rule;
}

/** Like `workloadRule`. */
export function claimRule<const Id extends string>(rule: ClaimRule<Id>): ClaimRule<Id> {
  return rule;
}

/** Like `workloadRule`. */
export function attachmentRule<const Id extends string>(rule: AttachmentRule<Id>): AttachmentRule<Id> {
  return rule;
}

/**
 * The claims of this reach that two pods of one moment need at once, from places that cannot all have them; empty
 * where no two pods exist at once, where they are proved to be on one node (which does not help a volume for one
 * pod, semantics S27), and where none can be placed (S24).
 */
export function contested(situation: Situation, moment: Moment, reach: Reach): readonly ClaimReach[] {
  const factors = situation[moment];
  const overlap = factors.overlap.value;
  if (overlap === "zero" || overlap === "never") return NONE;
  const held = withReach(factors.claims, reach);
  if (held.length === 0) return held;
  const { value } = factors.spread;
  return value === "nowhere" || (value === "one-node" && reach !== "pod") ? [] : held;
}

/**
 * True where something short of a proof says that no pod has to wait: another app that stays on one node, the name of
 * a class that keeps volumes on one node, or of classes without an attach step for every one of these claims.
 */
export function isDoubtful(held: readonly ClaimReach[], { value }: SpreadProof): boolean {
  return value === "leaning" || held.every(({ presumed }) => presumed?.volumes === "not-attached");
}

const NONE: readonly ClaimReach[] = [];

/** Every rule asks for its part at each moment. */
const byReach = new WeakMap<readonly ClaimReach[], ReadonlyMap<Reach, readonly ClaimReach[]>>();

/** The claims among these with the given reach; the same list where all have it. */
export function withReach(claims: readonly ClaimReach[], reach: Reach): readonly ClaimReach[] {
  if (claims.length < LONG_LIST) return amongFew(claims, reach);
  let groups = byReach.get(claims);
  if (groups === undefined) {
    groups = Map.groupBy(claims, (claim) => claim.reach);
    byReach.set(claims, groups);
  }
  return groups.get(reach) ?? NONE;
}

function amongFew(claims: readonly ClaimReach[], reach: Reach): readonly ClaimReach[] {
  let count = 0;
  for (const claim of claims) if (claim.reach === reach) count += 1;
  if (count === 0) return NONE;
  return count === claims.length ? claims : claims.filter((claim) => claim.reach === reach);
}

/** `claim data`, `claims a, b and 3 more`, `disk cache`, `claim data and disk cache`: how volumes are named in a sentence. */
export function nameClaims(claims: readonly ClaimReach[]): string {
  const disks = claims.filter(({ inline }) => inline);
  if (disks.length === 0) return enumerated("claim", claims);
  if (disks.length === claims.length) return enumerated("disk", disks);
  const named = claims.filter(({ inline }) => !inline);
  return `${enumerated("claim", named)} and ${enumerated("disk", disks)}`;
}

/** `Deployment web`, `Deployments a, b and 3 more and CronJob backup`: how workloads are named in a sentence. */
export function nameWorkloads(workloads: readonly Pick<ObjectRef, "kind" | "name">[]): string {
  const byKind = Map.groupBy(workloads, ({ kind }) => kind);
  return [...byKind].map(([kind, alike]) => enumerated(kind, alike)).join(" and ");
}

/** What one noun stands before: the first names, and how many more there are; empty where there is nothing to name. */
function enumerated(noun: string, items: readonly { readonly name: string }[]): string {
  const [first, second, third] = items;
  if (first === undefined) return "";
  if (second === undefined) return `${noun} ${first.name}`;
  if (third === undefined) return `${noun}s ${first.name} and ${second.name}`;
  const last = items.length === 3 ? third.name : `${items.length - 2} more`;
  return `${noun}s ${first.name}, ${second.name} and ${last}`;
}
