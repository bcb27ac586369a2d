import { AttachguardError, type ErrorCode } from "../errors.ts";
import { compare } from "../policy/compare.ts";
import type { Factors } from "../policy/factors.ts";
import type { Finding } from "../policy/finding.ts";
import type { ObjectRef, SourcePosition } from "../policy/model.ts";
import type { AttachmentRuleId } from "../policy/rules/index.ts";
import type { Severity, Verdict } from "../policy/verdict.ts";
import type { AuditedCluster, AuditFacts, Since } from "./audit-facts.ts";
import type { AimAt, Commanding } from "./commands.ts";
import { fingerprintOf } from "./fingerprint.ts";
import type { FromLog } from "./log-facts.ts";
import type { Plan } from "./plan.ts";

/** A workload that mounts a claim, whatever its verdict. */
export interface JudgedWorkload {
  readonly workload: ObjectRef;
  readonly source: SourcePosition | null;
  readonly verdict: Verdict;
  /** `latent`: it would get stuck, whether or not that is let through. `stuck`: it is now, by its diagnosis. */
  readonly state: "healthy" | "latent" | "stuck";
  /** The context of its cluster where there are several; else null. */
  readonly cluster: string | null;
  /** Those of the moment that decided. */
  readonly factors: Factors;
  /** Why it is allowed, in a few words; meaningless with another verdict. */
  readonly reason: string;
  /** The facts behind the reason, one sentence each. */
  readonly evidence: readonly string[];
  /** Why what would get stuck may be so soon; absent where nothing says so. */
  readonly imminent?: "rollout-unfinished" | "near-maximum";
  /** What would be enough to leave no error; null where nothing that can be patched is, or there is none. */
  readonly plan?: Plan | null;
}

/** A line of a file and the part of it to highlight; lines and columns count from 1. */
export interface Place extends SourcePosition {
  /** The column after the last highlighted character; null where that is not known. */
  readonly endColumn: number | null;
  /** The line itself where it may be shown; null where it contains something that is not to be printed. */
  readonly text: string | null;
}

export interface RelatedPlace {
  readonly object: ObjectRef;
  readonly place: SourcePosition;
}

/** Where a finding stands in the files. */
export interface FindingPlaces {
  /** The line that decides. */
  readonly place: Place | null;
  /** The other objects involved that stand in a file. */
  readonly relatedPlaces: readonly RelatedPlace[];
}

/** A finding as it is reported. */
export interface ReportedFinding extends Finding, FindingPlaces {
  /** What identifies it from one run to the next (`fingerprint.ts`). */
  readonly fingerprint: string;
  /** True where it was there before: in the baseline, or before the change that is judged. */
  readonly known: boolean;
  /** The context of its cluster where there are several; else null. */
  readonly cluster: string | null;
}

/** A finding about an attachment, or about a volume on a node that lacks one (rules attachment-stale, attachment-endangered). */
export interface ReportedAttachment {
  readonly rule: AttachmentRuleId;
  readonly severity: Severity;
  /** `name` is null where the danger is that there is none. */
  readonly attachment: { readonly name: string | null; readonly node: string; readonly volume: string };
  readonly message: string;
  /** The same in one line. */
  readonly warning: string;
  readonly evidence: readonly string[];
}

/** What kept a part of the input from being judged, and where; lines and columns count from 1. */
export interface ReportError {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly code: ErrorCode;
}

/** Something worth knowing that kept nothing from being judged. */
export interface ReportNote {
  /** Where it was seen; null where no file is involved. */
  readonly source: SourcePosition | null;
  readonly message: string;
  /** True where it is about something that was not rendered, and so perhaps not judged. */
  readonly unrendered?: true;
}

/** An object that mounts a claim and is of a kind that no rule knows. */
export interface NotJudged {
  readonly object: ObjectRef;
  readonly source: SourcePosition | null;
}

export interface Summary {
  readonly workloads: number;
  /** Findings that are neither exempted nor known, by severity. */
  readonly errors: number;
  readonly warnings: number;
  readonly exempted: number;
  readonly known: number;
}

/** How findings are reported, whatever they say. */
export interface Telling extends Commanding {
  /** Where the pages of the rules stand, ending in a slash; null where no address was configured. */
  readonly docsUrl: string | null;
}

