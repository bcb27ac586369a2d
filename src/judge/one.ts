import { inForce, lacksTemplate } from "../policy/borrowed-template.ts";
import { evaluate, evaluateClaim } from "../policy/evaluate.ts";
import { mistypedRules } from "../policy/exemptions.ts";
import { refOf } from "../policy/field.ts";
import type { Finding } from "../policy/finding.ts";
import type { Claim, SourcePosition, Workload } from "../policy/model.ts";
import { nameOf } from "../policy/phrasing.ts";
import type { Verdict } from "../policy/verdict.ts";
import type { ClusterView } from "../policy/view.ts";
import type { JudgedWorkload, ReportNote } from "../report/report.ts";
import type { ChangeJudgement } from "./change.ts";
import { type Annotated, contextOf, type JudgeSettings } from "./context.ts";
import type { NamespaceMode } from "./mode.ts";
import { type Grounds, whyAllowed } from "./why-allowed.ts";

/**
 * Judges a workload as it stands.
 *
 * @param view the cluster as the workload sees it
 * @param inFull false: as if nothing were changed; true: as if it were created
 */
export async function judgeAsItStands(
  written: Workload,
  view: ClusterView,
  settings: JudgeSettings,
  inFull = false,
): Promise<ChangeJudgement> {
  const workload = inForce(written, view);
  const context = await contextOf(settings, workload);
  const how = inFull ? context : { ...context, asItStands: true as const };
  return { workload, context, judgement: evaluate(view, workload, null, how) };
}

/** Judges a claim by itself. */
export async function judgeClaimAsItStands(
  claim: Claim,
  view: ClusterView,
  settings: JudgeSettings,
): Promise<readonly Finding[]> {
  return evaluateClaim(view, claim, await contextOf(settings, asObject(claim)));
}

export function asObject(claim: Claim): Annotated & { readonly source: SourcePosition | undefined } {
  return { apiVersion: "v1", kind: "PersistentVolumeClaim", ...claim, namespace: namespaceOf(claim) };
}

/** True where pods of a workload mount anything that they could compete for. */
export function mountsAnything({ template, claimTemplates }: Workload): boolean {
  return template.mounts.length + claimTemplates.length > 0;
}

/**
 * The row of a workload in a report.
 *
 * @param why it is allowed, where neither its factors nor its mode are the reason
 */
export function rowOf(
  { workload, judgement, context }: ChangeJudgement,
  findings: readonly Finding[],
  verdict: Verdict,
  mode: NamespaceMode,
  why?: Grounds,
): JudgedWorkload {
  const { factors, evidence } = judgement;
  return {
    workload: { ...refOf(workload), namespace: namespaceOf(workload) },
    source: workload.source ?? null,
    verdict,
    state: isLatent(findings) ? "latent" : "healthy",
    cluster: null,
    factors,
    ...(why ?? whyAllowed({ findings, factors, evidence }, workload, mode, context.options)),
  };
}

/** The notes on a workload, whatever is found. */
export function notesOn(workload: Workload, view: ClusterView): readonly ReportNote[] {
  const notes = annotationNotes(workload);
  if (!lacksTemplate(workload, view)) return notes;
  return [...notes, { source: workload.source ?? null, message: unjudged(workload) }];
}

export function annotationNotes(
  subject: Annotated & { readonly source: SourcePosition | undefined },
): readonly ReportNote[] {
  const annotations = [subject.annotations, ...(subject.template ? [subject.template.annotations] : [])];
  return mistypedRules(annotations).map((problem) => ({
    source: subject.source ?? null,
    message: `${nameOf(subject)}: ${problem}`,
  }));
}

/** A manifest without a namespace means the one that `kubectl apply` would use, and that is reported as `default`. */
export function namespaceOf({ namespace }: { readonly namespace: string }): string {
  return namespace === "" ? "default" : namespace;
}

export function inDefaultNamespace(finding: Finding): Finding {
  return { ...finding, workload: { ...finding.workload, namespace: namespaceOf(finding.workload) } };
}

function unjudged({ templateFrom, ...workload }: Workload): string {
  const lender = `${templateFrom?.kind} ${templateFrom?.name}`;
  return `${nameOf(workload)} was not judged: its pod template is that of ${lender}, which is not known`;
}

/** Would get stuck, whoever lets it through. */
function isLatent(findings: readonly Finding[]): boolean {
  return findings.some(({ severity, exempted }) => (exempted?.severity ?? severity) === "error");
}
