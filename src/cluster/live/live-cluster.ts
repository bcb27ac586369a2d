import type { FactKind } from "../../kube/fact.ts";
import { FACT_KINDS, KINDS } from "../../kube/kinds.ts";
import type { Workload } from "../../policy/model.ts";
import type { ClusterView } from "../../policy/view.ts";
import type { KindStatus, Prepared, Wanted, WholeCluster } from "../cluster.ts";
import { ClusterIndex, COMPLETE, type Completeness, namespaceOf } from "../cluster-index.ts";
import { type Clock, SYSTEM_CLOCK } from "./clock.ts";
import { Lookups } from "./lookups.ts";
import { optionally, quietly } from "./optional-kind.ts";
import { Preparation } from "./preparation.ts";
import { type FactStore, Reflector } from "./reflector.ts";
import { releaseMemory } from "./release-memory.ts";
import { Sharing } from "./sharing.ts";
import type { Resource, Source } from "./source.ts";
import type { Log } from "./standing.ts";
import { DEFAULT_TIMINGS, type Timings } from "./timings.ts";

const WATCHED = FACT_KINDS.filter((kind) => KINDS[kind].watched);

/** Most clusters do not have it, which is not an error. */
const isOptional = (kind: FactKind): boolean => KINDS[kind].servedBy !== "kubernetes";

const isFollowed = (reflector: Reflector): boolean =>
  !isOptional(reflector.kind) || reflector.status().state !== "not-served";

/** Objects from which on the memory that listing has taken is worth a pause. */
const WORTH_RELEASING = 5_000;

export interface LiveClusterOptions {
  readonly source: Source;
  readonly log: Log;
  /** Whether Node objects are watched; default true. Without them nothing is concluded from the set of nodes. */
  readonly nodes?: boolean;
  /** Counts the direct lookups of what was not in the index (`lookup_misses_total{kind}`). */
  readonly onLookupMiss?: (kind: FactKind) => void;
  readonly timings?: Partial<Timings>;
  /** For how long a kind that was in sync keeps its facts while the API server refuses it; default 300. */
  readonly staleAfterSeconds?: () => number;
  readonly clock?: Clock;
}

/** The view of a live cluster: one reflector for each kind into one index, and direct lookups for what is too new. */
export class LiveCluster implements WholeCluster {
  readonly index: ClusterIndex;
  readonly #source: Source;
  readonly #reflectors: ReadonlyMap<FactKind, Reflector>;
  readonly #lookups: Lookups;

  constructor(options: LiveClusterOptions) {
    const { source, log, nodes = true, clock = SYSTEM_CLOCK } = options;
    const timings = { ...DEFAULT_TIMINGS, ...options.timings };
    const { staleAfterSeconds = () => 300 } = options;
    const holdMs = () => staleAfterSeconds() * 1000;
    this.#source = source;
    const index = new ClusterIndex({ completeness: (kind) => this.#completeness(kind) });
    const sharing = new Sharing();
    const store: FactStore = {
      put: (fact) => {
        const old = index.get(fact.kind, namespaceOf(fact), fact.object.name);
        index.put(sharing.share(fact, old));
      },
      remove: (kind, namespace, name) => index.remove(kind, namespace, name),
      facts: (kind) => index.facts(kind),
    };
    this.index = index;
    this.#reflectors = new Map(
      WATCHED.filter((kind) => nodes || kind !== "Node").map((kind) => [
        kind,
        new Reflector({
          kind,
          resources: resourcesOf(kind),
          source: isOptional(kind) ? optionally(source) : source,
          store,
          timings,
          clock,
          log: isOptional(kind) ? quietly(log) : log,
          holdMs,
        }),
      ]),
    );
    this.#lookups = new Lookups({
      source,
      timings,
      clock,
      resourceOf: (kind) => this.#reflectors.get(kind)?.resource ?? resourcesOf(kind)[0],
      onMiss: options.onLookupMiss ?? (() => {}),
    });
  }

  get view(): ClusterView {
    return this.index;
  }

  workloads(): Iterable<Workload> {
    return this.index.workloads();
  }

  async start(): Promise<void> {
    await Promise.all([...this.#reflectors.values()].map((reflector) => reflector.start()));
    const objects = this.status().reduce((sum, kind) => sum + kind.objects, 0);
    if (objects >= WORTH_RELEASING) releaseMemory();
  }

  prepare(wanted: Wanted, signal: AbortSignal): Promise<Prepared> {
    const watched = (kind: string) => {
      const reflector = this.#reflectors.get(kind as FactKind);
      return reflector && isFollowed(reflector) ? reflector.status() : undefined;
    };
    return new Preparation(this.index, this.#lookups, watched, signal).gather(wanted);
  }

  status(): readonly KindStatus[] {
    return this.#followed().map((reflector) => ({
      ...reflector.status(),
      objects: this.index.count(reflector.kind),
    }));
  }

  /** All kinds but those of an API that the cluster does not have and need not have. */
  #followed(): readonly Reflector[] {
    return [...this.#reflectors.values()].filter(isFollowed);
  }

  /** Resolves when no timer runs and no connection is open any more. */
  async close(): Promise<void> {
    this.#lookups.close();
    await Promise.all([...this.#reflectors.values()].map((reflector) => reflector.stop()));
    this.#source.close();
  }

  #completeness(kind: FactKind): Completeness {
    const { plural } = KINDS[kind];
    const status = this.#reflectors.get(kind)?.status();
    switch (status?.state) {
      case undefined:
        return { reason: `${plural} are not watched` };
      case "synced":
        return COMPLETE;
      case "held":
        return {
          reason: status.problem ?? `${plural} are not in sync`,
          heldSeconds: Math.round(status.ageSeconds ?? 0),
        };
      case "waiting":
        return { reason: status.problem ?? `${plural} have not been listed yet` };
      case "not-served":
        return isOptional(kind) ? COMPLETE : { reason: status.problem ?? `${plural} are not served` };
      case "refused":
        return { reason: status.problem ?? `${plural} cannot be read` };
    }
  }
}

function resourcesOf(kind: FactKind): readonly [Resource, ...Resource[]] {
  const { group, versions, plural } = KINDS[kind];
  const [preferred, ...older] = versions.map((version): Resource => ({ group, version, plural }));
  if (preferred === undefined) throw new TypeError(`${kind} has no version`);
  return [preferred, ...older];
}
