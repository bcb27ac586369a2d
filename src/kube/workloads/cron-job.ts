import { type Raw, record, shown } from "../raw.ts";
import { parallelismOf } from "./job.ts";
import type { WorkloadReader } from "./reader.ts";
import { REPLACES_NOTHING } from "./replicas.ts";

function concurrencyPolicyOf(spec: Raw, notes: string[]): "Allow" | "Forbid" | "Replace" {
  const policy = spec.concurrencyPolicy ?? "Allow";
  if (policy === "Allow" || policy === "Forbid" || policy === "Replace") return policy;
  notes.push(
    `spec.concurrencyPolicy ${shown(policy)} is none of Allow, Forbid and Replace: the default Allow is used`,
  );
  return "Allow";
}

export const cronJob: WorkloadReader = (_raw, spec, notes) => {
  const jobSpec = record(record(spec.jobTemplate).spec);
  return {
    pods: {
      by: "schedule",
      parallelism: parallelismOf(jobSpec, "spec.jobTemplate.spec", notes),
      concurrencyPolicy: concurrencyPolicyOf(spec, notes),
    },
    strategy: REPLACES_NOTHING,
    template: record(jobSpec.template),
  };
};
