import { setTimeout as delay } from "node:timers/promises";

/** Time and chance, injected so that tests need not wait for either. */
export interface Clock {
  /** Milliseconds that never run backwards. */
  now(): number;
  /** Resolves after that many milliseconds, or at once when the signal aborts; never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** From 0 up to, but not including, 1. */
  random(): number;
}

export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) => delay(ms, undefined, { signal }).catch(() => undefined),
  random: Math.random,
};
