import type { ClaimReach, RolloutOverlap, SpreadProof, SteadyOverlap } from "./factors.ts";
import type { Mount, Workload } from "./model.ts";
import type { PolicyOptions } from "./options.ts";
import { rolloutOverlap, steadyOverlap } from "./overlap.ts";
import { reachOfMount } from "./reach.ts";
import { rolloutSpread, steadySpread } from "./spread/spread.ts";
import type { ClusterView } from "./view.ts";

/** A workload with its three factors at both moments: all that a rule's predicate reads. */
export interface Situation {
  readonly workload: Workload;
  readonly view: ClusterView;
  readonly options: PolicyOptions;
  readonly steady: {
    readonly claims: readonly ClaimReach[];
    readonly overlap: SteadyOverlap;
    readonly spread: SpreadProof;
  };
  readonly rollout: {
    /** Only what the old and the new template both mount can be fought over. */
    readonly claims: readonly ClaimReach[];
    readonly overlap: RolloutOverlap;
    readonly spread: SpreadProof;
  };
}

/** Computes the factors; the rollout compares the template with itself. */
export function assess(view: ClusterView, workload: Workload, options: PolicyOptions): Situation {
  const claims = distinct(workload.template.mounts).map((mount) =>
    reachOfMount(mount, workload.namespace, view, options),
  );
  return {
    workload,
    view,
    options,
    steady: {
      claims,
      overlap: steadyOverlap(workload, view),
      spread: steadySpread(workload, claims, view, options),
    },
    rollout: {
      claims,
      overlap: rolloutOverlap(workload),
      spread: rolloutSpread(workload, undefined, claims, view, options),
    },
  };
}

/**
 * The situation in the rollout that an update starts.
 *
 * @param from the workload whose pods are replaced
 */
export function replacing(situation: Situation, from: Workload): Situation {
  const { workload, view, options, steady, rollout } = situation;
  const before = new Set(from.template.mounts.map(identity));
  const mounts = distinct(workload.template.mounts);
  const claims = steady.claims.filter((_, at) => before.has(identity(mounts[at] as Mount)));
  return {
    ...situation,
    rollout: { ...rollout, claims, spread: rolloutSpread(workload, from, claims, view, options) },
  };
}

/** A claim named by two volumes of one pod is one claim. */
function distinct(mounts: readonly Mount[]): Mount[] {
  return [...new Map(mounts.map((mount) => [identity(mount), mount])).values()];
}

function identity(mount: Mount): string {
  return mount.kind === "claim" ? `claim ${mount.claimName}` : `${mount.source.type} ${mount.volumeName}`;
}
