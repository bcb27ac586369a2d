import { createHash } from "node:crypto";
import type { ObjectRef } from "../policy/model.ts";
import type { JudgedWorkload } from "./report.ts";
import { visible } from "./visible.ts";

/** A new `events.k8s.io/v1` Event as it is sent; validated in Kubernetes by `pkg/apis/core/validation/events.go`. */
export interface StuckEvent {
  readonly apiVersion: "events.k8s.io/v1";
  readonly kind: "Event";
  readonly metadata: { readonly name: string; readonly namespace: string };
  /** RFC 3339 with microseconds. */
  readonly eventTime: string;
  readonly reportingController: string;
  readonly reportingInstance: string;
  readonly action: string;
  readonly reason: string;
  readonly type: "Warning";
  readonly note: string;
  readonly regarding: ObjectRef & { readonly uid: string };
}

/** In bytes, not characters. */
const NOTE_MAX = 1_024;
const NAME_MAX = 253;
const HASH_DIGITS = 16;

/**
 * One event for each workload that is stuck now and has a uid. The same state gives the same name, so that the event is
 * found again and its count continues.
 *
 * @param now milliseconds since the epoch
 */
export function stuckEvents(
  workloads: readonly JudgedWorkload[],
  uidOf: (object: ObjectRef) => string | undefined,
  now: number,
): readonly StuckEvent[] {
  return workloads
    .filter(({ state }) => state === "stuck")
    .flatMap(({ workload, reason }) => {
      const uid = uidOf(workload);
      return uid === undefined ? [] : [stuckEvent(workload, uid, reason, now)];
    });
}

function stuckEvent(
  { apiVersion, kind, namespace, name }: ObjectRef,
  uid: string,
  why: string,
  now: number,
): StuckEvent {
  const note = cutToBytes(
    visible(`Stuck: ${why}. What frees it: attachguard diagnose ${kind}/${name} -n ${namespace}`),
    NOTE_MAX,
  );
  const hash = createHash("sha256")
    .update(JSON.stringify([uid, note]))
    .digest("hex")
    .slice(0, HASH_DIGITS);
  const stem = name.slice(0, NAME_MAX - HASH_DIGITS - 1).replace(/[-.]+$/, "");
  return {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: { name: `${stem}.${hash}`, namespace },
    eventTime: microTime(now),
    reportingController: "attachguard.dev/audit",
    reportingInstance: "attachguard-audit",
    action: "Audit",
    reason: "VolumeStuck",
    type: "Warning",
    note,
    regarding: { apiVersion, kind, namespace, name, uid },
  };
}

/** A time as Events have it; `now` in milliseconds since the epoch. */
export function microTime(now: number): string {
  return new Date(now).toISOString().replace("Z", "000Z");
}

function cutToBytes(text: string, bytes: number): string {
  const encoded = Buffer.from(text);
  if (encoded.length <= bytes) return text;
  // A character that was cut in half decodes to a replacement character.
  const kept = encoded
    .subarray(0, bytes - Buffer.byteLength("…"))
    .toString()
    .replace(/\ufffd+$/, "");
  return `${kept}…`;
}
