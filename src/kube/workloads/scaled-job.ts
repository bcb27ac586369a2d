import { podsOf } from "../int-or-percent.ts";
import { record } from "../raw.ts";
import { parallelismOf } from "./job.ts";
import type { WorkloadReader } from "./reader.ts";
import { REPLACES_NOTHING } from "./replicas.ts";

/** The default of `maxReplicaCount` (`kedacore/keda`: `apis/keda/v1alpha1/scaledjob_types.go`). */
const DEFAULT_JOBS = 100;

/** KEDA's ScaledJob: up to `maxReplicaCount` Jobs side by side, each with pods of its own (semantics S43). */
export const scaledJob: WorkloadReader = (_raw, spec, notes) => {
  const jobSpec = record(spec.jobTargetRef);
  const jobs = podsOf(spec.maxReplicaCount, "spec.maxReplicaCount", DEFAULT_JOBS, notes);
  return {
    pods: {
      by: "parallelism",
      parallelism: Math.min(jobs * parallelismOf(jobSpec, "spec.jobTargetRef", notes), 0x7fffffff),
      finished: false,
    },
    strategy: REPLACES_NOTHING,
    template: record(jobSpec.template),
  };
};
