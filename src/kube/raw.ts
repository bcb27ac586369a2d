import type { Labels } from "../policy/model.ts";
import { isRecord } from "../policy/record.ts";

export { isRecord };

/**
 * Reading of values that came from JSON or YAML and may have any shape. Nothing here throws or changes what it
 * reads: a value of the wrong type is read as absent.
 */

export type Raw = Readonly<Record<string, unknown>>;

/** The one empty list: a view of 100,000 objects holds it a million times. */
export const NOTHING: readonly never[] = Object.freeze([]);

const EMPTY: Raw = Object.freeze({});

/** The value as an object; an empty one where it is anything else, so that reads can be chained. */
export function record(value: unknown): Raw {
  return isRecord(value) ? value : EMPTY;
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : NOTHING;
}

/** A string as it is, `undefined` for everything else. */
export function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** A string that is not empty; the API reads an empty one as absent in most fields. */
export function nonEmpty(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** A whole number from 0 to the largest int32, which is what the API takes for counts. */
export function count(value: unknown): number | undefined {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 0x7fffffff
    ? value
    : undefined;
}

/** Scalars as text: `values: [1]` and `app: true` are refused by the API server, but their meaning is plain. */
function scalar(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return undefined;
}

export function texts(value: unknown): readonly string[] {
  const entries = list(value);
  if (entries.length === 0) return NOTHING;
  const read: string[] = [];
  for (const entry of entries) {
    const one = scalar(entry);
    if (one !== undefined) read.push(shared(one));
  }
  return read.length === 0 ? NOTHING : read;
}

/**
 * Maps of strings have this prototype and not Object's: `labels.constructor` and a label called `__proto__` are
 * then what they should be. (A null prototype would do as well, but makes V8 keep each map as a hash table.)
 */
export const BARE: object = Object.freeze(Object.create(null));

export const NO_LABELS: Labels = Object.freeze(Object.create(BARE) as Record<string, string>);

/** Maps with more labels than this are not kept for sharing. */
const MOST_SHARED = 1_000;

/** A map of strings; entries that are not scalars are left out. `keep` picks the keys, all when it is absent. */
export function labels(value: unknown, keep?: (key: string) => boolean): Labels {
  if (!isRecord(value)) return NO_LABELS;
  let read: Record<string, string> | undefined;
  const keys = Object.keys(value);
  // That many values of one object would only evict those that many objects share.
  const share = keys.length <= MOST_SHARED ? shared : (text: string) => text;
  for (const key of keys) {
    if (keep !== undefined && !keep(key)) continue;
    const entry = scalar(value[key]);
    if (entry === undefined) continue;
    read ??= Object.create(BARE) as Record<string, string>;
    read[key] = share(entry);
  }
  return read ?? NO_LABELS;
}

const INTERNED = new Map<string, string>();
const INTERNED_ENTRIES = 8192;
const INTERNED_LENGTH = 128;

/** The same string object for equal short strings (namespaces, label values, classes), in bounded memory. */
export function shared(value: string): string {
  if (value.length > INTERNED_LENGTH) return value;
  const seen = INTERNED.get(value);
  if (seen !== undefined) return seen;
  if (INTERNED.size >= INTERNED_ENTRIES) INTERNED.clear();
  INTERNED.set(value, value);
  return value;
}

/** A value as a note shows it: short, on one line, whatever its type. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === "object") return Array.isArray(value) ? "(a list)" : "(an object)";
  return typeof value === "number" || typeof value === "boolean" || typeof value === "bigint"
    ? String(value)
    : `(${typeof value})`;
}
