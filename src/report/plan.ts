import type { Fix, FixTarget } from "../policy/fixes.ts";

/** The fewest ways out of a workload's findings that are enough together. */
export interface Plan {
  readonly fixes: readonly Fix[];
  /** What has to change for them, one patch per object; each step starts when the one before it has finished. */
  readonly steps: readonly (readonly FixTarget[])[];
}
