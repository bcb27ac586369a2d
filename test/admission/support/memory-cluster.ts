import type { Cluster, KindStatus, Prepared, Wanted } from "../../../src/cluster/cluster.ts";
import { ClusterIndex } from "../../../src/cluster/cluster-index.ts";
import { type FactKind, factFrom } from "../../../src/kube/fact.ts";
import { KINDS } from "../../../src/kube/kinds.ts";
import type { ClusterView } from "../../../src/policy/view.ts";

type Prepare = (wanted: Wanted, signal: AbortSignal) => Promise<ClusterView>;

/** A cluster that a test fills and changes as it goes, as complete as a live one that is in sync. */
export class MemoryCluster implements Cluster {
  index = new ClusterIndex();
  /** What was asked to be looked up, in order. */
  readonly wanted: Wanted[] = [];
  kinds: readonly KindStatus[] = (Object.keys(KINDS) as FactKind[]).map((kind) => ({
    kind,
    state: "synced",
    objects: 0,
    ageSeconds: 0,
    problem: undefined,
  }));
  /** Replaces the lookup, which by default finds nothing beyond the standing view. */
  lookUp: Prepare | undefined;

  constructor(objects: readonly unknown[] = []) {
    for (const object of objects) this.put(object);
  }

  get view(): ClusterView {
    return this.index;
  }

  /** Starts over from raw objects. */
  reset(objects: readonly unknown[]): void {
    this.index = new ClusterIndex();
    for (const object of objects) this.put(object);
  }

  /** Adds a raw object, in place of an older one of its name. */
  put(object: unknown): void {
    const fact = factFrom(object);
    if (fact === undefined) throw new Error(`not a fact: ${JSON.stringify(object)}`);
    this.index.put(fact);
  }

  async prepare(wanted: Wanted, signal: AbortSignal): Promise<Prepared> {
    this.wanted.push(wanted);
    const view = this.lookUp === undefined ? this.index : await this.lookUp(wanted, signal);
    return { view, cutShort: signal.aborted };
  }

  status(): readonly KindStatus[] {
    return this.kinds.map((kind) => ({ ...kind, objects: this.index.count(kind.kind) }));
  }

  async start(): Promise<void> {}

  async close(): Promise<void> {}
}
