import { timeOf } from "../kube/metadata.ts";
import { isRecord, list, type Raw, record } from "../kube/raw.ts";

/** Members of a status whose values are times that have passed. */
const TIME_KEY = /(?:Time|Timestamp|At|^time)$/;

/** Members of an Event, of a Lease's spec and of a taint that are such times. */
const TOP_LEVEL = ["firstTimestamp", "lastTimestamp", "eventTime"] as const;
const IN_SPEC = ["renewTime", "acquireTime"] as const;

/** "2026-01-01T00:00:00": times in UTC compare as text up to there. */
const TO_THE_SECOND = 19;

/**
 * The newest time in a dump, in milliseconds since the epoch: "now" is at least that. Only fields count that the
 * cluster itself writes (not a template's or an annotation's text), and a deletionTimestamp less its grace, which is
 * when the deletion was asked for (A7). A dump has a hundred thousand times, so nearly all go by as text.
 */
export class NewestTime {
  /** Undefined where there is none. */
  time: number | undefined;
  #text = "";
  #last = "";

  seeAll(items: readonly unknown[]): void {
    for (const item of items) if (isRecord(item)) seeObject(item, this);
  }

  see(value: unknown, less = 0): void {
    // A rollout or a restart writes one time into hundreds of objects.
    if (typeof value !== "string" || value === this.#last) return;
    if (less === 0) this.#last = value;
    if (less === 0 && value.endsWith("Z") && value.slice(0, TO_THE_SECOND) < this.#text) return;
    const time = timeOf(value);
    if (time === undefined || (this.time !== undefined && time - less <= this.time)) return;
    this.time = time - less;
    if (Number.isFinite(this.time)) this.#text = new Date(this.time).toISOString().slice(0, TO_THE_SECOND);
  }
}

function seeObject(object: Raw, newest: NewestTime): void {
  const metadata = record(object.metadata);
  newest.see(metadata.creationTimestamp);
  const grace = metadata.deletionGracePeriodSeconds;
  newest.see(metadata.deletionTimestamp, typeof grace === "number" ? grace * 1000 : 0);
  for (const entry of list(metadata.managedFields)) newest.see(record(entry).time);
  for (const key of TOP_LEVEL) newest.see(object[key]);
  newest.see(record(object.series).lastObservedTime);
  const spec = record(object.spec);
  for (const key of IN_SPEC) newest.see(spec[key]);
  for (const taint of list(spec.taints)) newest.see(record(taint).timeAdded);
  seeStatus(object.status, 0, newest);
}

/** A status is a few levels deep; what lies deeper is not the cluster's. */
const DEPTH = 6;

function seeStatus(value: unknown, depth: number, newest: NewestTime): void {
  if (depth > DEPTH || typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) {
    for (const entry of value) if (typeof entry === "object") seeStatus(entry, depth + 1, newest);
    return;
  }
  for (const key in value) {
    const entry = (value as Raw)[key];
    if (typeof entry === "object") seeStatus(entry, depth + 1, newest);
    else if (typeof entry === "string" && TIME_KEY.test(key)) newest.see(entry);
  }
}
