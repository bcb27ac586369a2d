import type { Claim } from "../../policy/model.ts";
import { claimFrom } from "../claim.ts";
import { count, isRecord, list, NOTHING, type Raw, record } from "../raw.ts";
import type { WorkloadReader } from "./reader.ts";
import { DELETE_FIRST, replicasOf, rolloutStatusOf } from "./replicas.ts";

function claimTemplatesOf(spec: Raw): readonly Claim[] {
  const templates = list(spec.volumeClaimTemplates);
  return templates.length === 0 ? NOTHING : templates.filter(isRecord).flatMap((raw) => claimFrom(raw) ?? []);
}

export const statefulSet: WorkloadReader = (raw, spec, notes) => ({
  pods: replicasOf(spec, notes),
  strategy: DELETE_FIRST,
  template: record(spec.template),
  status: rolloutStatusOf(raw),
  claimTemplates: claimTemplatesOf(spec),
  firstOrdinal: count(record(spec.ordinals).start) ?? 0,
});
