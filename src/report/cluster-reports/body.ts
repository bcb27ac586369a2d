import { isDeepStrictEqual } from "node:util";
import { kindFor, type ReportApi } from "./apis.ts";
import type { ExistingReport } from "./existing.ts";
import { PRODUCER, type WantedReport, type WantedResult } from "./wanted.ts";

/** A report as it is sent to the API server. */
export interface ReportBody {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly ownerReferences: readonly object[];
  };
  readonly [member: string]: unknown;
}

export const MANAGED_BY = "app.kubernetes.io/managed-by";

const NAME_PREFIX = `${PRODUCER}-`;

/** The name of the report about an object. */
export function reportName(uid: string): string {
  return `${NAME_PREFIX}${uid}`;
}

/** The uid in a report's name; undefined for a name that is not of that form. */
export function uidInName(name: string): string | undefined {
  return name.startsWith(NAME_PREFIX) ? name.slice(NAME_PREFIX.length) : undefined;
}

/**
 * The report as one API takes it. Results that are in `existing` too keep the time at which they were first seen.
 *
 * @param seconds now, since the epoch
 */
export function bodyOf(
  wanted: WantedReport,
  api: ReportApi,
  seconds: number,
  existing?: ExistingReport,
): ReportBody {
  const { subject, results } = wanted;
  const { apiVersion, kind, namespace, name, uid } = subject;
  const inNamespace = namespace === "" ? {} : { namespace };
  const seen = new Map(existing?.results.map(({ key, seconds }) => [key, seconds]));
  return {
    apiVersion: `${api.group}/${api.version}`,
    kind: kindFor(api, namespace).kind,
    metadata: {
      name: reportName(uid),
      ...inNamespace,
      ...(existing && { uid: existing.uid, resourceVersion: existing.resourceVersion }),
      labels: { [MANAGED_BY]: PRODUCER },
      // Blocking the owner's deletion would need a right to its finalizers where the cluster checks that.
      ownerReferences: [{ apiVersion, kind, name, uid, blockOwnerDeletion: false }],
    },
    ...(api.hasSource ? { source: PRODUCER } : {}),
    scope: { apiVersion, kind, ...inNamespace, name, uid },
    summary: summaryOf(results),
    results: results.map((result) => ({
      ...result,
      timestamp: { seconds: seenAt(seen.get(resultKey(result)), seconds), nanos: 0 },
    })),
  };
}

/** A time in the future was not written by attachguard. */
function seenAt(before: number | undefined, now: number): number {
  return before !== undefined && before <= now ? before : now;
}

/** What readers recognise a result by. */
function resultKey({ rule, result, message }: Pick<WantedResult, "rule" | "result" | "message">): string {
  return JSON.stringify([rule, result, message]);
}

/** Readers take the counts from here, and nothing else computes them. */
function summaryOf(results: readonly WantedResult[]): Readonly<Record<string, number>> {
  const count = (word: string) => results.filter(({ result }) => result === word).length;
  return { pass: 0, fail: count("fail"), warn: count("warn"), error: 0, skip: count("skip") };
}

/** Whether what is stored says just what the body says, so that nothing has to be written. Labels may be added. */
export function isWritten({ raw, labels }: ExistingReport, body: ReportBody): boolean {
  const { apiVersion: _apiVersion, kind: _kind, metadata: _metadata, ...content } = raw;
  const { apiVersion, kind, metadata, ...wanted } = body;
  return (
    Object.entries(metadata.labels).every(([key, value]) => labels[key] === value) &&
    isDeepStrictEqual(_metadata.ownerReferences, metadata.ownerReferences) &&
    isDeepStrictEqual(content, wanted)
  );
}
