interface Turn {
  /** In milliseconds of `performance.now()`. */
  readonly began: number;
  /** What arrived in it. */
  readonly short: Short[];
  readonly long: (() => void)[];
}

interface Short {
  readonly bytes: number;
  readonly goOn: () => void;
}

/**
 * The bytes of reviews that go on together: a dozen ordinary ones, after which more would be won by none, and not so
 * many of the costliest that the first of them would have to wait for seconds.
 */
const TOGETHER_BYTES = 128 * 1024;

/**
 * The turns of the event loop. Reviews that arrive in one turn are worked on together from its end on, a dozen at once,
 * each step for all of them: between two reviews a server runs so much other code (TLS, HTTP, the log) that the next
 * one would find none of its own in the caches of the processor, and take two to three times as long. One that arrives
 * alone does not wait for others.
 */
export class Turns {
  #current: Turn | undefined;
  /** What arrived in the turns that are over, the earlier first. */
  readonly #short: Short[] = [];
  readonly #long: (() => void)[] = [];
  #longIsNext = false;

  /** When the current turn began: what is read last in it has been waiting as long as what is read first. */
  began(): number {
    return this.#turn().began;
  }

  /**
   * Resolves after the end of the current turn, one after the other for those that go on together.
   *
   * @param bytes how many it has
   * @param long whether it goes on alone, after others: beside such ones, short ones wait for one of them at a time
   */
  read(bytes: number, long = false): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const turn = this.#turn();
    if (long) turn.long.push(resolve);
    else turn.short.push({ bytes, goOn: resolve });
    return promise;
  }

  #turn(): Turn {
    if (this.#current === undefined) {
      const turn: Turn = { began: performance.now(), short: [], long: [] };
      this.#current = turn;
      setImmediate(() => {
        this.#current = undefined;
        const isBusy = this.#isWaiting();
        this.#short.push(...turn.short);
        this.#long.push(...turn.long);
        if (!isBusy) this.#goOn();
      });
    }
    return this.#current;
  }

  #isWaiting(): boolean {
    return this.#short.length > 0 || this.#long.length > 0;
  }

  /** Between two times what arrives meanwhile is read, and what is done is sent. */
  #goOn(): void {
    const isLong = this.#long.length > 0 && (this.#longIsNext || this.#short.length === 0);
    if (isLong) this.#long.shift()?.();
    else this.#goOnTogether();
    const isMore = this.#isWaiting();
    this.#longIsNext = isMore && !isLong;
    if (isMore) setImmediate(() => this.#goOn());
  }

  #goOnTogether(): void {
    let left = TOGETHER_BYTES;
    for (let next = this.#short.shift(); next !== undefined; next = this.#short.shift()) {
      left -= next.bytes;
      next.goOn();
      if ((this.#short[0]?.bytes ?? 0) > left) return;
    }
  }
}
