import type { UpdateStrategy } from "../../policy/model.ts";
import { fencepostOf, QUARTER } from "../int-or-percent.ts";
import { isRecord, type Raw, record, shown } from "../raw.ts";
import { RECREATE } from "./replicas.ts";

const DEFAULT_ROLLING: UpdateStrategy = Object.freeze({
  kind: "rolling-update",
  maxSurge: QUARTER,
  maxUnavailable: QUARTER,
});

/** How a kind names its rolling update. */
export interface RollingNames {
  /** The value of `strategy.type`. */
  readonly type: string;
  /** The member of `strategy` with the fenceposts. */
  readonly member: string;
}

/** A strategy with the defaults of `pkg/apis/apps/v1/defaults.go`, member by member. */
export function strategyOf(spec: Raw, { type, member }: RollingNames, notes: string[]): UpdateStrategy {
  const strategy = record(spec.strategy);
  if (spec.strategy != null && !isRecord(spec.strategy)) {
    const remedy = spec.strategy === "Recreate" ? "; write strategy: {type: Recreate}" : "";
    notes.push(
      `spec.strategy ${shown(spec.strategy)} is not an object: the default ${type} is used${remedy}`,
    );
  }
  const chosen = strategy.type ?? "";
  if (chosen === "Recreate") {
    if (isRecord(strategy.rollingUpdate)) {
      notes.push("spec.strategy.rollingUpdate is not allowed with type Recreate: it is not used");
    }
    return RECREATE;
  }
  if (chosen !== "" && chosen !== type) {
    notes.push(
      `spec.strategy.type ${shown(chosen)} is neither ${type} nor Recreate: the default ${type} is used`,
    );
  }
  return rollingOf(strategy[member], `spec.strategy.${member}`, notes);
}

function rollingOf(value: unknown, field: string, notes: string[]): UpdateStrategy {
  if (value != null && !isRecord(value)) {
    notes.push(`${field} ${shown(value)} is not an object: the default 25% is used on both sides`);
  }
  const rolling = record(value);
  const maxSurge = fencepostOf(rolling.maxSurge, `${field}.maxSurge`, notes);
  const maxUnavailable = fencepostOf(rolling.maxUnavailable, `${field}.maxUnavailable`, notes, 100);
  return maxSurge === QUARTER && maxUnavailable === QUARTER
    ? DEFAULT_ROLLING
    : { kind: "rolling-update", maxSurge, maxUnavailable };
}
