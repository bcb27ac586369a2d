/**
 * The policy as design.md says it, without anything that makes it cheap: every factor of every state is computed at
 * once, with work without end shared by nobody, the state before is judged always, and no two nodes look alike. What
 * the engine answers is compared with this; only what the factors and rules themselves say is taken from it.
 */
import { awakened } from "../../src/policy/asleep.ts";
import type { Moment } from "../../src/policy/factors.ts";
import { haltingChange } from "../../src/policy/halting-change.ts";
import type { Mount, Node, Workload } from "../../src/policy/model.ts";
import type { PolicyOptions } from "../../src/policy/options.ts";
import { rolloutOverlap, steadyOverlap } from "../../src/policy/overlap.ts";
import { type Broken, type Change, ratchet, resumes, wakesUp } from "../../src/policy/ratchet.ts";
import { reachOfMount } from "../../src/policy/reach.ts";
import { RULES } from "../../src/policy/rules/index.ts";
import { rwoRollingUpdate } from "../../src/policy/rules/rwo-rolling-update.ts";
import type { Situation } from "../../src/policy/situation.ts";
import { rolloutSpread, steadySpread } from "../../src/policy/spread/spread.ts";
import { Work } from "../../src/policy/spread/work.ts";
import { type ClusterView, known } from "../../src/policy/view.ts";

/** What is compared: which rules, how grave, at which moment, with which factors and claims, and why only a warning. */
export interface Told {
  readonly rule: string;
  readonly severity: string;
  readonly factors: unknown;
  readonly claims: readonly string[];
  readonly problem: string;
  readonly also: readonly string[];
  readonly evidence: readonly string[];
  readonly leniency: string | undefined;
}

/** @param change as for `evaluate`; nothing is exempted and the run is not a dry one */
export function judgedEagerly(
  view: ClusterView,
  workload: Workload,
  change: Change | null,
  options: PolicyOptions,
): readonly Told[] {
  const plain = apart(view);
  const now = situationOf(plain, workload, options, undefined);
  let brokens: (Broken & { leniency?: string | undefined })[] = brokenIn(now);
  if (change !== null) {
    const before = apart(change.previousView);
    const waking = wakesUp(change, workload);
    const previous = waking ? { ...change.previous, pods: workload.pods } : change.previous;
    const known = brokenIn(situationOf(before, previous, options, undefined));
    const started = startedBy(change, now, plain, options);
    if (started !== undefined) {
      const replaced = brokenIn(started)
        .filter(({ moment }) => moment === "rollout")
        .map((broken) => ({ ...broken, latent: false }));
      const rules = new Set(replaced.map(({ rule }) => rule.id));
      brokens = [
        ...brokens.filter(({ moment, rule }) => moment === "steady" || !rules.has(rule.id)),
        ...replaced,
      ];
    }
    if (waking) brokens = brokens.filter(({ moment }) => moment === "steady");
    brokens = brokens.map((broken) => ratchet(broken, known, change, options));
    const halting = haltingChange(change, now);
    if (halting !== null) {
      brokens.push({
        rule: rwoRollingUpdate,
        moment: "rollout",
        match: halting,
        severity: "warning",
        situation: now,
        latent: false,
      });
    }
  }
  if (change !== null) brokens = brokens.filter((broken) => isAbout(change, broken));
  const decides = brokens.some(
    ({ rule, severity, leniency }) => !rule.provisional && (severity === "error" || leniency !== undefined),
  );
  const relevant = decides ? brokens.filter(({ rule }) => !rule.provisional) : brokens;
  const told: Told[] = [];
  for (const severity of ["error", "warning"]) {
    for (const rule of RULES) {
      const own = relevant.filter((broken) => broken.rule.id === rule.id);
      const ranked = [
        ...own.filter((one) => one.severity === "error" && one.moment === "steady"),
        ...own.filter((one) => one.severity === "error" && one.moment === "rollout"),
        ...own.filter((one) => one.severity === "warning" && one.moment === "steady"),
        ...own.filter((one) => one.severity === "warning" && one.moment === "rollout"),
      ];
      const [lead, ...folded] = ranked;
      if (lead?.severity === severity) told.push(toldOf(lead, folded));
    }
  }
  return told;
}

/** An autoscaler's review speaks of what autoscalers do, a claim's of that claim, every other one of everything. */
function isAbout({ cause, claim }: Change, { moment, match }: Broken): boolean {
  switch (cause) {
    case "autoscaler":
      return moment === "steady" && match.byAutoscaler;
    case "claim":
      return match.claims.some(({ name }) => name === claim);
    case "scale":
    case "update":
      return true;
  }
}

