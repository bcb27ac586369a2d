import type { Labels } from "../policy/model.ts";
import { isRecord, labels, list, NO_LABELS, nonEmpty, type Raw, record, shared, text } from "./raw.ts";

/** The type of an object that does not state its own: the items of a typed list carry neither field. */
export interface TypeMeta {
  readonly apiVersion: string;
  readonly kind: string;
}

/** The object's own apiVersion and kind, else those of the list it came in. */
export function typeOf(raw: Raw, inherited?: TypeMeta): TypeMeta | undefined {
  const apiVersion = nonEmpty(raw.apiVersion) ?? inherited?.apiVersion;
  const kind = nonEmpty(raw.kind) ?? inherited?.kind;
  return apiVersion === undefined || kind === undefined
    ? undefined
    : { apiVersion: shared(apiVersion), kind: shared(kind) };
}

export const ANNOTATION_PREFIX = "attachguard.dev/";

export interface Metadata {
  readonly namespace: string;
  /** `generateName` where there is no name yet; `""` where there is neither. */
  readonly name: string;
  readonly uid: string | undefined;
  readonly labels: Labels;
  /** Only attachguard's own: others (last-applied-configuration above all) can be larger than the object. */
  readonly annotations: Labels;
  readonly createdAt: number | undefined;
}

const isOwn = (key: string): boolean => key.startsWith(ANNOTATION_PREFIX);

export function metadataOf(raw: Raw): Metadata {
  const metadata = record(raw.metadata);
  return {
    namespace: shared(text(metadata.namespace) ?? ""),
    name: shared(nonEmpty(metadata.name) ?? text(metadata.generateName) ?? ""),
    uid: nonEmpty(metadata.uid),
    labels: labels(metadata.labels),
    annotations: ownAnnotations(metadata.annotations),
    createdAt: timeOf(metadata.creationTimestamp),
  };
}

/** The annotations with attachguard's prefix. */
export function ownAnnotations(annotations: unknown): Labels {
  return isRecord(annotations) ? labels(annotations, isOwn) : NO_LABELS;
}

/** An annotation that is not attachguard's, e.g. `storageclass.kubernetes.io/is-default-class`. */
export function annotationOf(raw: Raw, key: string): string | undefined {
  const annotations = record(record(raw.metadata).annotations);
  return Object.hasOwn(annotations, key) ? text(annotations[key]) : undefined;
}

/** A metav1.Time in milliseconds since the epoch. */
export function timeOf(value: unknown): number | undefined {
  if (typeof value !== "string") return undefined;
  const time = secondOf(value) ?? Date.parse(value);
  return Number.isNaN(time) ? undefined : time;
}

/** Where the digits of `2026-01-31T23:59:59Z` stand, which is how the API server writes a metav1.Time. */
const DIGITS = [0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18] as const;
const MOST = { month: 12, day: 28, hour: 23, minute: 59, second: 59 } as const;

/**
 * The usual form, many times as fast as Date.parse; undefined for any other form, and for days that not every month
 * has.
 */
function secondOf(text: string): number | undefined {
  if (text.length !== 20 || text[19] !== "Z" || text[4] !== "-" || text[7] !== "-") return undefined;
  if (text[10] !== "T" || text[13] !== ":" || text[16] !== ":") return undefined;
  for (const at of DIGITS) {
    const code = text.charCodeAt(at);
    if (code < 48 || code > 57) return undefined;
  }
  const two = (at: number) => (text.charCodeAt(at) - 48) * 10 + text.charCodeAt(at + 1) - 48;
  const year = two(0) * 100 + two(2);
  const month = two(5);
  const day = two(8);
  const hour = two(11);
  const minute = two(14);
  const second = two(17);
  const isUsual =
    year >= 1970 &&
    month >= 1 &&
    month <= MOST.month &&
    day >= 1 &&
    day <= MOST.day &&
    hour <= MOST.hour &&
    minute <= MOST.minute &&
    second <= MOST.second;
  return isUsual ? Date.UTC(year, month - 1, day, hour, minute, second) : undefined;
}

/**
 * True where another object creates and replaces this one (`metav1.GetControllerOf`).
 *
 * @param kind of that object; any where it is left out
 */
export function hasController(raw: Raw, kind?: string): boolean {
  return list(record(raw.metadata).ownerReferences).some(
    (owner) => record(owner).controller === true && (kind === undefined || record(owner).kind === kind),
  );
}
