import type { Finding } from "../policy/finding.ts";
import type { Claim, Workload } from "../policy/model.ts";
import { rolloutUnfinished } from "../policy/rollout-status.ts";
import { verdictOf } from "../policy/verdict.ts";
import { type ClusterView, knownValue } from "../policy/view.ts";
import type { Plan } from "../report/plan.ts";
import type { JudgedWorkload, ReportNote } from "../report/report.ts";
import type { JudgeSettings } from "./context.ts";
import { NamespaceModes } from "./mode.ts";
import {
  annotationNotes,
  asObject,
  inDefaultNamespace,
  judgeAsItStands,
  judgeClaimAsItStands,
  mountsAnything,
  namespaceOf,
  notesOn,
  rowOf,
} from "./one.ts";

/** What is judged: these workloads and claims, with the view as their surroundings. */
export interface Subjects {
  readonly view: ClusterView;
  /** The view for one of them, where that depends on its file; without it all use `view`. */
  viewFor?(object: Workload | Claim): ClusterView;
  readonly workloads: Iterable<Workload>;
  readonly claims: Iterable<Claim>;
  /** Called before each workload with the number judged so far. */
  readonly onWorkload?: (done: number) => void;
}

/** Computes what would be enough for a workload in the view, from its findings. */
export type PlanMaker = (
  written: Workload,
  findings: readonly Finding[],
  view: ClusterView,
  settings: JudgeSettings,
) => Promise<Plan | null>;

export interface Judged {
  readonly findings: readonly Finding[];
  /** Every workload that mounts a claim or a disk of its own, StatefulSets with claim templates included. */
  readonly workloads: readonly JudgedWorkload[];
  /** What was assumed or could not be taken as written, once each. */
  readonly notes: readonly ReportNote[];
}

/**
 * Judges workloads and claims as if each were being created now, one after the other: what is kept of a workload is
 * its findings and one row.
 */
export async function judgeAll(
  subjects: Subjects,
  settings: JudgeSettings,
  planFor?: PlanMaker,
): Promise<Judged> {
  const { view } = subjects;
  const findings: Finding[] = [];
  const workloads: JudgedWorkload[] = [];
  const notes: ReportNote[] = [];
  const modes = new NamespaceModes(settings.config, view);
  let done = 0;
  for (const written of subjects.workloads) {
    subjects.onWorkload?.(done++);
    const own = subjects.viewFor?.(written) ?? view;
    const judged = await judgeAsItStands(written, own, settings);
    notes.push(...notesOn(judged.workload, own));
    if (!mountsAnything(judged.workload)) continue;
    const mode = modes.in(namespaceOf(written));
    const found = judged.judgement.findings;
    if (mode.mode !== "off") findings.push(...found.map(inDefaultNamespace));
    const row = {
      ...rowOf(judged, found, verdictOf(found, mode.mode), mode),
      ...imminence(judged.workload, own),
    };
    const plan = mode.mode === "off" ? undefined : await planFor?.(written, found, own, settings);
    workloads.push(plan == null ? row : { ...row, plan });
  }
  for (const claim of subjects.claims) {
    notes.push(...annotationNotes(asObject(claim)));
    if (modes.in(namespaceOf(claim)).mode === "off") continue;
    const own = subjects.viewFor?.(claim) ?? view;
    findings.push(...(await judgeClaimAsItStands(claim, own, settings)).map(inDefaultNamespace));
  }
  const judgedIn = new Set(workloads.map(({ workload }) => workload.namespace));
  return { findings, workloads, notes: [...notes, ...modes.notesOn(judgedIn)] };
}

function imminence(workload: Workload, view: ClusterView): Pick<JudgedWorkload, "imminent"> {
  if (rolloutUnfinished(workload)) return { imminent: "rollout-unfinished" };
  const { pods } = workload;
  if (pods.by !== "replicas" || pods.replicas === 0) return {};
  const isNear = (knownValue(view.autoscalersOf(workload)) ?? []).some(
    ({ maxReplicas }) => maxReplicas > 1 && pods.replicas >= maxReplicas - 1,
  );
  return isNear ? { imminent: "near-maximum" } : {};
}
