import { record } from "../raw.ts";
import type { WorkloadReader } from "./reader.ts";
import { replicasOf, rolloutStatusOf } from "./replicas.ts";
import { type RollingNames, strategyOf } from "./rolling-update.ts";

const NAMES: RollingNames = { kind: "DeploymentConfig", type: "Rolling", member: "rollingParams" };

/**
 * OpenShift's DeploymentConfig (semantics S49). A Custom strategy runs the user's own program and is judged as the
 * default.
 */
export const deploymentConfig: WorkloadReader = (raw, spec, notes) => ({
  pods: replicasOf(spec, notes),
  strategy: strategyOf(spec, NAMES, notes),
  template: record(spec.template),
  status: rolloutStatusOf(raw),
});
