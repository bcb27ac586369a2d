import type { ClaimReach, Reach, RolloutOverlap, SpreadProof, SteadyOverlap } from "./factors.ts";
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
  const claims = once(() => reachesOf(distinct(workload.template.mounts), workload, view, options));
  return situationOf(view, workload, options, work, claims);
}

/**
 * The factors of the workload as it was before a change.
 *
 * @param view the cluster as it was
 * @param claimsKept true where that has the same claims and volumes, so that what is still mounted is reached as now
 */
export function assessEarlier(
  now: Situation,
  view: ClusterView,
  previous: Workload,
  claimsKept: boolean,
): Situation {
  const { options, workload, steady } = now;
  const work = new Work();
  const claims = once(() => {
    const { mounts } = previous.template;
    // A set brings the claims of its templates.
    const isWithoutOwn = workload.claimTemplates.length === 0 && previous.claimTemplates.length === 0;
    if (claimsKept && isWithoutOwn && mountTheSame(mounts, workload.template.mounts, true)) {
      if (isCut(mounts, steady.claims)) work.giveUp();
      return steady.claims;
    }
    // Most changes leave alone what is mounted, and then it need not be looked at twice whether any is named twice.
    const isKnownDistinct =
      steady.claims.length === mounts.length && mountTheSame(mounts, workload.template.mounts);
    const reaches = reachesOf(isKnownDistinct ? mounts : distinct(mounts), previous, view, options);
    if (isCut(mounts, reaches)) work.giveUp();
    return reaches;
  });
  return situationOf(view, previous, options, work, claims);
}

/** No pod gets as many volumes: more of one reach, or anything beyond these that one node or pod may hold, say nothing new. */
const MOST_ALIKE = 1_000;

/** True where not all were looked at: a volume that was not may hold the pods on one node. */
function isCut(mounts: readonly Mount[], reaches: readonly ClaimReach[]): boolean {
  return mounts.length > MOST_ALIKE && reaches.length < distinct(mounts).length;
}

function reachesOf(
  mounts: readonly Mount[],
  { namespace }: Workload,
  view: ClusterView,
  options: PolicyOptions,
): readonly ClaimReach[] {
  if (mounts.length <= MOST_ALIKE)
    return mounts.map((mount) => reachOfMount(mount, namespace, view, options));
  const counts: Partial<Record<Reach, number>> = {};
  const reaches: ClaimReach[] = [];
  for (const mount of mounts) {
    const claim = reachOfMount(mount, namespace, view, options);
    const count = (counts[claim.reach] ?? 0) + 1;
    counts[claim.reach] = count;
    if (count <= MOST_ALIKE) reaches.push(claim);
    if ((counts.node ?? 0) + (counts.pod ?? 0) >= MOST_ALIKE) break;
  }
  return reaches;
}

/**
 * The same pods in another number: what they mount, and the work that is left, stay as they are.
 *
 * @param workload the one that the situation is about, its number of pods changed
 */
export function withPodsOf(situation: Situation, workload: Workload): Situation {
  const { view, options, work, steady } = situation;
  return situationOf(view, workload, options, work, () => steady.claims);
}

function situationOf(
  view: ClusterView,
  workload: Workload,
  options: PolicyOptions,
  work: Work,
  claims: () => readonly ClaimReach[],
): Situation {
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
    if (mountTheSame(from.template.mounts, workload.template.mounts)) return steady.claims;
    const before = new PlacesOfMounts(from.template.mounts);
    const mounts = distinct(workload.template.mounts);
    if (steady.claims.length < mounts.length) {
      const inBoth = mounts.filter((mount) => before.of(mount) !== undefined);
      return reachesOf(inBoth, workload, view, options);
    }
    const both = steady.claims.filter((_, at) => before.of(mounts[at] as Mount) !== undefined);
    // The same list where it holds the same: what is found out about a list is kept with it.
    return both.length === steady.claims.length ? steady.claims : both;
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
  const known = distinctOf.get(mounts);
  if (known !== undefined) return known;
  const places = new PlacesOfMounts(mounts);
  const found =
    places.size === mounts.length
      ? mounts
      : [...new Map(mounts.map((mount) => [places.of(mount), mount])).values()];
  if (mounts.length > MOST_ALIKE) distinctOf.set(mounts, found);
  return found;
}

/** Of long lists, which are asked about at every moment. */
const distinctOf = new WeakMap<readonly Mount[], readonly Mount[]>();

/**
 * True where two lists name the same claims and disks in the same order.
 *
 * @param claimsOnly true where a disk is not to be taken for the same, whose driver and mode may differ
 */
function mountTheSame(some: readonly Mount[], others: readonly Mount[], claimsOnly = false): boolean {
  return (
    some === others ||
    (some.length === others.length &&
      some.every((mount, at) => {
        const other = others[at] as Mount;
        if (claimsOnly && mount.kind !== "claim") return false;
        return nameOf(mount) === nameOf(other) && typeOf(mount) === typeOf(other);
      }))
  );
}

/**
 * Where each claim or disk first stands among mounts: a claim is known by its own name, a disk by its type and its
 * volume's. Names are looked up as they are: users may write tens of thousands, and a text made of each is dear.
 */
class PlacesOfMounts {
  readonly #byType = new Map<string, Map<string, number>>();
  #size = 0;

  constructor(mounts: readonly Mount[]) {
    for (const [at, mount] of mounts.entries()) {
      const [type, name] = [typeOf(mount), nameOf(mount)];
      let places = this.#byType.get(type);
      if (places === undefined) {
        places = new Map();
        this.#byType.set(type, places);
      }
      if (places.has(name)) continue;
      places.set(name, at);
      this.#size += 1;
    }
  }

  /** How many there are, each counted once. */
  get size(): number {
    return this.#size;
  }

  /** `undefined` where it is not among them. */
  of(mount: Mount): number | undefined {
    return this.#byType.get(typeOf(mount))?.get(nameOf(mount));
  }
}

function typeOf(mount: Mount): string {
  return mount.kind === "claim" ? "claim" : mount.source.type;
}

function nameOf(mount: Mount): string {
  return mount.kind === "claim" ? mount.claimName : mount.volumeName;
}
