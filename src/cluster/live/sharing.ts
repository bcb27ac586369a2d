import type { Fact } from "../../kube/fact.ts";

/** Beyond this many different parts the pool is emptied; what was shared stays shared. */
const LARGEST_POOL = 4_096;

/**
 * One copy of what thousands of objects have in common: where pods may land, where a volume may be reached from.
 * A cluster has few different ones, and each weighs more than the rest of its object.
 */
export class Sharing {
  readonly #pool = new Map<string, unknown>();

  /**
   * An equal fact made of parts that are there already: those of `old`, which it is to replace, and those that many
   * objects have in common. Where nothing has changed, as with most changes of status, it holds `old` itself.
   */
  share(fact: Fact, old: Fact["object"] | undefined): Fact {
    const shared = this.#exchange(fact);
    return old === undefined ? shared : ({ kind: shared.kind, object: keeping(old, shared.object) } as Fact);
  }

  #exchange(fact: Fact): Fact {
    switch (fact.kind) {
      case "PersistentVolume": {
        const { nodeAffinity, source } = fact.object;
        const shared = { nodeAffinity: this.#one(nodeAffinity), source: this.#one(source) };
        return { kind: fact.kind, object: { ...fact.object, ...shared } };
      }
      case "HorizontalPodAutoscaler":
      case "ScaledObject":
      case "PersistentVolumeClaim":
      case "StorageClass":
      case "CSIDriver":
      case "Namespace":
      case "Node":
        return fact;
      default: {
        const { template, pods } = fact.object;
        const placement = this.#one(template.placement);
        const object = { ...fact.object, pods: this.#one(pods), template: { ...template, placement } };
        return { kind: fact.kind, object };
      }
    }
  }

  #one<T>(part: T): T {
    if (part === undefined) return part;
    const key = JSON.stringify(part);
    const seen = this.#pool.get(key);
    if (seen !== undefined) return seen as T;
    if (this.#pool.size >= LARGEST_POOL) this.#pool.clear();
    this.#pool.set(key, part);
    return part;
  }
}

/** The fresh value with every part of the old one that is equal; the old one itself where all of it is. */
function keeping<T>(old: T, fresh: T): T {
  if (old === fresh) return old;
  if (!isObject(old) || !isObject(fresh)) return fresh;
  const prototype: unknown = Object.getPrototypeOf(fresh);
  if (Object.getPrototypeOf(old) !== prototype) return fresh;
  const kept = copyOf(fresh, prototype as object);
  const keys = Object.keys(fresh) as (keyof T)[];
  let isSame = keys.length === Object.keys(old).length;
  for (const key of keys) {
    kept[key] = keeping(old[key], fresh[key]);
    isSame &&= Object.hasOwn(old, key) && kept[key] === old[key];
  }
  return isSame ? old : kept;
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

/** Labels have a prototype of their own. A literal's copy takes less room than one that is filled key by key. */
function copyOf<T extends object>(value: T, prototype: object): T {
  if (Array.isArray(value)) return value.slice() as T;
  return prototype === Object.prototype ? { ...value } : Object.assign(Object.create(prototype), value);
}
