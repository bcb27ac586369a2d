import type { DryRunMemory as Settings } from "../config/model.ts";
import type { Fact } from "../kube/fact.ts";

interface Remembered {
  readonly owner: string;
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
  /** In the order of arrival, which is the order of expiry as long as the settings stand. */
  readonly #entries = new Map<string, Remembered>();
  readonly #owners = new Map<string, Set<string>>();
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

  /** What the user dry-ran in the namespace and is still remembered. @param now milliseconds since the epoch */
  recall(user: string, namespace: string, now: number): readonly Fact[] {
    this.#forget(now);
    const keys = this.#owners.get(ownerKey(user, namespace)) ?? [];
    return [...keys].flatMap((key) => this.#entries.get(key)?.fact ?? []);
  }

  /**
   * Remembers an object that a user dry-ran, in place of an earlier one of the same name.
   *
   * @param bytes the size of the object as it came, which stands for what it takes in memory
   */
  remember(user: string, namespace: string, fact: Fact, bytes: number, now: number): void {
    const { enabled, seconds, maxBytes } = this.#settings();
    const owner = ownerKey(user, namespace);
    const key = JSON.stringify([owner, fact.kind, fact.object.name]);
    this.#drop(key);
    if (enabled && bytes <= maxBytes) {
      this.#entries.set(key, { owner, fact, bytes, until: now + seconds * 1000 });
      const keys = this.#owners.get(owner) ?? new Set();
      this.#owners.set(owner, keys.add(key));
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
    const keys = this.#owners.get(entry.owner);
    keys?.delete(key);
    if (keys?.size === 0) this.#owners.delete(entry.owner);
  }
}

function ownerKey(user: string, namespace: string): string {
  return JSON.stringify([user, namespace]);
}
