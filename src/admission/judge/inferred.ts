import type { Prepared } from "../../cluster/cluster.ts";
import { overlay } from "../../cluster/overlay.ts";
import type { Finding } from "../../policy/finding.ts";
import { isProvisional } from "../../policy/rules/index.ts";
import type { ClusterView } from "../../policy/view.ts";
import type { Outcome, RequestContext } from "./request-context.ts";

const INFERRED = "inferred from your earlier dry run";

/**
 * Judges against the cluster and, for a dry run, once more with what the same user dry-ran before overlaid. That memory
 * only ever turns "not known" into a warning or a pass: it neither denies nor lifts a denial.
 */
export async function judgeWithMemory(
  { remembered }: RequestContext,
  { view, cutShort }: Prepared,
  judge: (view: ClusterView) => Promise<Outcome>,
): Promise<Outcome> {
  const plain = await judge(view);
  if (remembered.length === 0) return cutShort ? { ...plain, cutShort } : plain;
  const laid = await judge(overlay(view, remembered));
  const seen = new Set(plain.findings.map(identity));
  const stillThere = new Set(laid.findings.map(identity));
  return {
    findings: [
      ...plain.findings.filter(
        (finding) => !isProvisional(finding.rule) || stillThere.has(identity(finding)),
      ),
      ...laid.findings.filter((finding) => !seen.has(identity(finding))).map(asInferred),
    ],
    notes: laid.notes,
    cutShort: plain.cutShort || laid.cutShort || cutShort,
  };
}

function asInferred(finding: Finding): Finding {
  return { ...finding, severity: "warning", inferred: true, notes: [...finding.notes, INFERRED] };
}

function identity({ rule, workload: { kind, namespace, name } }: Finding): string {
  return JSON.stringify([rule, kind, namespace, name]);
}
