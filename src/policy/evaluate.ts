import { awakened } from "./asleep.ts";
import {
  claimFinding,
  factorsOf,
  findingInALine,
  groundsOf,
  templateFinding,
  workloadFinding,
} from "./assembly.ts";
import { type ExemptionSources, exempt } from "./exemptions.ts";
import type { ClaimReach, Factors, Moment } from "./factors.ts";
import type { Finding } from "./finding.ts";
import { haltingChange } from "./halting-change.ts";
import type { Claim, Workload } from "./model.ts";
import type { PolicyOptions } from "./options.ts";
import { type Broken, type Change, type Ratcheted, ratchet, resumes, wakesUp } from "./ratchet.ts";
import { reachOfClaim } from "./reach.ts";
import { RULES } from "./rules/index.ts";
import type { ClaimRule, Match, Rule, WorkloadRule } from "./rules/rule.ts";
import { rwoRollingUpdate } from "./rules/rwo-rolling-update.ts";
import { assess, assessEarlier, replacing, type Situation, withPodsOf } from "./situation.ts";
import { claimNamesOf, templatesLookedAt } from "./template-claims.ts";
import type { Severity } from "./verdict.ts";
import { type ClusterView, knownValue } from "./view.ts";

export interface JudgementContext extends ExemptionSources {
  readonly options: PolicyOptions;
  /** True where nothing will be stored: what only waits for an object that is not there yet is no error then. */
  readonly dryRun: boolean;
  /** True where nobody asks for anything (files, audits): what a workload at 0 will do once woken is a warning then. */
  readonly asItStands?: true;
  /** The severities of which nobody reads more than a line: the rest of such a finding is left empty. */
  readonly inALine?: readonly Severity[] | undefined;
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

type RuleId = Finding["rule"];

/**
 * Factors and evidence are made when they are asked for. A class, since accessors in an object literal are new ones
 * each time: V8 keeps each pair in the old generation, and all that they see with it, until the next full collection.
 */
class JudgementOf implements Judgement {
  readonly findings: readonly Finding[];
  readonly #now: Situation;

  constructor(findings: readonly Finding[], now: Situation) {
    this.findings = findings;
    this.#now = now;
  }

  get factors(): Factors {
    const now = this.#now;
    const claims = now.steady.claims.length === 0 ? claimsOfTemplates(now) : now.steady.claims;
    return this.findings[0]?.factors ?? factorsOf(now, decisiveMoment(now), claims);
  }

