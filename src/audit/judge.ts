import { evaluate, evaluateClaim, type JudgementContext } from "../policy/evaluate.ts";
import type { Waiver } from "../policy/exemptions.ts";
import type { Finding, Mode } from "../policy/finding.ts";
import type { Claim, ObjectRef, Workload } from "../policy/model.ts";
import type { PolicyOptions } from "../policy/options.ts";
import { verdictOf } from "../policy/verdict.ts";
import type { ClusterView } from "../policy/view.ts";
import type { JudgedWorkload } from "../report/report.ts";
import { whyAllowed } from "./why-allowed.ts";

/** What is judged: these workloads and claims, with the view as their surroundings. */
export interface Subjects {
  readonly view: ClusterView;
  readonly workloads: Iterable<Workload>;
  readonly claims: Iterable<Claim>;
}

/** What the configuration says about them. */
export interface JudgeSettings {
  readonly options: PolicyOptions;
  /** The mode of a namespace, from its label in the view or from the configuration. */
  modeOf(namespace: string, view: ClusterView): Mode;
  /** Why a namespace's findings are at most warnings; null where they are not. */
  exemptionOf(namespace: string): string | null;
  /** What became of the waiver on a workload; null where it has none. */
  waiverOf(workload: Workload): Promise<Waiver | null>;
}

export interface Judged {
  readonly findings: readonly Finding[];
  /** Every workload that mounts a claim or a disk of its own. */
  readonly workloads: readonly JudgedWorkload[];
}

/**
 * Judges workloads and claims as if each were being created now, one after the other: what is kept of a workload is
 * its findings and one row.
 */
export async function judgeAll(subjects: Subjects, settings: JudgeSettings): Promise<Judged> {
  const { view } = subjects;
  const findings: Finding[] = [];
  const workloads: JudgedWorkload[] = [];
  for (const workload of subjects.workloads) {
    if (workload.template.mounts.length === 0) continue;
    const namespace = namespaceOf(workload);
    const mode = settings.modeOf(namespace, view);
    const context = contextFor(settings, namespace, await settings.waiverOf(workload));
    const judgement = evaluate(view, workload, null, context);
    if (mode !== "off") findings.push(...judgement.findings.map(inDefaultNamespace));
    workloads.push({
      workload: { ...refOf(workload), namespace },
      source: workload.source ?? null,
      verdict: verdictOf(judgement.findings, mode),
      factors: judgement.factors,
      ...whyAllowed(judgement, mode),
    });
  }
  for (const claim of subjects.claims) {
    const namespace = namespaceOf(claim);
    if (settings.modeOf(namespace, view) === "off") continue;
    const context = contextFor(settings, namespace, null);
    findings.push(...evaluateClaim(view, claim, context).map(inDefaultNamespace));
  }
  return { findings, workloads };
}

function contextFor(settings: JudgeSettings, namespace: string, waiver: Waiver | null): JudgementContext {
  return { options: settings.options, waiver, namespace: settings.exemptionOf(namespace) };
}

/** A file that says no namespace means the one that `kubectl apply` would use, and that is reported as `default`. */
function namespaceOf({ namespace }: { readonly namespace: string }): string {
  return namespace === "" ? "default" : namespace;
}

function inDefaultNamespace(finding: Finding): Finding {
  return { ...finding, workload: { ...finding.workload, namespace: namespaceOf(finding.workload) } };
}

function refOf({ apiVersion, kind, namespace, name }: ObjectRef): ObjectRef {
  return { apiVersion, kind, namespace, name };
}
