import { type ClaimReach, type Factors, type Moment, REACHES, type Reach } from "./factors.ts";
import { claimRef, fieldOf, type Related, refOf, relatedTo } from "./field.ts";
import type { Finding, FindingClaim, PodNumbers, RuleId } from "./finding.ts";
import { firstFixFor, fixesFor } from "./fixes.ts";
import type { Claim, Workload } from "./model.ts";
import type { Ratcheted } from "./ratchet.ts";
import { type ClaimRule, type Match, nameClaims } from "./rules/rule.ts";
import type { Situation } from "./situation.ts";
import type { Severity } from "./verdict.ts";
import { knownValue } from "./view.ts";

/** The finding that comes of the matches of one rule, the one that leads first; never without one. */
export function workloadFinding([lead, ...folded]: readonly Ratcheted[], workload: Workload): Finding {
  if (!lead) throw new Error("a finding without a match");
  const { rule, moment, match, situation } = lead;
  return {
    ...lineOf(lead, workload),
    related: relatedObjects(situation, match),
    claims: match.claims.map(shownClaim),
    factors: factorsOf(situation, moment, match.claims),
    numbers: numbersOf(situation),
    also: folded.map((other) => other.match.problem),
    evidence: [...evidenceOf(situation, moment, match.claims), ...match.evidence],
    fixes: fixesFor(rule.fixes, situation, match.claims),
  };
}

/**
 * The same, as far as a warning of one line, a line of the log and the metrics read it: the rest is empty, and is not
 * found out.
 */
export function findingInALine(lead: Ratcheted, workload: Workload): Finding {
  const { rule, match, situation } = lead;
  return { ...lineOf(lead, workload), fixes: firstFixFor(rule.fixes, situation, match.claims) };
}

/** What one line says of a finding, before its fixes. */
function lineOf({ rule, severity, match, leniency }: Ratcheted, workload: Workload): Omit<Finding, "fixes"> {
  return {
    rule: rule.id,
    severity,
    workload: refOf(workload),
    source: workload.source ?? null,
    decidedBy: match.decidedBy,
    related: [],
    claims: [],
    factors: null,
    numbers: null,
    problem: match.problem,
    brief: match.brief,
    also: [],
    evidence: [],
    notes: [...(leniency === undefined ? [] : [`a warning only: ${leniency}`]), ...managedNote(workload)],
    inferred: false,
    exempted: null,
  };
}

/** A label may be of any length; a few words of it are enough to know it by. */
const MARK_SHOWN = 80;

/** Where a change has to be made so that it stays. */
const SOURCES = {
  "Argo CD": "the source of its application",
  Flux: "the source that Flux applies",
  Helm: "the values or templates of its chart",
} as const;

function managedNote({ managedBy }: Workload): readonly string[] {
  if (managedBy === undefined) return [];
  const { tool, label } = managedBy;
  return [
    `${tool} seems to manage it (${label.slice(0, MARK_SHOWN)}): change ${SOURCES[tool]}, since a change of the live object is undone`,
  ];
}

/** The finding about a claim by itself; pods have no part in it. */
export function claimFinding(
  rule: ClaimRule<RuleId>,
  match: Match,
  severity: Severity,
  { namespace, name, source }: Pick<Claim, "namespace" | "name" | "source">,
): Finding {
  return {
    rule: rule.id,
    severity,
    workload: { apiVersion: "v1", kind: "PersistentVolumeClaim", namespace, name },
    source: source ?? null,
    decidedBy: match.decidedBy,
    related: [],
    claims: match.claims.map(shownClaim),
    factors: null,
    numbers: null,
    problem: match.problem,
    brief: match.brief,
    also: [],
    evidence: match.evidence,
    notes: [],
    inferred: false,
    fixes: fixesFor(rule.fixes, undefined, match.claims),
    exempted: null,
  };
}

/** More claims than these are in the finding, but not beside it: nobody looks at a hundred places. */
const CLAIMS_RELATED = 100;

/** The claims that are known, what scales the workload where that has a part in it, and what the rule names. */
function relatedObjects({ workload, view, steady }: Situation, match: Match): readonly Related[] {
  const claims = match.claims
    .filter(({ inline }) => !inline)
    .slice(0, CLAIMS_RELATED)
    .flatMap(({ name }) => knownValue(view.claim(workload.namespace, name)) ?? [])
    .filter(({ ofSet }) => ofSet === undefined)
    .map((claim) => relatedTo(claimRef(claim)));
  const scalers = match.byAutoscaler ? steady.overlap.byAutoscalers.map(({ maximum }) => maximum) : [];
  return [...claims, ...scalers.map(({ object, source }) => ({ object, source })), ...(match.related ?? [])];
}

/** The finding about the claims that a StatefulSet creates, reported on the set. */
export function templateFinding(
  rule: ClaimRule<RuleId>,
  match: Match,
  severity: Severity,
  set: Workload,
): Finding {
  const { namespace, name, source } = set;
  const finding = claimFinding(rule, match, severity, { namespace, name, source });
  return {
    ...finding,
    workload: refOf(set),
    decidedBy: fieldOf(set, "spec", "volumeClaimTemplates"),
    problem: `makes ${nameClaims(match.claims)}, which ${match.problem}`,
  };
}

/** The factors of one moment, with the worst reach of these claims. */
export function factorsOf(situation: Situation, moment: Moment, claims: readonly ClaimReach[]): Factors {
  const { overlap, spread } = situation[moment];
  return { moment, reach: worstReach(claims), overlap: overlap.value, spread: spread.value };
}

function numbersOf({ workload: { pods }, steady, rollout }: Situation): PodNumbers {
  const [scaler] = steady.overlap.byAutoscalers;
  return {
    replicas: pods.by === "replicas" ? pods.replicas : null,
    most: steady.overlap.count ?? null,
    surge: rollout.overlap.surge ?? null,
    unavailable: rollout.overlap.unavailable ?? null,
    autoscaler: scaler ? { kind: scaler.kind, name: scaler.name, maximum: scaler.maxReplicas } : null,
  };
}

/** The facts behind a verdict. One pod is only half of it: the rollout must not make a second one either. */
export function groundsOf(now: Situation, { moment, overlap }: Factors): readonly string[] {
  const rollout = moment === "steady" && overlap === "never" ? now.rollout.overlap.evidence : [];
  return [...new Set([...rollout, ...evidenceOf(now, moment, now.steady.claims)])];
}

/** More claims than these are counted, not described. */
const CLAIMS_DESCRIBED = 3;

function evidenceOf(situation: Situation, moment: Moment, claims: readonly ClaimReach[]): readonly string[] {
  const { overlap, spread } = situation[moment];
  const described = claims.slice(0, CLAIMS_DESCRIBED).flatMap(({ evidence }) => evidence);
  const more = claims.length - CLAIMS_DESCRIBED;
  return [
    ...new Set([
      ...overlap.evidence,
      ...spread.evidence,
      ...described,
      ...(more > 0 ? [`and ${more} more such claims`] : []),
      ...situation.workload.notes,
    ]),
  ];
}

function shownClaim(claim: ClaimReach): FindingClaim {
  return {
    name: claim.name,
    inline: claim.inline,
    reach: claim.reach,
    accessModes: claim.accessModes,
    volume: claim.volume?.name ?? null,
    storageClass: claim.storageClass ?? null,
    provisioner: claim.provisioner ?? null,
  };
}

function worstReach(claims: readonly ClaimReach[]): Reach {
  return REACHES.find((reach) => claims.some((claim) => claim.reach === reach)) ?? "many";
}
