import { timeOf } from "../kube/metadata.ts";
import { isRecord, list, type Raw, record } from "../kube/raw.ts";
import type { RawReading } from "./project.ts";

/** Members of a status whose values are times that have passed. */
const TIME_KEY = /(?:Time|Timestamp|At|^time)$/;

/** Members of an Event, of a Lease's spec and of a taint that are such times. */
const TOP_LEVEL = ["firstTimestamp", "lastTimestamp", "eventTime"] as const;
const IN_SPEC = ["renewTime", "acquireTime"] as const;

/**
 * The newest time in a dump, in milliseconds since the epoch: "now" is at least that. Only fields count that the
 * cluster itself writes (not a template's or an annotation's text), and a deletionTimestamp less its grace, which is
 * when the deletion was asked for (A7). Undefined where there is no time at all.
 */
export function newestTimeIn(readings: readonly RawReading[]): number | undefined {
  let newest: number | undefined;
  const see = (time: number | undefined): void => {
    if (time !== undefined && (newest === undefined || time > newest)) newest = time;
  };
  for (const { items } of readings) for (const item of items) if (isRecord(item)) seeObject(item, see);
  return newest;
}

function seeObject(object: Raw, see: (time: number | undefined) => void): void {
  const metadata = record(object.metadata);
  see(timeOf(metadata.creationTimestamp));
  const deletedAt = timeOf(metadata.deletionTimestamp);
  const grace = metadata.deletionGracePeriodSeconds;
  if (deletedAt !== undefined) see(deletedAt - (typeof grace === "number" ? grace * 1000 : 0));
  for (const entry of list(metadata.managedFields)) see(timeOf(record(entry).time));
  for (const key of TOP_LEVEL) see(timeOf(object[key]));
  see(timeOf(record(object.series).lastObservedTime));
  const spec = record(object.spec);
  for (const key of IN_SPEC) see(timeOf(spec[key]));
  for (const taint of list(spec.taints)) see(timeOf(record(taint).timeAdded));
  seeStatus(object.status, 0, see);
}

/** A status is a few levels deep; what lies deeper is not the cluster's. */
const DEPTH = 6;

function seeStatus(value: unknown, depth: number, see: (time: number | undefined) => void): void {
  if (depth > DEPTH || typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) {
    for (const entry of value) seeStatus(entry, depth + 1, see);
    return;
  }
  for (const [key, entry] of Object.entries(value)) {
    if (typeof entry === "string") {
      if (TIME_KEY.test(key)) see(timeOf(entry));
    } else seeStatus(entry, depth + 1, see);
  }
}
