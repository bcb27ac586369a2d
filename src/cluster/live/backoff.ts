/**
 * Waits that double from the first to the ceiling, each shortened by up to half at random, so that many clients
 * which lost the same server do not come back all at once.
 */
export class Backoff {
  readonly #first: number;
  readonly #ceiling: number;
  readonly #random: () => number;
  #failures = 0;

  constructor([first, ceiling]: readonly [number, number], random: () => number) {
    this.#first = first;
    this.#ceiling = ceiling;
    this.#random = random;
  }

  /** Milliseconds to wait before the next attempt. */
  next(): number {
    const full = Math.min(this.#ceiling, this.#first * 2 ** Math.min(this.#failures, 30));
    this.#failures += 1;
    return full * (1 - this.#random() / 2);
  }

  reset(): void {
    this.#failures = 0;
  }
}
