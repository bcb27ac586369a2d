import { type ExemptionSources, exempt } from "./exemptions.ts";
import { type ClaimReach, type Factors, type Moment, REACHES, type Reach } from "./factors.ts";
import type { Finding, FindingClaim, Severity } from "./finding.ts";
import { fixesFor } from "./fixes.ts";
import { explainFinding, warnFinding } from "./message.ts";
import type { Claim, Workload } from "./model.ts";
import type { PolicyOptions } from "./options.ts";
import { type Broken, type Change, type Ratcheted, ratchet, wakesUp } from "./ratchet.ts";
import { reachOfClaim } from "./reach.ts";
import { RULES } from "./rules/index.ts";
import type { Match, Rule, WorkloadRule } from "./rules/rule.ts";
import { assess, replacing, type Situation } from "./situation.ts";
import type { ClusterView } from "./view.ts";

export interface JudgementContext extends ExemptionSources {
  readonly options: PolicyOptions;
}

/** Everything that was found out about one workload. */
export interface Judgement {
  /** Errors first, then in the order of the rules. */
  readonly findings: readonly Finding[];
  /** Of the moment that decided. */
  readonly factors: Factors;
  /** Why the verdict is what it is, for a workload without findings too. */
  readonly evidence: readonly string[];
}

const WORKLOAD_RULES = RULES.filter((rule): rule is WorkloadRule => rule.subject === "workload");
const MOMENTS: readonly Moment[] = ["steady", "rollout"];
const CLAIM_RULES = RULES.filter((rule) => rule.subject === "claim");

/**
 * Judges one workload: reach, overlap and spread at the two moments, the rules over them, then what the change sets
 * off and what is exempted. The same for an admission request, a file and an audit.
 *
 * @param change what the request changes; `null` for a CREATE, a file or an audit: everything is judged in full
 */
export function evaluate(
  view: ClusterView,
  workload: Workload,
  change: Change | null,
  context: JudgementContext,
): Judgement {
  const { options } = context;
  const now = assess(view, workload, options);
  const ratcheted = change === null ? judge(now, options).map(inFull) : judgeChange(now, change, options);
  const relevant = withoutNeedlessDoubt(
    ratcheted.filter((broken) => change === null || concerns(broken, change)),
  );
  const findings = exempt(
    onePerRule(relevant).map((brokens) => findingOf(brokens, workload)),
    [workload.annotations, workload.template.annotations],
    context,
    options,
  ).toSorted(worstFirst);
  const factors = findings[0]?.factors ?? factorsOf(now, decisiveMoment(now), now.steady.claims);
  return { findings, factors, evidence: groundsOf(now, factors) };
}

/** The facts behind a verdict. One pod is only half of it: the rollout must not make a second one either. */
function groundsOf(now: Situation, { moment, overlap }: Factors): readonly string[] {
  const rollout = moment === "steady" && overlap === "never" ? now.rollout.overlap.evidence : [];
  return [...new Set([...rollout, ...evidenceOf(now, moment, now.steady.claims)])];
}

/** Judges a claim by itself: may its driver do what it asks for? */
export function evaluateClaim(
  view: ClusterView,
  claim: Claim,
  context: JudgementContext,
): readonly Finding[] {
  const { options } = context;
  const findings = CLAIM_RULES.flatMap((rule): Finding[] => {
    const match = rule.judge(claim, view, options);
    const severity = match && severityOf(rule, match, options);
    if (!match || !severity) return [];
    const subject = {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      namespace: claim.namespace,
      name: claim.name,
    };
    const fixes = fixesFor(rule.fixes, undefined, match.claims);
    return [
      {
        rule: rule.id,
        severity,
        workload: subject,
        source: claim.source ?? null,
        claims: match.claims.map(shownClaim),
        factors: {
          moment: "steady",
          reach: reachOfClaim(claim, view, options).reach,
          overlap: "never",
          spread: "free",
        },
        message: explainFinding(rule.id, subject, match.problem, match.evidence, fixes),
        warning: warnFinding(rule.id, subject, match.brief, fixes),
        evidence: match.evidence,
        fixes,
        exempted: null,
      },
    ];
  });
  return exempt(findings, [claim.annotations], context, options);
}

function judgeChange(now: Situation, change: Change, options: PolicyOptions): Ratcheted[] {
  const { workload } = now;
  const waking = wakesUp(change, workload);
  const previous = waking ? { ...change.previous, pods: workload.pods } : change.previous;
  const known = judge(assess(change.previousView, previous, options), options);
  const latent = judge(now, options);
  const started =
    change.templateChanged && hasPods(change.previous)
      ? judge(replacing(now, change.previous), options, ["rollout"]).map((broken) => ({
          ...broken,
          latent: false,
        }))
      : [];
  const rest = latent.filter(
    (broken) => broken.moment === "steady" || !started.some(({ rule }) => rule.id === broken.rule.id),
  );
  return [...rest, ...started]
    .filter(({ moment }) => moment === "steady" || !waking)
    .map((broken) => ratchet(broken, known, change, options));
}

