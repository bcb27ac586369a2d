import type { Exemption, Finding } from "../policy/finding.ts";
import type { ObjectRef } from "../policy/model.ts";
import type { JudgedWorkload, Report, ReportError } from "./report.ts";

/** Raised when a member is removed or changes its meaning; a new member does not raise it. */
const SCHEMA_VERSION = 1;

/** One JSON object as `docs/report.schema.json` describes it, with a newline at its end. */
export function renderJson(report: Report): string {
  const document = {
    schemaVersion: SCHEMA_VERSION,
    findings: report.findings.map(findingOf),
    workloads: report.workloads.map(workloadOf),
    errors: report.errors.map(errorOf),
    summary: report.summary,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** Member by member, so that what the policy adds to its own types never changes the contract unseen. */
function findingOf(finding: Finding): unknown {
  const { file, line, column } = finding.source ?? {};
  const { moment, reach, overlap, spread } = finding.factors;
  return {
    rule: finding.rule,
    severity: finding.severity,
    workload: refOf(finding.workload),
    source: finding.source === null ? null : { file, line, column },
    claims: finding.claims.map((claim) => ({
      name: claim.name,
      reach: claim.reach,
      accessModes: claim.accessModes,
      volume: claim.volume,
      storageClass: claim.storageClass,
      provisioner: claim.provisioner,
    })),
    factors: { moment, reach, overlap, spread },
    message: finding.message,
    evidence: finding.evidence,
    fixes: finding.fixes.map(({ id, summary, cost, patch }) => ({ id, summary, cost, patch })),
    exempted: finding.exempted === null ? null : exemptionOf(finding.exempted),
  };
}

function exemptionOf({ by, until, reason }: Exemption): unknown {
  return { by, until, reason };
}

function workloadOf({ workload, verdict, factors }: JudgedWorkload): unknown {
  const { moment, reach, overlap, spread } = factors;
  return { ...refOf(workload), verdict, factors: { moment, reach, overlap, spread } };
}

function errorOf({ file, line, column, message }: ReportError): unknown {
  return { file, line, column, message };
}

function refOf({ apiVersion, kind, namespace, name }: ObjectRef): ObjectRef {
  return { apiVersion, kind, namespace, name };
}