/** How a report is printed where there is a choice. */
export interface RenderOptions {
  /** With ANSI colours, for a terminal. */
  readonly colour: boolean;
  /** Columns of the terminal, or the width to assume without one. */
  readonly width: number;
  /** The least severe finding that fails the run. */
  readonly failOn: FailOn;
  /** Also those findings that are let through, in the formats that leave them out otherwise. */
  readonly includeExempted: boolean;
  /** For text: `summary`: no single findings. `quiet`: errors and the last line only. */
  readonly detail: "full" | "summary" | "quiet";
  /** For text and JSON: also the known findings. */
  readonly all: boolean;
}

/** A change that was judged. */
export interface ChangeFacts {
  /** What it leaves open, as a sentence; null where everything was seen. */
  readonly reservation: string | null;
}

/** What `check` and `audit` found, ready to be rendered in any format. */
export interface Report {
  readonly findings: readonly ReportedFinding[];
  readonly workloads: readonly JudgedWorkload[];
  /** Of an audit that looked at pods and attachments; they count for the exit code as findings do. */
  readonly attachments: readonly ReportedAttachment[];
  readonly notJudged: readonly NotJudged[];
  readonly errors: readonly ReportError[];
  readonly notes: readonly ReportNote[];
  readonly summary: Summary;
  /** The version of attachguard that made it. */
  readonly toolVersion: string;
  readonly telling: Telling;
  /** A file's path as a repository's tools know it: relative to its root, with forward slashes. */
  readonly inRepository: (file: string) => string;
  /** True where some findings may be known: from a baseline, or from before the change that is judged. */
  readonly compared: boolean;
  /** About the change that is judged; null where files or a cluster are judged as they stand. */
  readonly change: ChangeFacts | null;
  /** What an audit is about; null for files that are checked. With several clusters, of the first. */
  readonly audit: AuditFacts | null;
  /** The clusters that were audited. */
  readonly clusters: readonly AuditedCluster[];
  /** What became of findings since an earlier report; null where there is none. */
  readonly since: Since | null;
  /** What logs of the webhook say; null where none were given. */
  readonly fromLog: FromLog | null;
}

/** The lowest severity that makes the exit code 1. */
export const FAIL_ON = ["error", "warning", "never"] as const;
export type FailOn = (typeof FAIL_ON)[number];

/** What a report is made of; everything that was found is optional. */
export interface ReportParts
  extends Partial<Omit<Report, "summary" | "findings" | "compared" | "since" | "fromLog">> {
  readonly telling: Telling;
  readonly toolVersion: string;
  readonly inRepository: (file: string) => string;
  readonly findings?: readonly Finding[];
  /** Finds where a finding stands; without it, where its objects begin. */
  readonly placesOf?: (finding: Finding) => FindingPlaces;
  /** Called once for each finding, in the order in which they were found. */
  readonly isKnown?: (fingerprint: string, finding: Finding) => boolean;
  /** The cluster that a finding is of, where there are several. */
  readonly clusterOf?: (finding: Finding) => string | null;
}

/**
 * Puts findings, workloads and the input's errors and notes into the one order that all formats show, which does not
 * depend on the order of files or of documents in them, and counts them.
 */
export function buildReport(found: ReportParts): Report {
  const { workloads = [], notJudged = [], errors = [], notes = [], telling, inRepository } = found;
  const { placesOf = placesBySource, isKnown } = found;
  const { clusterOf = () => null, audit = null, change = null } = found;
  const findings = (found.findings ?? []).map((finding): ReportedFinding => {
    // Most formats do not need it, and a run without it loads no hashing code.
    let fingerprint: string | undefined;
    const identity = () => (fingerprint ??= fingerprintOf(finding, inRepository(finding.source?.file ?? "")));
    return {
      ...finding,
      ...placesOf(finding),
      get fingerprint() {
        return identity();
      },
      known: isKnown?.(identity(), finding) ?? false,
      cluster: clusterOf(finding),
    };
  });
  const fresh = findings.filter(({ known }) => !known);
  const counted = fresh.filter((finding) => finding.exempted === null);
  const count = (severity: Severity) => counted.filter((finding) => finding.severity === severity).length;
  return {
    findings: findings.toSorted(
      (a, b) =>
        compareRefs(a.workload, b.workload) || compare(a.rule, b.rule) || comparePlaces(a.source, b.source),
    ),
    workloads: workloads.toSorted(
      (a, b) => compareRefs(a.workload, b.workload) || comparePlaces(a.source, b.source),
    ),
    attachments: found.attachments ?? [],
    notJudged: notJudged.toSorted(
      (a, b) => compareRefs(a.object, b.object) || comparePlaces(a.source, b.source),
    ),
    errors: errors.toSorted((a, b) => comparePlaces(a, b) || compare(a.message, b.message)),
    notes: notes.toSorted((a, b) => comparePlaces(a.source, b.source) || compare(a.message, b.message)),
    summary: {
      workloads: workloads.length,
      errors: count("error"),
      warnings: count("warning"),
      exempted: fresh.length - counted.length,
      known: findings.length - fresh.length,
    },
    toolVersion: found.toolVersion,
    telling,
    inRepository,
    compared: found.isKnown !== undefined,
    change,
    audit,
    clusters: found.clusters ?? (audit === null ? [] : [audit.cluster]),
    since: null,
    fromLog: null,
  };
}

