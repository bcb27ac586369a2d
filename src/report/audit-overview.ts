import type { Fix } from "../policy/fixes.ts";
import { plural } from "../policy/phrasing.ts";
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
  /** How many more have findings or are stuck. */
  readonly beyondWorst: number;
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
  const affected = workloads.filter(
    (workload) => warned.has(workloadKey(workload)) || workload.state === "stuck",
  );
  return {
    worst: affected
      .toSorted(
        (a, b) =>
          gravity(a, errorsOf) - gravity(b, errorsOf) || errorCount(b, errorsOf) - errorCount(a, errorsOf),
      )
      .slice(0, WORST),
    beyondWorst: Math.max(affected.length - WORST, 0),
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

/** How many workloads there are, and in which state. */
export function statesText({ workloads }: Pick<Report, "workloads">): string {
  const count = (state: JudgedWorkload["state"]) => workloads.filter((each) => each.state === state).length;
  const held = workloads.filter(({ factors }) => factors.reach === "node" || factors.reach === "pod").length;
  return (
    `${plural(workloads.length, "workload")} with volumes; ${held} of them on a volume that only one node or one pod may hold: ` +
    `${count("latent")} latent (would get stuck), ${count("stuck")} stuck now.`
  );
}

/** Why it is among the worst, in a few words; null where its findings say it. */
export function whyWorst({ state, reason, imminent }: JudgedWorkload): string | null {
  if (state === "stuck") return reason;
  if (state === "healthy" || imminent === undefined) return null;
  return imminent === "rollout-unfinished"
    ? "its rollout has not finished"
    : "its autoscaler is within one of the maximum";
}

type ErrorsOf = ReadonlyMap<string, readonly ReportedFinding[]>;

function errorCount(workload: JudgedWorkload, errorsOf: ErrorsOf): number {
  return errorsOf.get(workloadKey(workload))?.length ?? 0;
}

/** Stuck ones first, then unfinished rollouts, then autoscalers near their maximum, then by how severe it is. */
function gravity(workload: JudgedWorkload, errorsOf: ErrorsOf): number {
  if (workload.state === "stuck") return 0;
  if (errorCount(workload, errorsOf) === 0) return 4;
  if (workload.imminent === undefined) return 3;
  return workload.imminent === "rollout-unfinished" ? 1 : 2;
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