function hasPods({ pods }: Workload): boolean {
  return pods.by !== "replicas" || pods.replicas > 0;
}

/** Every rule at those of its moments that are asked for. */
function judge(situation: Situation, options: PolicyOptions, asked: readonly Moment[] = MOMENTS): Broken[] {
  return WORKLOAD_RULES.flatMap((rule) =>
    rule.moments.flatMap((moment) => {
      if (!asked.includes(moment)) return [];
      const match = rule.judge(situation, moment);
      const severity = match && severityOf(rule, match, options);
      return match && severity
        ? [{ rule, moment, match: { ...match, severity }, situation, latent: moment === "rollout" }]
        : [];
    }),
  );
}

/** The configured severity replaces the rule's own; what a rule says more softly never becomes harder by it. */
function severityOf(rule: Rule, match: Match, options: PolicyOptions): Severity | null {
  const configured = options.severities[rule.id];
  if (configured === "off") return null;
  return configured === undefined || match.severity !== rule.severity ? match.severity : configured;
}

function inFull(broken: Broken): Ratcheted {
  return { ...broken, severity: broken.match.severity, leniency: undefined };
}

/** An autoscaler's review speaks of scaling only, a claim's of that claim only. */
function concerns({ moment, match }: Broken, change: Change): boolean {
  if (change.cause === "autoscaler") return moment === "steady" && match.byAutoscaler;
  if (change.cause === "claim") return match.claims.some(({ name }) => name === change.claim);
  return true;
}

/** A claim that is not there yet does not matter where another one already decides. */
function withoutNeedlessDoubt(brokens: readonly Ratcheted[]): readonly Ratcheted[] {
  const decided = brokens.some(({ match }) => match.severity === "error");
  return decided ? brokens.filter(({ rule }) => rule.id !== "claim-unknown") : brokens;
}

/** Groups both moments of one rule, the one that leads first: the more severe, else steady. */
function onePerRule(brokens: readonly Ratcheted[]): Ratcheted[][] {
  const groups = Map.groupBy(brokens, ({ rule }) => rule.id);
  return [...groups.values()].map((group) =>
    group.toSorted(
      (a, b) =>
        severityRank(a.severity) - severityRank(b.severity) || momentRank(a.moment) - momentRank(b.moment),
    ),
  );
}

function findingOf([lead, ...folded]: readonly Ratcheted[], workload: Workload): Finding {
  if (!lead) throw new Error("a finding without a match");
  const { rule, moment, match, situation } = lead;
  const evidence = [
    ...evidenceOf(situation, moment, match.claims),
    ...match.evidence,
    ...folded.map((other) => `it also ${other.match.problem}`),
    ...(lead.leniency === undefined ? [] : [`a warning only: ${lead.leniency}`]),
  ];
  const fixes = fixesFor(rule.fixes, situation, match.claims);
  return {
    rule: rule.id,
    severity: lead.severity,
    workload: refOf(workload),
    source: workload.source ?? null,
    claims: match.claims.map(shownClaim),
    factors: factorsOf(situation, moment, match.claims),
    message: explainFinding(rule.id, workload, match.problem, evidence, fixes),
    warning: warnFinding(rule.id, workload, match.brief, fixes),
    evidence,
    fixes,
    exempted: null,
  };
}

function refOf({ apiVersion, kind, namespace, name }: Workload): Finding["workload"] {
  return { apiVersion, kind, namespace, name };
}

function shownClaim(claim: ClaimReach): FindingClaim {
  return {
    name: claim.name,
    reach: claim.reach,
    accessModes: claim.accessModes,
    volume: claim.volume?.name ?? null,
    storageClass: claim.storageClass ?? null,
    provisioner: claim.provisioner ?? null,
  };
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

function factorsOf(situation: Situation, moment: Moment, claims: readonly ClaimReach[]): Factors {
  const { overlap, spread } = situation[moment];
  return { moment, reach: worstReach(claims), overlap: overlap.value, spread: spread.value };
}

function worstReach(claims: readonly ClaimReach[]): Reach {
  return REACHES.find((reach) => claims.some((claim) => claim.reach === reach)) ?? "many";
}

/** Of a workload without findings: the moment that comes nearest to trouble. */
function decisiveMoment({ steady, rollout }: Situation): Moment {
  if (steady.overlap.value === "always") return "steady";
  return rollout.overlap.value === "never" || rollout.overlap.value === "zero" ? "steady" : "rollout";
}

function worstFirst(a: Finding, b: Finding): number {
  return severityRank(a.severity) - severityRank(b.severity) || ruleRank(a) - ruleRank(b);
}

function severityRank(severity: Severity): number {
  return severity === "error" ? 0 : 1;
}

function momentRank(moment: Moment): number {
  return moment === "steady" ? 0 : 1;
}

function ruleRank(finding: Finding): number {
  return RULES.findIndex(({ id }) => id === finding.rule);
}
