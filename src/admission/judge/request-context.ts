import type { Cluster, Prepared, Wanted } from "../../cluster/cluster.ts";
import type { ChangeJudgement } from "../../judge/change.ts";
import type { JudgeSettings } from "../../judge/context.ts";
import type { Fact } from "../../kube/fact.ts";
import type { Finding } from "../../policy/finding.ts";

/** Everything that one request is judged with. */
export interface RequestContext extends JudgeSettings {
  readonly cluster: Cluster;
  /** Aborts when lookups have to end. */
  readonly signal: AbortSignal;
  /** What the same user dry-ran a short while ago; empty for a real request. */
  readonly remembered: readonly Fact[];
}

export interface Outcome {
  readonly findings: readonly Finding[];
  /** What was assumed or left out, for the log and the audit annotation. */
  readonly notes: readonly string[];
  /** The deadline came before everything had been looked up or judged. */
  readonly cutShort: boolean;
}

export const NOTHING: Outcome = { findings: [], notes: [], cutShort: false };

/** Looks up what is wanted, as far as the deadline allows; after that, what is known has to suffice. */
export function lookUp({ cluster, signal }: RequestContext, wanted: Wanted): Promise<Prepared> {
  return cluster.prepare(wanted, signal);
}

/** Nothing has to be looked up. */
export function asItStands({ cluster }: RequestContext): Prepared {
  return { view: cluster.view, cutShort: false };
}

/** A refused waiver is also reported beside the findings: a warning has no room for it. */
export function outcomeOf({
  judgement: { findings },
  workload,
  context: { waiver },
}: ChangeJudgement): Outcome {
  const refused =
    waiver?.state === "refused" && findings.length > 0
      ? [`${workload.kind} ${workload.name}: the waiver is refused: ${waiver.reason}`]
      : [];
  return { findings, notes: [...workload.notes, ...refused], cutShort: false };
}
