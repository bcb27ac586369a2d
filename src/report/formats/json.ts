import { refOf } from "../../policy/field.ts";
import type { Exemption } from "../../policy/finding.ts";
import type { Fix, FixTarget } from "../../policy/fixes.ts";
import type { ObjectRef, SourcePosition } from "../../policy/model.ts";
import type { AuditFacts } from "../audit-facts.ts";
import { patchCommand } from "../commands.ts";
import { harmlessJson } from "../harmless.ts";
import type { FromLog } from "../log-facts.ts";
import { composed } from "../merge-patch.ts";
import { explainFinding, groundsOf, rulePage, storagePage } from "../message.ts";
import type { Plan } from "../plan.ts";
import type {
  JudgedWorkload,
  NotJudged,
  RenderOptions,
  Report,
  ReportError,
  ReportedFinding,
  ReportNote,
  Telling,
} from "../report.ts";

/** Raised when a member is removed or changes its meaning; a new member does not raise it. */
const SCHEMA_VERSION = 2;

/** One JSON object as `docs/report.schema.json` describes it, with a newline at its end. */
export function renderJson(report: Report, { all }: Pick<RenderOptions, "all"> = { all: false }): string {
  const { telling } = report;
  const document = {
    schemaVersion: SCHEMA_VERSION,
    toolVersion: report.toolVersion,
    findings: report.findings
      .filter(({ known }) => all || !known)
      .map((finding) => findingOf(finding, telling)),
    workloads: report.workloads.map((workload) => workloadOf(workload, telling)),
    notJudged: report.notJudged.map(notJudgedOf),
    errors: report.errors.map(errorOf),
    notes: report.notes.map(noteOf),
    ...(report.audit === null ? {} : auditMembers(report, report.audit)),
    ...(report.fromLog === null ? {} : { fromLog: fromLogOf(report.fromLog) }),
    summary: report.summary,
  };
  return `${harmlessJson(JSON.stringify(document, null, 2))}\n`;
}

/** What only an audit has; the cluster stands on each finding and workload where there are several. */
function auditMembers({ since, attachments }: Report, { cluster, scope, time, read }: AuditFacts): object {
  return {
    cluster: { uid: cluster.uid, context: cluster.context },
    scope: { namespace: scope.namespace, selector: scope.selector },
    time,
    read: read.map(({ kind, namespace, state, why }) => ({ kind, namespace, state, why })),
    attachments: attachments.map(({ rule, severity, attachment, message, evidence }) => ({
      rule,
      severity,
      attachment: { name: attachment.name, node: attachment.node, volume: attachment.volume },
      message,
      evidence,
    })),
    ...(since === null ? {} : { since }),
  };
}

function fromLogOf({ keys, ...log }: FromLog): unknown {
  return {
    source: log.source,
    requests: log.requests,
    dryRuns: log.dryRuns,
    ignoredLines: log.ignoredLines,
    beyond: log.beyond,
    first: log.first,
    last: log.last,
    keys: keys.map(({ rule, kind, namespace, name, count, possibly, first, last, users, now }) => ({
      ...{ rule, kind, namespace, name, count, possibly, first, last, now },
      ...(users === null ? {} : { users }),
    })),
  };
}

/** Member by member, so that a member added to the policy's own types never changes the contract unnoticed. */
function findingOf(finding: ReportedFinding, telling: Telling): unknown {
  const { factors } = finding;
  return {
    rule: finding.rule,
    severity: finding.severity,
    workload: refOf(finding.workload),
    source: sourceOf(finding.source),
    place: finding.place && { ...placeOf(finding.place), endColumn: finding.place.endColumn },
    related: finding.relatedPlaces.map(({ object, place }) => ({
      ...beside(finding.workload, object),
      source: placeOf(place),
    })),
    claims: finding.claims.map((claim) => ({
      name: claim.name,
      reach: claim.reach,
      accessModes: claim.accessModes,
      volume: claim.volume,
      storageClass: claim.storageClass,
      provisioner: claim.provisioner,
      docsUrl: storagePage(claim, telling),
    })),
    factors: factors && factorsOf(factors),
    message: explainFinding(finding, telling),
    evidence: groundsOf(finding),
    fixes: finding.fixes.map((fix) => fixOf(fix, finding, telling)),
    docsUrl: rulePage(finding.rule, telling),
    fingerprint: finding.fingerprint,
    known: finding.known,
    ...(finding.cluster === null ? {} : { cluster: finding.cluster }),
    exempted: finding.exempted && exemptionOf(finding.exempted),
  };
}

/** `patch` holds what is to be changed in the finding's own object, all of it together. */
function fixOf(
  { id, summary, cost, targets, softens }: Fix,
  { workload: subject, cluster }: ReportedFinding,
  telling: Telling,
): unknown {
  const own = targets.filter(({ object }) => object.kind === subject.kind && object.name === subject.name);
  return {
    id,
    summary,
    cost,
    softens: softens === true,
    patch: own.length === 0 ? null : own.map(({ patch }) => patch).reduce(composed),
    targets: targets.map((target) => targetOf(target, subject)),
    commands: commandsOf(targets, telling, cluster),
  };
}

function planOf(
  { fixes, steps }: Plan,
  subject: ObjectRef,
  telling: Telling,
  cluster: string | null,
): unknown {
  return {
    fixes: fixes.map(({ id }) => id),
    steps: steps.map((targets) => ({
      targets: targets.map((target) => targetOf(target, subject)),
      commands: commandsOf(targets, telling, cluster),
    })),
  };
}

function targetOf({ object, patch }: FixTarget, subject: ObjectRef): unknown {
  return { ...beside(subject, object), patch };
}

/** An object of the subject's namespace, which a file need not have said of either. */
function beside({ namespace }: ObjectRef, object: ObjectRef): ObjectRef {
  return { ...refOf(object), namespace: object.namespace || namespace };
}

function commandsOf(
  targets: readonly FixTarget[],
  { isStored, aimAt }: Telling,
  cluster: string | null,
): readonly string[] {
  return targets.flatMap((target) =>
    isStored(target.object) ? (patchCommand(target, aimAt?.(target.object, cluster)) ?? []) : [],
  );
}

function exemptionOf({ by, until, reason }: Exemption): unknown {
  return { by, until, reason };
}

function workloadOf(
  { workload, source, verdict, state, factors, cluster, plan = null }: JudgedWorkload,
  telling: Telling,
): unknown {
  return {
    ...refOf(workload),
    source: sourceOf(source),
    verdict,
    state,
    factors: factorsOf(factors),
    plan: plan && planOf(plan, workload, telling, cluster),
    ...(cluster === null ? {} : { cluster }),
  };
}

function notJudgedOf({ object, source }: NotJudged): unknown {
  return { ...refOf(object), source: sourceOf(source) };
}

function errorOf({ file, line, column, message, code }: ReportError): unknown {
  return { file, line, column, message, code };
}

function noteOf({ source, message }: ReportNote): unknown {
  return { source: sourceOf(source), message };
}

function factorsOf({ moment, reach, overlap, spread }: JudgedWorkload["factors"]): unknown {
  return { moment, reach, overlap, spread };
}

function sourceOf(source: SourcePosition | null): unknown {
  return source && placeOf(source);
}

function placeOf({ file, line, column }: SourcePosition): SourcePosition {
  return { file, line, column };
}
