import type { Fix } from "../policy/fixes.ts";
import { type JudgedWorkload, type Report, type ReportedFinding, workloadKey } from "./report.ts";

/** Names with how often each occurs. */
export type Tally = readonly (readonly [name: string, errors: number, warnings: number])[];

export interface Expiring {
  readonly finding: ReportedFinding;
  readonly until: string;
}

/** What people look for first in an audit. */
export interface AuditOverview {
  readonly worst: readonly JudgedWorkload[];
  readonly byNamespace: Tally;
  readonly byRule: Tally;
  readonly byDriver: Tally;
  readonly byClass: Tally;
  /** Workloads whose errors all end with strategy Recreate, with the fix. */
  readonly fixedByRecreate: readonly { readonly workload: JudgedWorkload; readonly fix: Fix }[];
  /** Workloads with errors for which no change of the workload or its autoscaler is a way out. */
  readonly needStorage: readonly JudgedWorkload[];
  readonly exempted: readonly ReportedFinding[];
  /** Exemptions that end within 14 days. */
  readonly expiring: readonly Expiring[];
}

const WORST = 10;
const SOON_MS = 14 * 24 * 60 * 60 * 1000;

/**
 * @param now milliseconds since the epoch
 */
export function auditOverview({ findings, workloads }: Report, now: number): AuditOverview {
  const counted = findings.filter(({ exempted, known }) => exempted === null && !known);
  const errorsOf = Map.groupBy(
    counted.filter(({ severity }) => severity === "error"),
    workloadKey,
  );
  const warned = new Set(counted.map(workloadKey));
  const withErrors = workloads.filter((workload) => errorsOf.has(workloadKey(workload)));
  const exempted = findings.filter((finding) => finding.exempted !== null);
  return {
    worst: workloads
      .filter((workload) => warned.has(workloadKey(workload)) || workload.state === "stuck")
      .toSorted((a, b) => gravity(a, errorsOf) - gravity(b, errorsOf))
      .slice(0, WORST),
    byNamespace: tally(counted, ({ workload }) => [workload.namespace]),
    byRule: tally(counted, ({ rule }) => [rule]),
    byDriver: tally(counted, ({ claims }) => claims.map(({ provisioner }) => provisioner ?? "not known")),
    byClass: tally(counted, ({ claims }) => claims.map(({ storageClass }) => storageClass ?? "none")),
    fixedByRecreate: withErrors.flatMap((workload) => {
      const [fix, ...more] = workload.plan?.fixes ?? [];
      return fix?.id === "recreate" && more.length === 0 ? [{ workload, fix }] : [];
    }),
    needStorage: withErrors.filter((workload) =>
      (errorsOf.get(workloadKey(workload)) ?? []).some(({ fixes }) =>
        fixes.every(({ targets }) => targets.length === 0),
      ),
    ),
    exempted,
    expiring: exempted.flatMap((finding) => {
      const until = finding.exempted?.until ?? null;
      return until !== null && Date.parse(until) - now < SOON_MS ? [{ finding, until }] : [];
    }),
  };
}

/** Stuck ones first, then those that an autoscaler may make stuck, then by how much is wrong. */
function gravity(
  workload: JudgedWorkload,
  errorsOf: ReadonlyMap<string, readonly ReportedFinding[]>,
): number {
  const errors = errorsOf.get(workloadKey(workload)) ?? [];
  if (workload.state === "stuck") return 0;
  if (errors.length === 0) return 3;
  return errors.some(({ rule }) => rule === "rwo-autoscaling") ? 1 : 2;
}

function tally(
  findings: readonly ReportedFinding[],
  namesOf: (finding: ReportedFinding) => readonly string[],
): Tally {
  const counts = new Map<string, [errors: number, warnings: number]>();
  for (const finding of findings) {
    for (const name of new Set(namesOf(finding))) {
      const count = counts.get(name) ?? [0, 0];
      count[finding.severity === "error" ? 0 : 1] += 1;
      counts.set(name, count);
    }
  }
  return [...counts]
    .map(([name, [errors, warnings]]) => [name, errors, warnings] as const)
    .toSorted((a, b) => b[1] - a[1] || b[2] - a[2] || (a[0] < b[0] ? -1 : 1));
}
