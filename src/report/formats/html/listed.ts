import { nameOf } from "../../../policy/phrasing.ts";
import {
  type JudgedWorkload,
  type RenderOptions,
  type Report,
  type ReportedFinding,
  workloadKey,
} from "../../report.ts";

/** A finding with its place in the page. */
export interface Listed {
  readonly finding: ReportedFinding;
  readonly state: JudgedWorkload["state"];
  /** `error`, `warning`, or why it is neither. */
  readonly standing: string;
  /** The id that links use: its fingerprint, and a number where several share one. */
  readonly anchor: string;
}

/** The findings of a page, the worst first: what is stuck, then autoscalers, errors, warnings, the exempted. */
export function listed(
  report: Report,
  options: Pick<RenderOptions, "all" | "includeExempted">,
): readonly Listed[] {
  const states = new Map(report.workloads.map((each) => [workloadKey(each), each.state]));
  const taken = new Map<string, number>();
  return report.findings
    .filter(
      ({ known, exempted }) =>
        (options.all || !known) && (options.includeExempted || report.audit !== null || exempted === null),
    )
    .map((finding) => ({
      finding,
      state: states.get(workloadKey(finding)) ?? (finding.severity === "error" ? "latent" : "healthy"),
      standing: finding.exempted !== null ? "exempted" : finding.known ? "known" : finding.severity,
    }))
    .toSorted((a, b) => gravity(a) - gravity(b))
    .map((each) => {
      const { fingerprint } = each.finding;
      const before = taken.get(fingerprint) ?? 0;
      taken.set(fingerprint, before + 1);
      return { ...each, anchor: `f-${fingerprint}${before === 0 ? "" : `-${before + 1}`}` };
    });
}

function gravity({ finding, state, standing }: Omit<Listed, "anchor">): number {
  if (standing !== "error" && standing !== "warning") return 5;
  if (state === "stuck") return 0;
  if (standing === "warning") return 3;
  return finding.rule === "rwo-autoscaling" ? 1 : 2;
}

/** A workload with its cluster in front where there are several. */
export function placeName({ workload, cluster }: Pick<JudgedWorkload, "workload" | "cluster">): string {
  return cluster === null ? nameOf(workload) : `${cluster}: ${nameOf(workload)}`;
}
