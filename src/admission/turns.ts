interface Turn {
  /** In milliseconds of `performance.now()`. */
  readonly began: number;
  /** What arrived in it, as it goes on: the short ones first. */
  readonly short: Waiting[];
  readonly long: Waiting[];
}

interface Waiting {
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
  /** Of the turns that are over, the earlier ones first. */
  readonly #waiting: Waiting[] = [];

  /** When the current turn began: what is read last in it has been waiting as long as what is read first. */
  began(): number {
    return this.#turn().began;
  }

  /**
   * Resolves after the end of the current turn, one after the other for those that go on together.
   *
   * @param bytes how many it has
   * @param long whether it goes on after all the others of its turn, and alone
   */
  read(bytes: number, long = false): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const turn = this.#turn();
    // A long one fills what goes on together.
    if (long) turn.long.push({ bytes: TOGETHER_BYTES, goOn: resolve });
    else turn.short.push({ bytes, goOn: resolve });
    return promise;
  }

  #turn(): Turn {
    if (this.#current === undefined) {
      const turn: Turn = { began: performance.now(), short: [], long: [] };
      this.#current = turn;
      setImmediate(() => {
        this.#current = undefined;
        const isBusy = this.#waiting.length > 0;
        this.#waiting.push(...turn.short, ...turn.long);
        if (!isBusy) this.#goOn();
      });
    }
    return this.#current;
  }

  /** Between two times what arrives meanwhile is read, and what is done is sent. */
  #goOn(): void {
    let left = TOGETHER_BYTES;
    let next = this.#waiting[0];
    for (let first = true; next !== undefined && (first || next.bytes <= left); first = false) {
      this.#waiting.shift();
      left -= next.bytes;
      next.goOn();
      next = this.#waiting[0];
    }
    if (next !== undefined) setImmediate(() => this.#goOn());
  }
}