/** One of several clusters: its report, or why there is none. */
export interface ClusterReport {
  readonly context: string | null;
  readonly report: Report | (AuditedCluster & { readonly problem: string });
}

/** One report of several clusters, in which each finding and workload names its own. */
export function mergedReport(clusters: readonly ClusterReport[]): Report {
  const read = clusters.flatMap(({ context, report }) => ("problem" in report ? [] : [{ context, report }]));
  const failed = clusters.flatMap(({ report }) => ("problem" in report ? [report] : []));
  const [first] = read;
  if (first === undefined) {
    throw new AttachguardError("AG_ERR_API_SERVER", failed.map(({ problem }) => problem).join("\n"));
  }
  const findings = read.flatMap(({ context, report }) =>
    report.findings.map((finding) => ({ ...finding, cluster: context })),
  );
  const workloads = read.flatMap(({ context, report }) =>
    report.workloads.map((workload) => ({ ...workload, cluster: context })),
  );
  const sum = (member: keyof Summary) =>
    read.reduce((total, { report: { summary } }) => total + summary[member], 0);
  const aims = new Map(read.map(({ context, report }) => [context, report.telling.aimAt]));
  const aimAt: AimAt = (object, cluster) =>
    aims.get(cluster)?.(object, cluster) ?? { context: cluster, uid: null };
  return {
    ...first.report,
    telling: { ...first.report.telling, aimAt },
    findings,
    workloads,
    attachments: read.flatMap(({ report }) => report.attachments),
    notJudged: read.flatMap(({ report }) => report.notJudged),
    errors: [
      ...read.flatMap(({ report }) => report.errors),
      ...failed.map(
        ({ problem }): ReportError => ({
          file: "",
          line: 1,
          column: 1,
          message: problem,
          code: "AG_ERR_API_SERVER",
        }),
      ),
    ],
    notes: read.flatMap(({ report }) => report.notes),
    summary: {
      workloads: sum("workloads"),
      errors: sum("errors"),
      warnings: sum("warnings"),
      exempted: sum("exempted"),
      known: sum("known"),
    },
    clusters: read.flatMap(({ report }) => report.clusters),
  };
}

/** By where the objects stand: for findings whose files were not read. */
function placesBySource({ source, related }: Finding): FindingPlaces {
  return {
    place: source && { ...source, endColumn: null, text: null },
    relatedPlaces: related.flatMap(({ object, source }) => (source ? [{ object, place: source }] : [])),
  };
}

/** The exit code of a report: 2 where the input was wrong, 1 where something is at or above `failOn`, else 0. */
export function exitCodeOf(report: Report, failOn: FailOn): 0 | 1 | 2 {
  if (report.errors.length > 0) return 2;
  if (failOn === "never") return 0;
  const failing = report.summary.errors + (failOn === "warning" ? report.summary.warnings : 0);
  const attachments = report.attachments.some(({ severity }) => severity === "error" || failOn === "warning");
  return failing > 0 || attachments ? 1 : 0;
}

/** By code unit: the same on every machine, whatever its locale. */

function compareRefs(a: ObjectRef, b: ObjectRef): number {
  return (
    compare(a.namespace, b.namespace) ||
    compare(a.kind, b.kind) ||
    compare(a.name, b.name) ||
    compare(a.apiVersion, b.apiVersion)
  );
}

/** For objects, decides only between those of the same name that stand in two places. */
function comparePlaces(a: SourcePosition | null, b: SourcePosition | null): number {
  return (
    compare(a?.file ?? "", b?.file ?? "") ||
    (a?.line ?? 0) - (b?.line ?? 0) ||
    (a?.column ?? 0) - (b?.column ?? 0)
  );
}

/** The key that joins a workload and its findings in a report: its cluster and its name. */
export function workloadKey({
  workload: { kind, namespace, name },
  cluster,
}: ReportedFinding | JudgedWorkload): string {
  return JSON.stringify([cluster, kind, namespace, name]);
}
