import type { Fact } from "../../kube/fact.ts";

/** Beyond this many different parts the pool is emptied; what was shared stays shared. */
const LARGEST_POOL = 4_096;

/**
 * One copy of what thousands of objects have in common: where pods may land, where a volume may be reached from.
 * A cluster has few different ones, and each weighs more than the rest of its object.
 */
export class Sharing {
  readonly #pool = new Map<string, unknown>();

  /** The same fact, with its heavy parts exchanged for equal ones that are there already. */
  share(fact: Fact): Fact {
    switch (fact.kind) {
      case "PersistentVolume": {
        const { nodeAffinity, source } = fact.object;
        const shared = { nodeAffinity: this.#one(nodeAffinity), source: this.#one(source) };
        return { kind: fact.kind, object: { ...fact.object, ...shared } };
      }
      case "HorizontalPodAutoscaler":
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
