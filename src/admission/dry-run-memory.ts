import { Buckets, Scoped, ScopedBuckets } from "../cluster/scoped.ts";
import type { DryRunMemory as Settings } from "../config/model.ts";
import type { Fact } from "../kube/fact.ts";
import { NOTHING } from "../kube/raw.ts";

/** What one user dry-ran in one namespace, indexed by what an object can refer to. */
export interface Recollection {
  object(kind: string, name: string): Fact | undefined;
  /** Workloads that mount a claim; only the newest where there are very many. */
  mounting(claim: string): readonly Fact[];
  /** Autoscalers of a workload. */
  scaling(kind: string, name: string): readonly Fact[];
  /** Workloads that use the pod template of another. */
  borrowing(kind: string, name: string): readonly Fact[];
}

/**
 * How many that name the same thing are returned. The memory only ever adds a warning, and nobody reads more of them.
 */
const MOST_ALIKE = 64;

interface Remembered {
  readonly of: Owned;
  readonly fact: Fact;
  readonly bytes: number;
  readonly until: number;
}

/** What one user dry-ran in one namespace. */
class Owned implements Recollection {
  readonly user: string;
  readonly namespace: string;
  /** By kind and name. */
  readonly objects = new Scoped<Remembered>();
  readonly #mounting = new Buckets<Remembered>();
  /** By kind and name of the target. */
  readonly #scaling = new ScopedBuckets<Remembered>();
  /** By kind and name of the workload whose template is used. */
  readonly #borrowing = new ScopedBuckets<Remembered>();

  constructor(user: string, namespace: string) {
    this.user = user;
    this.namespace = namespace;
  }

  object(kind: string, name: string): Fact | undefined {
    return this.objects.get(kind, name)?.fact;
  }

  mounting(claim: string): readonly Fact[] {
    return newestOf(this.#mounting.at(claim));
  }

  scaling(kind: string, name: string): readonly Fact[] {
    return newestOf(this.#scaling.at(kind, name));
  }

  borrowing(kind: string, name: string): readonly Fact[] {
    return newestOf(this.#borrowing.at(kind, name));
  }

  add(one: Remembered): void {
    this.objects.set(one.fact.kind, one.fact.object.name, one);
    this.#refer("add", one);
  }

  delete(one: Remembered): void {
    this.objects.delete(one.fact.kind, one.fact.object.name);
    this.#refer("delete", one);
  }

  /** The claims that a workload mounts and whose template it uses, or the target of an autoscaler. */
  #refer(change: "add" | "delete", one: Remembered): void {
    const { fact } = one;
    if ("target" in fact.object) {
      this.#scaling[change](fact.object.target.kind, fact.object.target.name, one);
    } else if ("template" in fact.object) {
      const { template, templateFrom } = fact.object;
      if (templateFrom !== undefined) this.#borrowing[change](templateFrom.kind, templateFrom.name, one);
      for (const mount of template.mounts) {
        if (mount.kind === "claim") this.#mounting[change](mount.claimName, one);
      }
    }
  }
}

/** Of a user who has dry-run nothing. */
const NO_RECOLLECTION: Recollection = {
  object: () => undefined,
  mounting: () => NOTHING,
  scaling: () => NOTHING,
  borrowing: () => NOTHING,
};

/** The newest stand at the end. */
function newestOf(found: Iterable<Remembered>): readonly Fact[] {
  const facts: Fact[] = [];
  for (const { fact } of found) facts.push(fact);
  return facts.length <= MOST_ALIKE ? facts : facts.slice(-MOST_ALIKE);
}

/**
 * What users dry-ran a short while ago, by user and namespace. A dry run stores nothing, so the objects of one
 * `kubectl apply --dry-run=server -f folder/` never see each other in the cluster; here they do. Bounded in time,
 * count and bytes; the oldest goes first. With several replicas of the server it is best effort: the requests
 * of one command may reach different ones.
 */
export class DryRunMemory {
  readonly #settings: () => Settings;
  /** In order of arrival, which is the order of expiry unless the settings change. */
  readonly #entries = new Set<Remembered>();
  /** By user and namespace. */
  readonly #owned = new Scoped<Owned>();
  #bytes = 0;

  constructor(settings: () => Settings) {
    this.#settings = settings;
  }

  get size(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /**
   * What the user dry-ran in the namespace, as far as it is still remembered; a lookup costs the same however much that
   * is.
   *
   * @param now milliseconds since the epoch
   */
  recall(user: string, namespace: string, now: number): Recollection {
    this.#expire(now);
    return this.#owned.get(user, namespace) ?? NO_RECOLLECTION;
  }

  /** Remembers an object that a user dry-ran, replacing an earlier one of the same name. */
  remember(user: string, namespace: string, fact: Fact, now: number): void {
    const { enabled, seconds, maxBytes } = this.#settings();
    this.forget(user, namespace, fact);
    const bytes = bytesOf(fact);
    if (enabled && bytes <= maxBytes) {
      const owned = this.#owned.get(user, namespace) ?? new Owned(user, namespace);
      this.#owned.set(user, namespace, owned);
      const one = { of: owned, fact, bytes, until: now + seconds * 1000 };
      owned.add(one);
      this.#entries.add(one);
      this.#bytes += bytes;
    }
    this.#expire(now);
  }

  /** Remembers nothing of that name any more. */
  forget(user: string, namespace: string, { kind, object }: Fact): void {
    const older = this.#owned.get(user, namespace)?.objects.get(kind, object.name);
    if (older !== undefined) this.#drop(older);
  }

  #expire(now: number): void {
    const { enabled, maxEntries, maxBytes } = this.#settings();
    for (const one of this.#entries) {
      const fits = this.#entries.size <= maxEntries && this.#bytes <= maxBytes;
      if (enabled && fits && one.until > now) break;
      this.#drop(one);
    }
  }

  #drop(one: Remembered): void {
    this.#entries.delete(one);
    this.#bytes -= one.bytes;
    one.of.delete(one);
    if (one.of.objects.size === 0) this.#owned.delete(one.of.user, one.of.namespace);
  }
}

/** An estimate of what a fact takes in memory; parts of the object that are not judged are not kept. */
function bytesOf({ object }: Fact): number {
  return Buffer.byteLength(JSON.stringify(object));
}
