import { inForce, lacksTemplate } from "../policy/borrowed-template.ts";
import { evaluate, evaluateClaim } from "../policy/evaluate.ts";
import { mistypedRules } from "../policy/exemptions.ts";
import type { Finding } from "../policy/finding.ts";
import type { Claim, ObjectRef, SourcePosition, Workload } from "../policy/model.ts";
import { nameOf } from "../policy/phrasing.ts";
import { verdictOf } from "../policy/verdict.ts";
import type { ClusterView } from "../policy/view.ts";
import type { JudgedWorkload, ReportNote } from "../report/report.ts";
import { type Annotated, contextOf, type JudgeSettings } from "./context.ts";
import { type NamespaceMode, namespaceMode } from "./mode.ts";
import { whyAllowed } from "./why-allowed.ts";

/** What is judged: these workloads and claims, with the view as their surroundings. */
export interface Subjects {
  readonly view: ClusterView;
  /** What one of them sees, where that depends on where it stands (files); without it all see `view`. */
  viewFor?(object: Workload | Claim): ClusterView;
  readonly workloads: Iterable<Workload>;
  readonly claims: Iterable<Claim>;
}

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
export async function judgeAll(subjects: Subjects, settings: JudgeSettings): Promise<Judged> {
  const { view } = subjects;
  const findings: Finding[] = [];
  const workloads: JudgedWorkload[] = [];
  const notes: ReportNote[] = [];
  const modes = new Map<string, NamespaceMode>();
  const modeIn = (namespace: string): NamespaceMode => {
    const known = modes.get(namespace) ?? namespaceMode(settings.config, view, namespace);
    modes.set(namespace, known);
    return known;
  };
  for (const written of subjects.workloads) {
    const workload = inForce(written, view);
    notes.push(...annotationNotes(workload));
    if (lacksTemplate(workload, view))
      notes.push({ source: workload.source ?? null, message: unjudged(workload) });
    if (workload.template.mounts.length + workload.claimTemplates.length === 0) continue;
    const namespace = namespaceOf(workload);
    const mode = modeIn(namespace);
    const context = await contextOf(settings, { ...workload, namespace });
    const judgement = evaluate(subjects.viewFor?.(workload) ?? view, workload, null, {
      ...context,
      asItStands: true,
    });
    if (mode.mode !== "off") findings.push(...judgement.findings.map(inDefaultNamespace));
    workloads.push({
      workload: { ...refOf(workload), namespace },
      source: workload.source ?? null,
      verdict: verdictOf(judgement.findings, mode.mode),
      state: isLatent(judgement.findings) ? "latent" : "healthy",
      cluster: null,
      factors: judgement.factors,
      ...whyAllowed(judgement, workload, mode, context.options),
    });
  }
  for (const claim of subjects.claims) {
    const namespace = namespaceOf(claim);
    const subject = { apiVersion: "v1", kind: "PersistentVolumeClaim", ...claim, namespace };
    notes.push(...annotationNotes(subject));
    if (modeIn(namespace).mode === "off") continue;
    const context = await contextOf(settings, subject);
    findings.push(
      ...evaluateClaim(subjects.viewFor?.(claim) ?? view, claim, context).map(inDefaultNamespace),
    );
  }
  const judgedIn = new Set(workloads.map(({ workload }) => workload.namespace));
  for (const [namespace, { note }] of modes) {
    if (note !== undefined && judgedIn.has(namespace)) notes.push({ source: null, message: note });
  }
  return { findings, workloads, notes };
}

function unjudged({ templateFrom, ...workload }: Workload): string {
  const lender = `${templateFrom?.kind} ${templateFrom?.name}`;
  return `${nameOf(workload)} was not judged: its pod template is that of ${lender}, which is not known`;
}

/** Would get stuck, whoever lets it through. */
function isLatent(findings: readonly Finding[]): boolean {
  return findings.some(({ severity, exempted }) => (exempted?.severity ?? severity) === "error");
}

function annotationNotes(
  subject: Annotated & { readonly source: SourcePosition | undefined },
): readonly ReportNote[] {
  const annotations = [subject.annotations, ...(subject.template ? [subject.template.annotations] : [])];
  return mistypedRules(annotations).map((problem) => ({
    source: subject.source ?? null,
    message: `${nameOf(subject)}: ${problem}`,
  }));
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
