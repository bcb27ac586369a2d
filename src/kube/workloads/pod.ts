import { record } from "../raw.ts";
import type { WorkloadReader } from "./reader.ts";
import { REPLACES_NOTHING } from "./replicas.ts";

/** A Pod is its own template. */
export const pod: WorkloadReader = (raw) => {
  const { phase } = record(raw.status);
  return {
    pods: { by: "pod", finished: phase === "Succeeded" || phase === "Failed" },
    strategy: REPLACES_NOTHING,
    template: raw,
  };
};
