import type { IntOrPercent } from "../policy/model.ts";
import { count, shown } from "./raw.ts";

/** DaemonSets aside, every rolling update's default on both sides (`pkg/apis/apps/v1/defaults.go`). */
export const QUARTER: IntOrPercent = Object.freeze({ kind: "percent", value: 25 });

/** `IsValidPercent` of apimachinery: digits and a percent sign, nothing else. */
const PERCENT = /^\d+%$/;

/**
 * A fencepost of a rolling update. Absent means 25%; a value that the API server would refuse is read as 25% too, and a
 * note says so. `limit` is the highest percentage that is valid, if there is one.
 */
export function fencepostOf(value: unknown, field: string, notes: string[], limit?: number): IntOrPercent {
  if (value === undefined || value === null) return QUARTER;
  const absolute = count(value);
  if (absolute !== undefined) return { kind: "int", value: absolute };
  if (typeof value === "string" && PERCENT.test(value)) {
    const percent = Number(value.slice(0, -1));
    if (limit !== undefined && percent > limit) {
      notes.push(`${field} ${shown(value)} is more than ${limit}%: the default 25% is used`);
      return QUARTER;
    }
    return percent === QUARTER.value ? QUARTER : { kind: "percent", value: percent };
  }
  notes.push(`${field} ${shown(value)} is neither a number nor a percentage: the default 25% is used`);
  return QUARTER;
}

/** A count of pods. Absent means `fallback`; so does a value that the API server would refuse, and a note says so. */
export function podsOf(value: unknown, field: string, fallback: number, notes: string[]): number {
  if (value === undefined || value === null) return fallback;
  const read = count(value);
  if (read !== undefined) return read;
  notes.push(`${field} ${shown(value)} is not a whole number of pods: the default ${fallback} is used`);
  return fallback;
}
