import { record } from "../raw.ts";
import type { WorkloadReader } from "./reader.ts";
import { replicasOf, rolloutStatusOf } from "./replicas.ts";
import { type RollingNames, strategyOf } from "./rolling-update.ts";

const NAMES: RollingNames = { kind: "Deployment", type: "RollingUpdate", member: "rollingUpdate" };

export const deployment: WorkloadReader = (raw, spec, notes) => ({
  pods: replicasOf(spec, notes),
  strategy: strategyOf(spec, NAMES, notes),
  template: record(spec.template),
  status: rolloutStatusOf(raw),
});
