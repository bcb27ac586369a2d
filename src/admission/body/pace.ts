/** How much is read of large bodies in one turn of the event loop: a fraction of a millisecond. */
const PER_TURN = 128 * 1024;

/**
 * Lets the large bodies arrive in small parts, one after the other: the network hands over megabytes in one turn of the
 * event loop, and deciphering and keeping them would hold up whoever sent a small one.
 */
export class Pace {
  readonly #waiting: (() => void)[] = [];
  #left = PER_TURN;
  #turning = false;

  /**
   * Counts bytes of a large body that have arrived.
   *
   * @param goOn called in a later turn, where there was too much in this one
   * @returns false where the body has to wait until then
   */
  passes(bytes: number, goOn: () => void): boolean {
    this.#left -= bytes;
    this.#turn();
    if (this.#left >= 0) return true;
    this.#waiting.push(goOn);
    return false;
  }

  #turn(): void {
    if (this.#turning) return;
    this.#turning = true;
    setImmediate(() => {
      this.#turning = false;
      this.#left = PER_TURN;
      const next = this.#waiting.shift();
      if (next !== undefined) {
        next();
        this.#turn();
      }
    });
  }
}
