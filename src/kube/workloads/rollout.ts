import type { RolloutRevisions, TemplateSource, UpdateStrategy } from "../../policy/model.ts";
import { fencepostOf } from "../int-or-percent.ts";
import { isRecord, list, nonEmpty, type Raw, record, shared, shown, text } from "../raw.ts";
import type { WorkloadReader } from "./reader.ts";
import { replicasOf } from "./replicas.ts";

const BLUE_GREEN: UpdateStrategy = Object.freeze({ kind: "blue-green" });

/** Steps that do not change the number of pods; `setWeight` is judged by its weight. */
const WITHOUT_PODS = new Set(["pause", "analysis", "setHeaderRoute", "setMirrorRoute", "plugin"]);

/** True for a step at which pods of the old and of the new template are meant to run side by side. */
function holdsBoth(step: unknown): boolean {
  return Object.entries(record(step)).some(([name, value]) =>
    name === "setWeight" ? value !== 0 && value !== 100 : !WITHOUT_PODS.has(name),
  );
}

function canaryOf(canary: Raw, notes: string[]): UpdateStrategy {
  const field = "spec.strategy.canary";
  return {
    kind: "canary",
    maxSurge: fencepostOf(canary.maxSurge, `${field}.maxSurge`, notes),
    maxUnavailable: fencepostOf(canary.maxUnavailable, `${field}.maxUnavailable`, notes, 100),
    sideBySide: list(canary.steps).some(holdsBoth),
    trafficRouting: isRecord(canary.trafficRouting),
  };
}

function strategyOf(spec: Raw, notes: string[]): UpdateStrategy {
  const strategy = record(spec.strategy);
  if (isRecord(strategy.blueGreen)) return BLUE_GREEN;
  if (!isRecord(strategy.canary)) {
    const what = spec.strategy == null ? "is missing" : `${shown(spec.strategy)} names neither`;
    notes.push(`spec.strategy ${what} (canary or blueGreen): judged as a canary with its defaults`);
  }
  return canaryOf(record(strategy.canary), notes);
}

function revisionsOf(raw: Raw): RolloutRevisions | undefined {
  const status = record(raw.status);
  const stable = nonEmpty(status.stableRS);
  const current = nonEmpty(status.currentPodHash);
  if (stable === undefined || current === undefined) return undefined;
  return { stable: shared(stable), current: shared(current) };
}

function templateFromOf(spec: Raw): TemplateSource | undefined {
  const reference = record(spec.workloadRef);
  const name = nonEmpty(reference.name);
  if (name === undefined) return undefined;
  const scaleDown = text(reference.scaleDown) ?? "never";
  return {
    apiVersion: shared(text(reference.apiVersion) ?? "apps/v1"),
    kind: shared(text(reference.kind) ?? "Deployment"),
    name: shared(name),
    keepsItsPods: scaleDown !== "onsuccess" && scaleDown !== "progressively",
  };
}

/** Argo's Rollout (semantics S44 to S48; `argoproj/argo-rollouts`: `utils/defaults/defaults.go`). */
export const rollout: WorkloadReader = (raw, spec, notes) => {
  const templateFrom = templateFromOf(spec);
  return {
    pods: replicasOf(spec, notes),
    strategy: strategyOf(spec, notes),
    // A template beside a workloadRef is refused by the controller, and not used by it.
    template: templateFrom === undefined ? record(spec.template) : record(undefined),
    revisions: revisionsOf(raw),
    templateFrom,
  };
};
