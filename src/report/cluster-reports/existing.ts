import { isRecord } from "../../policy/record.ts";

/** A report as the API server has it. */
interface StoredReport {
  readonly metadata: {
    readonly ownerReferences?: unknown;
    readonly [member: string]: unknown;
  };
  readonly [member: string]: unknown;
}

/** The fields that are read of an existing report, whatever wrote it: each may have any shape. */
export interface ExistingReport {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly labels: Readonly<Record<string, unknown>>;
  /** The kind of the object that it is about, taken from its owner; undefined where it has none. */
  readonly subjectKind: string | undefined;
  readonly results: readonly { readonly key: string; readonly seconds: number }[];
  readonly raw: StoredReport;
}

/** @returns undefined for an object without name, uid or version, which no API server sends */
export function existingFrom(raw: unknown): ExistingReport | undefined {
  if (!isRecord(raw) || !isRecord(raw.metadata)) return undefined;
  const { name, uid, resourceVersion, namespace, labels, ownerReferences } = raw.metadata;
  if (typeof name !== "string" || typeof uid !== "string" || typeof resourceVersion !== "string") {
    return undefined;
  }
  const [owner] = Array.isArray(ownerReferences) ? (ownerReferences as unknown[]) : [];
  return {
    namespace: typeof namespace === "string" ? namespace : "",
    name,
    uid,
    resourceVersion,
    labels: isRecord(labels) ? labels : {},
    subjectKind: isRecord(owner) && typeof owner.kind === "string" ? owner.kind : undefined,
    results: (Array.isArray(raw.results) ? (raw.results as unknown[]) : []).flatMap(seenResult),
    raw: raw as StoredReport,
  };
}

function seenResult(result: unknown): readonly { key: string; seconds: number }[] {
  if (!isRecord(result) || !isRecord(result.timestamp)) return [];
  const { rule, result: word, message } = result;
  const { seconds } = result.timestamp;
  return Number.isSafeInteger(seconds)
    ? [{ key: JSON.stringify([rule, word, message]), seconds: seconds as number }]
    : [];
}
