import type { Cluster } from "../cluster/cluster.ts";
import type { Config } from "../config/model.ts";
import { isExcluded } from "../config/scope.ts";
import type { WaiverCheck } from "../judge/context.ts";
import { autoscalerFact, claimFact, type Fact, workloadFact } from "../kube/fact.ts";
import type { Severity } from "../policy/verdict.ts";
import { type IsStored, noneStored } from "../report/commands.ts";
import type { Decision } from "./answer.ts";
import type { DryRunMemory } from "./dry-run-memory.ts";
import { freshnessOf } from "./freshness.ts";
import { judgeAutoscaler } from "./judge/autoscaler.ts";
import { judgeClaim } from "./judge/claim.ts";
import { NOTHING, type Outcome, type RequestContext } from "./judge/request-context.ts";
import { judgeScale } from "./judge/scale.ts";
import { judgeWorkload } from "./judge/workload.ts";
import { modeFor } from "./mode.ts";
import { isStanding, rememberedFor } from "./remembered.ts";
import type { ReviewRequest } from "./review.ts";
import { type Subject, subjectOf } from "./subject.ts";

/** What all decisions of a server share. */
export interface DecisionSources {
  readonly cluster: Cluster;
  readonly config: () => Config;
  readonly memory: DryRunMemory;
  readonly verifyWaiver: WaiverCheck;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** True where nothing but answer, log and metrics is made of a decision: a finding that denies nothing is one line. */
  readonly answersOnly?: true;
}

const WARNINGS: readonly Severity[] = ["warning"];
const WHATEVER: readonly Severity[] = ["error", "warning"];

/**
 * Decides one review.
 *
 * @param signal aborts when lookups have to end; the decision is then based on what is known
 * @throws RequestRefused (400) where the object is not what the resource says
 */
export async function decide(
  request: ReviewRequest,
  sources: DecisionSources,
  signal: AbortSignal,
): Promise<Decision> {
  const subject = subjectOf(request);
  if (subject.type === "none") return unjudged(subject.reason);
  const config = sources.config();
  if (isExcluded(config, request.namespace)) return unjudged(`namespace ${request.namespace} is excluded`);
  const { mode, notes } = modeFor(request, subject, sources.cluster.view, config);
  if (mode === "off") return unjudged("the mode is off");

  const now = sources.now();
  const { memory } = sources;
  const remembered = request.dryRun
    ? rememberedFor(subject, memory.recall(request.user.name, request.namespace, now), sources.cluster.view)
    : [];
  const context: RequestContext = {
    cluster: sources.cluster,
    config,
    signal,
    remembered,
    now,
    dryRun: request.dryRun,
    verifyWaiver: sources.verifyWaiver,
    inALine: sources.answersOnly && (mode === "enforce" ? WARNINGS : WHATEVER),
  };
  const outcome = await judge(context, subject);
  const fact = request.dryRun ? factOf(subject) : undefined;
  if (fact) {
    if (isStanding(fact, sources.cluster.view)) memory.forget(request.user.name, request.namespace, fact);
    else memory.remember(request.user.name, request.namespace, fact, now);
  }
  const { stale, unseen } = freshnessOf(subject, sources.cluster.status(), config.cluster.staleAfterSeconds);
  return {
    judged: true,
    mode,
    findings: outcome.findings,
    notes: [...notes, ...outcome.notes, ...unseen],
    late: outcome.cutShort,
    stale,
    telling: { docsUrl: config.docsUrl, isStored: storedBeside(subject, request) },
  };
}

/** An object that is being created does not exist yet; everything else that a finding names does. */
function storedBeside(subject: Subject, { operation }: ReviewRequest): IsStored {
  const created = operation === "CREATE" ? factOf(subject) : undefined;
  return ({ kind, name }) => created === undefined || kind !== created.kind || name !== created.object.name;
}

function judge(context: RequestContext, subject: Subject): Promise<Outcome> {
  switch (subject.type) {
    case "workload":
      return judgeWorkload(context, subject);
    case "scale":
      return judgeScale(context, subject);
    case "autoscaler":
      return judgeAutoscaler(context, subject);
    case "claim":
      return judgeClaim(context, subject);
    case "none":
      return Promise.resolve(NOTHING);
  }
}

/** What a later dry run of the same user may see. A scale has no object of its own. */
function factOf(subject: Subject): Fact | undefined {
  switch (subject.type) {
    case "workload":
      return workloadFact(subject.next);
    case "autoscaler":
      return autoscalerFact(subject.next);
    case "claim":
      return claimFact(subject.claim);
    default:
      return undefined;
  }
}

function unjudged(reason: string): Decision {
  return {
    judged: false,
    mode: null,
    findings: [],
    notes: [reason],
    late: false,
    stale: undefined,
    telling: { docsUrl: null, isStored: noneStored },
  };
}
