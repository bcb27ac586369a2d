import type { Fix, FixTarget } from "../policy/fixes.ts";

/** The fewest ways out of a workload's findings that are enough together. */
export interface Plan {
  readonly fixes: readonly Fix[];
  /** What has to change for them, one patch an object; a step is begun when the one before it is through. */
  readonly steps: readonly (readonly FixTarget[])[];
}
