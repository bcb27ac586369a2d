import type { ClaimReach, RolloutOverlap, SpreadProof, SteadyOverlap } from "./factors.ts";
import type { Mount, Workload } from "./model.ts";
import type { PolicyOptions } from "./options.ts";
import { rolloutOverlap, steadyOverlap } from "./overlap.ts";
import { reachOfMount } from "./reach.ts";
import { rolloutSpread, steadySpread } from "./spread/spread.ts";
import { Work } from "./spread/work.ts";
import type { ClusterView } from "./view.ts";

/**
 * The three factors at one moment. Each is computed when it is first asked for: spread is expensive, and often not
 * needed.
 */
interface FactorsAt<Overlap> {
  readonly claims: readonly ClaimReach[];
  readonly overlap: Overlap;
  readonly spread: SpreadProof;
}

/** A workload with its three factors at both moments: all that a rule's predicate reads. */
export interface Situation {
  readonly workload: Workload;
  readonly view: ClusterView;
  readonly options: PolicyOptions;
  /** What the proofs about this state may still cost. */
  readonly work: Work;
  readonly steady: FactorsAt<SteadyOverlap>;
  /** Only the claims that the old and the new template both mount can be fought over. */
  readonly rollout: FactorsAt<RolloutOverlap>;
}

/** The factors of a workload; the rollout compares the template with itself. */
export function assess(
  view: ClusterView,
  workload: Workload,
  options: PolicyOptions,
  work = new Work(),
): Situation {
  const claims = once(() =>
    distinct(workload.template.mounts).map((mount) => reachOfMount(mount, workload.namespace, view, options)),
  );
  return {
    workload,
    view,
    options,
    work,
    steady: onDemand(
      claims,
      () => steadyOverlap(workload, view),
      () => steadySpread(workload, claims(), view, options, work),
    ),
    rollout: onDemand(
      claims,
      () => rolloutOverlap(workload, view),
      () => rolloutSpread(workload, undefined, claims(), view, options, work),
    ),
  };
}

/**
 * The situation in the rollout that an update starts.
 *
 * @param from the workload whose pods are replaced
 */
export function replacing(situation: Situation, from: Workload): Situation {
  const { workload, view, options, work, steady, rollout } = situation;
  const claims = once(() => {
    const before = new Set(from.template.mounts.map(identity));
    const mounts = distinct(workload.template.mounts);
    return steady.claims.filter((_, at) => before.has(identity(mounts[at] as Mount)));
  });
  return {
    ...situation,
    rollout: onDemand(
      claims,
      () => rollout.overlap,
      () => rolloutSpread(workload, from, claims(), view, options, work),
    ),
  };
}

function onDemand<Overlap extends object>(
  claims: () => readonly ClaimReach[],
  overlap: () => Overlap,
  spread: () => SpreadProof,
): FactorsAt<Overlap> {
  return new OnDemand(claims, overlap, spread);
}

class OnDemand<Overlap extends object> implements FactorsAt<Overlap> {
  readonly #claims: () => readonly ClaimReach[];
  readonly #computeOverlap: () => Overlap;
  readonly #computeSpread: () => SpreadProof;
  #overlap: Overlap | undefined;
  #spread: SpreadProof | undefined;

  constructor(claims: () => readonly ClaimReach[], overlap: () => Overlap, spread: () => SpreadProof) {
    this.#claims = claims;
    this.#computeOverlap = overlap;
    this.#computeSpread = spread;
  }

  get claims(): readonly ClaimReach[] {
    return this.#claims();
  }

  get overlap(): Overlap {
    this.#overlap ??= this.#computeOverlap();
    return this.#overlap;
  }

  get spread(): SpreadProof {
    this.#spread ??= this.#computeSpread();
    return this.#spread;
  }
}

function once<T>(compute: () => T): () => T {
  let computed: { readonly value: T } | undefined;
  return () => {
    computed ??= { value: compute() };
    return computed.value;
  };
}

/** A claim named by two volumes of one pod is one claim. */
function distinct(mounts: readonly Mount[]): readonly Mount[] {
  if (mounts.length < 2) return mounts;
  return [...new Map(mounts.map((mount) => [identity(mount), mount])).values()];
}

function identity(mount: Mount): string {
  return mount.kind === "claim" ? `claim ${mount.claimName}` : `${mount.source.type} ${mount.volumeName}`;
}
