import { record } from "../raw.ts";
import type { WorkloadReader } from "./reader.ts";
import { REPLACES_NOTHING, replicasOf, rolloutStatusOf } from "./replicas.ts";

/** A ReplicaSet, or its older form, the ReplicationController. */
export const replicaSet: WorkloadReader = (raw, spec, notes) => ({
  pods: replicasOf(spec, notes),
  strategy: REPLACES_NOTHING,
  template: record(spec.template),
  status: rolloutStatusOf(raw),
});
