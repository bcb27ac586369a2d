/** Lets a limited number of tasks run at the same time; the others wait, and begin in order of arrival. */
export class Turns {
  readonly #waiting = new Set<() => void>();
  #free: number;

  constructor(most: number) {
    this.#free = most;
  }

  /**
   * The result of `task`. Where nothing is ahead of it, it begins before this returns.
   *
   * @throws the signal's reason when it aborts before the task has begun; a task that runs has to end itself.
   */
  async run<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    if (this.#free > 0) this.#free -= 1;
    else await this.#turn(signal);
    try {
      return await task();
    } finally {
      this.#next();
    }
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const begin = () => {
        signal.removeEventListener("abort", leave);
        resolve();
      };
      const leave = () => {
        this.#waiting.delete(begin);
        reject(signal.reason);
      };
      this.#waiting.add(begin);
      signal.addEventListener("abort", leave, { once: true });
    });
  }

  /** Hands the place over, or frees it. */
  #next(): void {
    const [begin] = this.#waiting;
    if (begin === undefined) {
      this.#free += 1;
      return;
    }
    this.#waiting.delete(begin);
    begin();
  }
}