  get evidence(): readonly string[] {
    return groundsOf(this.#now, this.factors);
  }
}

const WORKLOAD_RULES: readonly WorkloadRule<RuleId>[] = RULES.filter((rule) => rule.subject === "workload");
const CLAIM_RULES: readonly ClaimRule<RuleId>[] = RULES.filter((rule) => rule.subject === "claim");

/** Which rules are asked, at which moment: what nobody will read is not computed. */
type Asked = (moment: Moment, rule: RuleId) => boolean;

const NO_FINDINGS: readonly Finding[] = [];

const EVERYTHING: Asked = () => true;
const ROLLOUT: Asked = (moment) => moment === "rollout";
const STEADY: Asked = (moment) => moment === "steady";

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
  return new JudgementOf(findingsOf(now, change, context), now);
}

function findingsOf(now: Situation, change: Change | null, context: JudgementContext): readonly Finding[] {
  const { workload, view, options } = now;
  const ratcheted = (
    change === null
      ? judge(now, options).map((broken) => inFull(broken, context))
      : judgeChange(now, change, options)
  ).map(unlessUnrendered);
  const relevant = withoutNeedlessDoubt(
    ratcheted.filter((broken) => change === null || concerns(broken, change)),
  );
  const ofTemplates = ofClaimTemplates(view, workload, change, options);
  if (relevant.length === 0 && ofTemplates.length === 0) return NO_FINDINGS;
  return exempt(
    [
      ...onePerRule(context.dryRun ? relevant.map(provisionally) : relevant).map((brokens) => {
        const [lead] = brokens;
        return lead !== undefined && context.inALine?.includes(lead.severity)
          ? findingInALine(lead, workload)
          : workloadFinding(brokens, workload);
      }),
      ...ofTemplates,
    ],
    [workload.annotations, workload.template.annotations],
    context,
    options,
  ).toSorted(worstFirst);
}

/** Judges a claim by itself: may its driver do what it asks for? */
export function evaluateClaim(
  view: ClusterView,
  claim: Claim,
  context: JudgementContext,
): readonly Finding[] {
  const { options } = context;
  // The StatefulSet is where it can be fixed, and its controller would only try again.
  const set = knownValue(view.setWithClaim(claim.namespace, claim.name));
  const findings = CLAIM_RULES.flatMap((rule): Finding[] => {
    const match = rule.judge(claim, view, options);
    const severity = match && severityOf(rule, match, options);
    if (!match || !severity) return [];
    const finding = asRendered(claimFinding(rule, match, severity, claim), claim);
    return [
      set === undefined || severity === "warning"
        ? finding
        : { ...finding, severity: "warning", notes: [`a warning only: StatefulSet ${set.name} makes it`] },
    ];
  });
  return exempt(findings, [claim.annotations], context, options);
}

/**
 * The claims that a StatefulSet makes, judged by themselves and reported on the set: each template by the first of its
 * claims that breaks a rule. Claim templates cannot be changed, so that an update brings nothing about.
 */
function ofClaimTemplates(
  view: ClusterView,
  set: Workload,
  change: Change | null,
  options: PolicyOptions,
): readonly Finding[] {
  if (set.claimTemplates.length === 0 || (change !== null && change.cause !== "update")) return [];
  return CLAIM_RULES.flatMap((rule): Finding[] => {
    const matches = templatesLookedAt(set).flatMap((template): Match[] => {
      for (const name of claimNamesOf(set, view, [template])) {
        const claim = knownValue(view.claim(set.namespace, name));
        const match = claim && rule.judge(claim, view, options);
        if (match) return [match];
      }
      return [];
    });
    return onePerSeverity(matches, (match) => severityOf(rule, match, options)).map(([severity, match]) =>
      templateFinding(rule, match, change === null ? severity : "warning", set),
    );
  });
}

/** What the pods of a StatefulSet have each for itself: one claim for each template. */
function claimsOfTemplates({ workload, view, options }: Situation): readonly ClaimReach[] {
  return templatesLookedAt(workload).flatMap((template) => {
    const [name] = claimNamesOf(workload, view, [template]);
    const claim = name === undefined ? undefined : knownValue(view.claim(workload.namespace, name));
    return claim === undefined ? [] : [reachOfClaim(claim, view, options)];
  });
}

/** Matches of one rule as one: the first of the worst, with the claims of all that are as bad. */
function onePerSeverity(
  matches: readonly Match[],
  of: (match: Match) => Severity | null,
): readonly (readonly [Severity, Match])[] {
  const worst = (["error", "warning"] as const).find((severity) =>
    matches.some((match) => of(match) === severity),
  );
  if (worst === undefined) return [];
  const [first, ...rest] = matches.filter((match) => of(match) === worst);
  return first === undefined
    ? []
    : [[worst, { ...first, claims: [first, ...rest].flatMap(({ claims }) => claims) }]];
}

function judgeChange(now: Situation, change: Change, options: PolicyOptions): Ratcheted[] {
  const { workload } = now;
  const waking = wakesUp(change, workload);
  const latent = judge(now, options);
  const started = rolloutStarted(now, change);
  const replaced = started
    ? judge(started, options, ROLLOUT).map((broken) => ({ ...broken, latent: false }))
    : [];
  const rest = latent.filter(
    (broken) => broken.moment === "steady" || !replaced.some(({ rule }) => rule.id === broken.rule.id),
  );
  const brokens = [...rest, ...replaced].filter(({ moment }) => moment === "steady" || !waking);
  // The state before is only worth its cost where there is an error that it could forgive, and only as far as that.
  const errors = brokens.filter(({ severity }) => severity === "error");
  const previous = waking ? { ...change.previous, pods: workload.pods } : change.previous;
  const known =
    errors.length === 0
      ? []
      : knownBefore(
          assessEarlier(now, change.previousView, previous, change.claimsKept === true),
          options,
          (moment, rule) => errors.some((error) => error.moment === moment && error.rule.id === rule),
        );
  const ratcheted = brokens.map((broken) => ratchet(broken, known, change, options));
  const halting = haltingChange(change, now);
  return halting === null ? ratcheted : [...ratcheted, haltedBy(halting, now)];
}

/** `undefined` where that could not be found out within the work that a state may take. */
function knownBefore(before: Situation, options: PolicyOptions, asked: Asked): readonly Broken[] | undefined {
  const known = judge(before, options, asked);
  return before.work.isSpent ? undefined : known;
}

/** The rollout that a change sets going: of the new template over the old, or of one that was held back. */
function rolloutStarted(now: Situation, change: Change): Situation | undefined {
  if (change.templateChanged) {
    return hasPods(change.previous) && hasBothAtOnce(now) ? replacing(now, change.previous) : undefined;
  }
  return resumes(change, now.workload) ? now : undefined;
}

/** Where an old pod always ends first, there is nothing for a rule about a rollout to look at. */
function hasBothAtOnce({ rollout }: Situation): boolean {
  const { value } = rollout.overlap;
  return value === "briefly" || value === "stuck";
}

function haltedBy(match: Match, situation: Situation): Ratcheted {
  const rule = rwoRollingUpdate;
  return {
    rule,
    moment: "rollout",
    match,
    severity: "warning",
    situation,
    latent: false,
    leniency: undefined,
  };
}

function hasPods({ pods }: Workload): boolean {
  return pods.by !== "replicas" || pods.replicas > 0;
}

/** The rules that are asked; of a workload at 0 also what autoscalers make of it. */
function judge(situation: Situation, options: PolicyOptions, asked = EVERYTHING): Broken[] {
  if (!isOneAtATime(situation.workload) && isHarmless(situation)) return [];
  const { view, workload } = situation;
  const awake =
    asked !== ROLLOUT && situation.steady.overlap.value === "zero" ? awakened(workload, view) : undefined;
  const brokens = judgeAt(situation, options, asked);
  if (awake === undefined) return brokens;
  const wakingUp: Asked = (moment, rule) => STEADY(moment, rule) && asked(moment, rule);
  for (const broken of judgeAt(withPodsOf(situation, awake), options, wakingUp)) {
    if (broken.match.byAutoscaler) brokens.push({ ...broken, asleep: true });
  }
  return brokens;
}

/**
 * One pod, unless an autoscaler adds some, that ends before the next one starts: what it mounts hardly ever matters, so
 * that the rules are asked first.
 */
function isOneAtATime({ pods, strategy }: Workload): boolean {
  return (
    pods.by === "replicas" &&
    pods.replicas <= 1 &&
    (strategy.kind === "recreate" || strategy.kind === "delete-first")
  );
}

/** Any number of pods may have what it mounts, wherever they are: no rule has anything to look at. */
function isHarmless({ workload, steady }: Situation): boolean {
  return workload.claimTemplates.length === 0 && steady.claims.every(({ reach }) => reach === "many");
}

function judgeAt(situation: Situation, options: PolicyOptions, asked: Asked): Broken[] {
  const brokens: Broken[] = [];
  for (const rule of WORKLOAD_RULES) {
    for (const moment of rule.moments) {
      if (!asked(moment, rule.id)) continue;
      const match = rule.judge(situation, moment);
      const severity = match && severityOf(rule, match, options);
      if (match && severity)
        brokens.push({ rule, moment, match, severity, situation, latent: moment === "rollout" });
    }
  }
  return brokens;
}

/** The configured severity replaces the rule's own; what a rule says more softly never becomes harder by it. */
function severityOf(rule: Rule, { soft }: Match, options: PolicyOptions): Severity | null {
  const configured = options.severities[rule.id] ?? rule.severity;
  if (configured === "off") return null;
  return soft ? "warning" : configured;
}

function inFull(broken: Broken, { asItStands }: JudgementContext): Ratcheted {
  return broken.severity === "error" && asItStands && broken.asleep
    ? { ...broken, severity: "warning", leniency: "it is at 0 replicas now" }
    : { ...broken, leniency: undefined };
}

/** What is part of something that was not rendered may reach the cluster otherwise: at most a warning. */
function unlessUnrendered(broken: Ratcheted): Ratcheted {
  const { unrendered } = broken.situation.workload;
  return broken.severity !== "error" || unrendered === undefined
    ? broken
    : { ...broken, severity: "warning", leniency: unrendered };
}

/** The same for a claim. */
function asRendered(finding: Finding, { unrendered }: Claim): Finding {
  return unrendered === undefined || finding.severity === "warning"
    ? finding
    : { ...finding, severity: "warning", notes: [...finding.notes, `a warning only: ${unrendered}`] };
}

/** In a dry run nothing is stored, so what is waited for could not be there yet. */
function provisionally(broken: Ratcheted): Ratcheted {
  return broken.rule.provisional ? { ...broken, severity: "warning" } : broken;
}

/** An autoscaler's review speaks of scaling only, a claim's of that claim only. */
function concerns({ moment, match }: Broken, change: Change): boolean {
  if (change.cause === "autoscaler") return moment === "steady" && match.byAutoscaler;
  if (change.cause === "claim") return match.claims.some(({ name }) => name === change.claim);
  return true;
}

/** What waits for an object that is not there yet does not matter where another rule already decides. */
function withoutNeedlessDoubt(brokens: readonly Ratcheted[]): readonly Ratcheted[] {
  if (brokens.length === 0) return brokens;
  const isDecision = ({ rule, severity, leniency }: Ratcheted) =>
    !rule.provisional && (severity === "error" || leniency !== undefined);
  return brokens.some(isDecision) ? brokens.filter(({ rule }) => !rule.provisional) : brokens;
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
