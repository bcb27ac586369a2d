import { podsOf } from "../int-or-percent.ts";
import { count, list, nonEmpty, type Raw, record } from "../raw.ts";
import type { WorkloadReader } from "./reader.ts";
import { REPLACES_NOTHING } from "./replicas.ts";

/** How many pods of a Job run at once: never more than the completions still outstanding. */
export function parallelismOf(jobSpec: Raw, field: string, notes: string[]): number {
  const parallelism = podsOf(jobSpec.parallelism, `${field}.parallelism`, 1, notes);
  const completions = count(jobSpec.completions);
  return completions === undefined ? parallelism : Math.min(parallelism, completions);
}

function isFinished(raw: Raw): boolean {
  const status = record(raw.status);
  if (nonEmpty(status.completionTime) !== undefined) return true;
  return list(status.conditions).some((entry) => {
    const condition = record(entry);
    return (condition.type === "Complete" || condition.type === "Failed") && condition.status === "True";
  });
}

export const job: WorkloadReader = (raw, spec, notes) => ({
  pods: { by: "parallelism", parallelism: parallelismOf(spec, "spec", notes), finished: isFinished(raw) },
  strategy: REPLACES_NOTHING,
  template: record(spec.template),
});
