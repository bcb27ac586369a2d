import type { DryRunMemory as Settings } from "../config/model.ts";
import type { Fact } from "../kube/fact.ts";

/** What one user dry-ran in one namespace, indexed by what an object can refer to. */
export interface Recollection {
  object(kind: string, name: string): Fact | undefined;
  /** Workloads that mount a claim; only the newest where there are very many. */
  mounting(claim: string): readonly Fact[];
  /** Autoscalers of a workload. */
  scaling(kind: string, name: string): readonly Fact[];
}

/**
 * How many that name the same thing are returned. The memory only ever adds a warning, and nobody reads more of them.
 */
const MOST_ALIKE = 64;

interface Remembered {
  /** What it names, with its owner. */
  readonly refersTo: readonly string[];
  readonly fact: Fact;
  readonly bytes: number;
  readonly until: number;
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
  readonly #entries = new Map<string, Remembered>();
  /** Keys of entries, by owner and what the entries name. */
  readonly #referring = new Map<string, Set<string>>();
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
    this.#forget(now);
    const owner = ownerKey(user, namespace);
    const referring = (what: string): readonly Fact[] => {
      const keys = this.#referring.get(`${owner}${what}`);
      if (keys === undefined) return [];
      // The newest are at the end.
      return [...keys].slice(-MOST_ALIKE).flatMap((key) => this.#entries.get(key)?.fact ?? []);
    };
    return {
      object: (kind, name) => this.#entries.get(entryKey(owner, kind, name))?.fact,
      mounting: (claim) => referring(claimReference(claim)),
      scaling: (kind, name) => referring(targetReference(kind, name)),
    };
  }

  /** Remembers an object that a user dry-ran, replacing an earlier one of the same name. */
  remember(user: string, namespace: string, fact: Fact, now: number): void {
    const { enabled, seconds, maxBytes } = this.#settings();
    const owner = ownerKey(user, namespace);
    const key = entryKey(owner, fact.kind, fact.object.name);
    this.#drop(key);
    const bytes = bytesOf(fact);
    if (enabled && bytes <= maxBytes) {
      const refersTo = referencesOf(fact).map((what) => `${owner}${what}`);
      this.#entries.set(key, { refersTo, fact, bytes, until: now + seconds * 1000 });
      for (const what of refersTo) {
        this.#referring.set(what, (this.#referring.get(what) ?? new Set()).add(key));
      }
      this.#bytes += bytes;
    }
    this.#forget(now);
  }

  #forget(now: number): void {
    const { enabled, maxEntries, maxBytes } = this.#settings();
    for (const [key, { until }] of this.#entries) {
      const fits = this.#entries.size <= maxEntries && this.#bytes <= maxBytes;
      if (enabled && fits && until > now) break;
      this.#drop(key);
    }
  }

  #drop(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
    for (const what of entry.refersTo) {
      const keys = this.#referring.get(what);
      keys?.delete(key);
      if (keys?.size === 0) this.#referring.delete(what);
    }
  }
}

function ownerKey(user: string, namespace: string): string {
  return JSON.stringify([user, namespace]);
}

function entryKey(owner: string, kind: string, name: string): string {
  return JSON.stringify([owner, kind, name]);
}

const claimReference = (name: string) => JSON.stringify(["PersistentVolumeClaim", name]);

const targetReference = (kind: string, name: string) => JSON.stringify(["target", kind, name]);

/** The claims that a workload mounts, or the target of an autoscaler. */
function referencesOf(fact: Fact): readonly string[] {
  if (fact.kind === "HorizontalPodAutoscaler") {
    const { kind, name } = fact.object.target;
    return [targetReference(kind, name)];
  }
  if (!("template" in fact.object)) return [];
  const names = fact.object.template.mounts.flatMap((mount) =>
    mount.kind === "claim" ? [claimReference(mount.claimName)] : [],
  );
  return [...new Set(names)];
}

/** An estimate of what a fact takes in memory; parts of the object that are not judged are not kept. */
function bytesOf({ object }: Fact): number {
  return Buffer.byteLength(JSON.stringify(object));
}
