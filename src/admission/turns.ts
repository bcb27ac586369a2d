interface Turn {
  /** In milliseconds of `performance.now()`. */
  readonly began: number;
  /** Resolves when everything that arrived in it has been read. */
  readonly read: Promise<void>;
}

/**
 * The turns of the event loop. Reviews that arrive in one turn are worked on together from its end on, each step for
 * all of them: between two reviews a server runs so much other code (TLS, HTTP, the log) that the next one would find
 * none of its own in the caches of the processor, and take two to three times as long. One that arrives alone does not
 * wait for others.
 */
export class Turns {
  #current: Turn | undefined;

  /** When the current turn began: what is read last in it has been waiting as long as what is read first. */
  began(): number {
    return this.#turn().began;
  }

  /** Resolves at the end of the current turn, for all that wait for it one after the other. */
  read(): Promise<void> {
    return this.#turn().read;
  }

  #turn(): Turn {
    if (this.#current === undefined) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#current = { began: performance.now(), read: promise };
      setImmediate(() => {
        this.#current = undefined;
        resolve();
      });
    }
    return this.#current;
  }
}
