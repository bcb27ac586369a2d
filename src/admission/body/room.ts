/** One holder of a part of the room. */
export class Holding {
  /** What it holds, in the room's unit. */
  held = 0;
  /** In whose name, where that is known; no name holds more than a quarter. */
  name: string | undefined;
  /** Whether it is one of the large ones, which together hold at most half. */
  readonly large: boolean;

  constructor(large = false) {
    this.large = large;
  }
}

interface Waiting {
  readonly holding: Holding;
  readonly amount: number;
  readonly admit: () => void;
}

/**
 * A bounded amount of something (bytes, places) that requests share while they are served. Large ones may hold at most
 * half of it, and one name at most a quarter: beyond that its own requests wait. No limit stops a request that alone
 * counts against it, so that no share is too small for one request.
 */
export class Room {
  readonly #size: () => number;
  readonly #byName = new Map<string, number>();
  readonly #waiting = new Set<Waiting>();
  #held = 0;
  #heldByLarge = 0;

  /** @param size asked for each time, so that a new configuration holds at once */
  constructor(size: () => number) {
    this.#size = size;
  }

  /** How much is held, by all. */
  get held(): number {
    return this.#held;
  }

  /** Takes more for a holder; takes nothing and returns `false` where there is no room now. */
  take(holding: Holding, amount: number): boolean {
    if (!this.#fits(holding, amount)) return false;
    this.#add(holding, amount);
    return true;
  }

  /**
   * Like `take`, but waits for room.
   *
   * @param until when to stop waiting, in milliseconds of `performance.now()`
   */
  async takeBefore(holding: Holding, amount: number, until: number): Promise<boolean> {
    if (this.take(holding, amount)) return true;
    const patience = until - performance.now();
    if (patience <= 0) return false;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const waiting: Waiting = { holding, amount, admit: () => resolve(true) };
    this.#waiting.add(waiting);
    const timer = setTimeout(() => resolve(false), patience);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(waiting);
    }
  }

  /** Sets a holder's name once that is known. */
  name(holding: Holding, name: string): void {
    if (holding.name === name) return;
    this.#count(holding, -holding.held);
    holding.name = name;
    this.#count(holding, holding.held);
  }

  /** Gives back everything, and lets in those that wait, in order of arrival. */
  leave(holding: Holding): void {
    if (holding.held === 0) return;
    this.#add(holding, -holding.held);
    for (const waiting of this.#waiting) {
      if (this.#held >= this.#size()) return;
      if (!this.take(waiting.holding, waiting.amount)) continue;
      this.#waiting.delete(waiting);
      waiting.admit();
    }
  }

  #fits({ held, name, large }: Holding, amount: number): boolean {
    const size = this.#size();
    if (this.#held > held && this.#held + amount > size) return false;
    if (large && this.#heldByLarge > held && this.#heldByLarge + amount > size / 2) return false;
    if (name === undefined) return true;
    const byName = this.#byName.get(name) ?? 0;
    return byName <= held || byName + amount <= size / 4;
  }

  #add(holding: Holding, amount: number): void {
    this.#held += amount;
    if (holding.large) this.#heldByLarge += amount;
    this.#count(holding, amount);
    holding.held += amount;
  }

  #count({ name }: Holding, amount: number): void {
    if (name === undefined) return;
    const left = (this.#byName.get(name) ?? 0) + amount;
    if (left > 0) this.#byName.set(name, left);
    else this.#byName.delete(name);
  }
}
