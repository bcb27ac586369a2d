import type { PodCount } from "../../policy/model.ts";
import { record } from "../raw.ts";
import type { WorkloadReader } from "./reader.ts";
import { DELETE_FIRST, rolloutStatusOf } from "./replicas.ts";

const BY_NODES: PodCount = Object.freeze({ by: "nodes" });

export const daemonSet: WorkloadReader = (raw, spec) => ({
  pods: BY_NODES,
  strategy: DELETE_FIRST,
  template: record(spec.template),
  status: rolloutStatusOf(raw),
});