function toldOf(lead: Broken & { leniency?: string | undefined }, folded: readonly Broken[]): Told {
  const { rule, severity, moment, match, situation, leniency } = lead;
  const { overlap, spread } = situation[moment];
  const reaches = ["pod", "node", "unknown", "unenforced", "many"];
  const described = match.claims.slice(0, 3).flatMap(({ evidence }) => evidence);
  const more = match.claims.length > 3 ? [`and ${match.claims.length - 3} more such claims`] : [];
  const facts = [...overlap.evidence, ...spread.evidence, ...described, ...more, ...situation.workload.notes];
  return {
    rule: rule.id,
    severity,
    factors: {
      moment,
      reach: reaches.find((reach) => match.claims.some((claim) => claim.reach === reach)),
      overlap: overlap.value,
      spread: spread.value,
    },
    claims: match.claims.map(({ name }) => name),
    problem: match.problem,
    also: folded.map((other) => other.match.problem),
    evidence: [...new Set(facts), ...match.evidence],
    leniency,
  };
}

function startedBy(
  change: Change,
  now: Situation,
  view: ClusterView,
  options: PolicyOptions,
): Situation | undefined {
  const { pods } = change.previous;
  if (!change.templateChanged) return resumes(change, now.workload) ? now : undefined;
  if (pods.by === "replicas" && pods.replicas === 0) return undefined;
  return situationOf(view, now.workload, options, change.previous);
}

/** @param from the workload whose pods are replaced; `undefined`: the template meets itself */
function situationOf(
  view: ClusterView,
  workload: Workload,
  options: PolicyOptions,
  from: Workload | undefined,
): Situation {
  const mounts = distinct(workload.template.mounts);
  const claims = mounts.map((mount) => reachOfMount(mount, workload.namespace, view, options));
  const before = new Set((from ?? workload).template.mounts.map(identity));
  const both = claims.filter((_, at) => before.has(identity(mounts[at] as Mount)));
  return {
    workload,
    view,
    options,
    work: new Work(),
    steady: {
      claims,
      overlap: steadyOverlap(workload, view),
      spread: steadySpread(workload, claims, view, options),
    },
    rollout: {
      claims: both,
      overlap: rolloutOverlap(workload, view),
      spread: rolloutSpread(workload, from, both, view, options),
    },
  };
}

function brokenIn(situation: Situation): Broken[] {
  const { view, workload, options, steady } = situation;
  const awake = steady.overlap.value === "zero" ? awakened(workload, view) : undefined;
  const asleep = awake && atMoments(situationOf(view, awake, options, undefined), options, ["steady"]);
  return [
    ...atMoments(situation, options, ["steady", "rollout"]),
    ...(asleep ?? [])
      .filter(({ match }) => match.byAutoscaler)
      .map((broken) => ({ ...broken, asleep: true }) as const),
  ];
}

function atMoments(situation: Situation, options: PolicyOptions, moments: readonly Moment[]): Broken[] {
  const found: Broken[] = [];
  for (const rule of RULES) {
    if (rule.subject !== "workload") continue;
    for (const moment of rule.moments) {
      if (!moments.includes(moment)) continue;
      const match = rule.judge(situation, moment);
      const configured = options.severities[rule.id] ?? rule.severity;
      if (match === null || configured === "off") continue;
      const severity = match.soft ? "warning" : configured;
      found.push({ rule, moment, match, severity, situation, latent: moment === "rollout" });
    }
  }
  return found;
}

/** The same cluster, in which every node has two labels of its own, so that none stands for another. */
const lists = new WeakMap<readonly Node[], readonly Node[]>();
function apart(view: ClusterView): ClusterView {
  return new Proxy(view, {
    get(of, name) {
      if (name !== "nodes") {
        const member: unknown = Reflect.get(of, name, of);
        return typeof member === "function" ? member.bind(of) : member;
      }
      return () => {
        const found = of.nodes();
        if (found.state !== "known") return found;
        let list = lists.get(found.value);
        if (list === undefined) {
          list = found.value.map((node, at) => ({
            ...node,
            labels: { ...node.labels, "test/row": `${at % 30}`, "test/column": `${Math.floor(at / 30)}` },
          }));
          lists.set(found.value, list);
        }
        return known(list, found.ageSeconds);
      };
    },
  });
}

function distinct(mounts: readonly Mount[]): readonly Mount[] {
  return mounts.filter((mount, at) => mounts.findIndex((one) => identity(one) === identity(mount)) === at);
}

function identity(mount: Mount): string {
  return mount.kind === "claim" ? `claim ${mount.claimName}` : `${mount.source.type} ${mount.volumeName}`;
}
