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
  readonly kind: string;
  /** The value of `strategy.type`. */
  readonly type: string;
  /** The member of `strategy` with the fenceposts. */
  readonly member: string;
}

/** A strategy with the defaults of `pkg/apis/apps/v1/defaults.go`, member by member. */
export function strategyOf(spec: Raw, names: RollingNames, notes: string[]): UpdateStrategy {
  const { type, member } = names;
  const strategy = record(spec.strategy);
  if (spec.strategy != null && !isRecord(spec.strategy)) {
    const remedy = spec.strategy === "Recreate" ? "; write strategy: {type: Recreate}" : "";
    notes.push(
      `spec.strategy ${shown(spec.strategy)} is not an object: the default ${type} is used${remedy}`,
    );
  }
  noteMisplaced(spec, names, notes);
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

/**
 * A strategy that is written where the API server does not look for it: a file then says the opposite of what happens,
 * and nobody is told where the API server only warns.
 */
function noteMisplaced(spec: Raw, names: RollingNames, notes: string[]): void {
  const misplaced = misplacedIn(spec, names.member);
  if (misplaced === undefined) return;
  const { field, right } = misplaced;
  notes.push(`${field} is no field of a ${names.kind}, and is not used: write ${right}`);
}

interface Misplaced {
  readonly field: string;
  /** Where it belongs. */
  readonly right: string;
}

function misplacedIn({ strategy, updateStrategy, template }: Raw, member: string): Misplaced | undefined {
  const right = "spec.strategy";
  if (isRecord(strategy)) {
    const name = strategy[member] == null ? FENCEPOSTS.find((one) => strategy[one] != null) : undefined;
    return name && { field: `${right}.${name}`, right: `${right}.${member}.${name}` };
  }
  if (updateStrategy != null) return { field: "spec.updateStrategy", right };
  const { spec: podSpec, strategy: beside } = record(template);
  if (record(podSpec).strategy != null) return { field: "spec.template.spec.strategy", right };
  return beside != null ? { field: "spec.template.strategy", right } : undefined;
}

const FENCEPOSTS = ["maxSurge", "maxUnavailable"] as const;

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
