import { NOTHING } from "../kube/raw.ts";

/**
 * The containers behind the indices. Names are kept in a map for each namespace and never joined into one key:
 * with 100,000 objects the joined strings would weigh more than the maps.
 */

/** One object for each namespace and name; objects without a namespace are kept under `""`. */
export class Scoped<T> {
  readonly #namespaces = new Map<string, Map<string, T>>();
  size = 0;

  get(namespace: string, name: string): T | undefined {
    return this.#namespaces.get(namespace)?.get(name);
  }

  has(namespace: string, name: string): boolean {
    return this.#namespaces.get(namespace)?.has(name) ?? false;
  }

  set(namespace: string, name: string, object: T): void {
    let names = this.#namespaces.get(namespace);
    if (names === undefined) {
      names = new Map();
      this.#namespaces.set(namespace, names);
    }
    const before = names.size;
    names.set(name, object);
    this.size += names.size - before;
  }

  delete(namespace: string, name: string): void {
    const names = this.#namespaces.get(namespace);
    if (names === undefined || !names.delete(name)) return;
    this.size -= 1;
    if (names.size === 0) this.#namespaces.delete(namespace);
  }

  /** The namespaces that have the name, `default` first, then by their own names. */
  namespacesWith(name: string): readonly string[] {
    const found: string[] = [];
    for (const [namespace, names] of this.#namespaces) if (names.has(name)) found.push(namespace);
    return found.sort(defaultFirst);
  }

  *values(): Generator<T> {
    for (const names of this.#namespaces.values()) yield* names.values();
  }

  *valuesIn(namespace: string): Generator<T> {
    yield* this.#namespaces.get(namespace)?.values() ?? [];
  }
}

function defaultFirst(a: string, b: string): number {
  if (a === b) return 0;
  if (a === "default" || b === "default") return a === "default" ? -1 : 1;
  return a < b ? -1 : 1;
}

/** Several objects for each key. Most keys have one, which is then kept without a set around it. */
export class Buckets<T extends object> {
  readonly #buckets = new Map<string, T | Set<T>>();

  add(key: string, object: T): void {
    const bucket = this.#buckets.get(key);
    if (bucket === undefined) this.#buckets.set(key, object);
    else if (bucket instanceof Set) bucket.add(object);
    else if (bucket !== object) this.#buckets.set(key, new Set([bucket, object]));
  }

  delete(key: string, object: T): void {
    const bucket = this.#buckets.get(key);
    if (bucket instanceof Set) {
      bucket.delete(object);
      const [only] = bucket;
      if (only === undefined) this.#buckets.delete(key);
      else if (bucket.size === 1) this.#buckets.set(key, only);
    } else if (bucket === object) {
      this.#buckets.delete(key);
    }
  }

  at(key: string): Iterable<T> {
    const bucket = this.#buckets.get(key);
    if (bucket === undefined) return NOTHING;
    return bucket instanceof Set ? bucket : [bucket];
  }

  has(key: string): boolean {
    return this.#buckets.has(key);
  }

  sizeOf(key: string): number {
    const bucket = this.#buckets.get(key);
    if (bucket === undefined) return 0;
    return bucket instanceof Set ? bucket.size : 1;
  }

  isEmpty(): boolean {
    return this.#buckets.size === 0;
  }
}

/** Several objects for each namespace and name. */
export class ScopedBuckets<T extends object> {
  readonly #namespaces = new Map<string, Buckets<T>>();

  add(namespace: string, name: string, object: T): void {
    let buckets = this.#namespaces.get(namespace);
    if (buckets === undefined) {
      buckets = new Buckets();
      this.#namespaces.set(namespace, buckets);
    }
    buckets.add(name, object);
  }

  delete(namespace: string, name: string, object: T): void {
    const buckets = this.#namespaces.get(namespace);
    if (buckets === undefined) return;
    buckets.delete(name, object);
    if (buckets.isEmpty()) this.#namespaces.delete(namespace);
  }

  at(namespace: string, name: string): Iterable<T> {
    return this.#namespaces.get(namespace)?.at(name) ?? NOTHING;
  }

  isEmpty(): boolean {
    return this.#namespaces.size === 0;
  }

  hasNamespace(namespace: string): boolean {
    return this.#namespaces.has(namespace);
  }

  namespacesWith(name: string): readonly string[] {
    const found: string[] = [];
    for (const [namespace, buckets] of this.#namespaces) if (buckets.has(name)) found.push(namespace);
    return found.sort(defaultFirst);
  }
}
