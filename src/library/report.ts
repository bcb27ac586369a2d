import { AttachguardError } from "../errors.ts";
import type {
  JudgedWorkload,
  NotJudged,
  Report as RenderedReport,
  ReportError,
  ReportedFinding,
  ReportNote,
  Summary,
} from "../report/report.ts";

/** What was found in manifests. Returned by `judge` and `judgeChange`. */
export interface Report {
  /** By workload and rule, including the known and the exempted ones. */
  readonly findings: readonly ReportedFinding[];
  /** Every workload that mounts a claim or a disk of its own. */
  readonly workloads: readonly JudgedWorkload[];
  /** Objects that mount a claim and are of a kind that is not judged. */
  readonly notJudged: readonly NotJudged[];
  /** What could not be read, and so was not judged. */
  readonly errors: readonly ReportError[];
  readonly notes: readonly ReportNote[];
  readonly summary: Summary;
  /** The version of attachguard that wrote it. */
  readonly toolVersion: string;
}

const RENDERED = new WeakMap<Report, RenderedReport>();

/** The part of a report that its readers need; it represents all of it. */
export function handedOut(report: RenderedReport): Report {
  const { findings, workloads, notJudged, errors, notes, summary, toolVersion } = report;
  const part: Report = Object.freeze({ findings, workloads, notJudged, errors, notes, summary, toolVersion });
  RENDERED.set(part, report);
  return part;
}

/**
 * The whole of a report that was returned to a caller.
 *
 * @throws AttachguardError AG_ERR_USAGE where it is another object, e.g. a copy
 */
export function inFull(report: Report): RenderedReport {
  const full = RENDERED.get(report);
  if (full !== undefined) return full;
  throw new AttachguardError(
    "AG_ERR_USAGE",
    "this is not a report that judge or judgeChange returned: pass on that object itself, not a copy",
  );
}
