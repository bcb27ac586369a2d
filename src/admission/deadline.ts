/** The API server's own default for a webhook without `timeoutSeconds` (`admissionregistration/v1/defaults.go`). */
const DEFAULT_TIMEOUT_MS = 10_000;
/** The most that a webhook may be given (`admissionregistration` validation: 1..30 s). */
const LONGEST_TIMEOUT_MS = 30_000;

/** Units of a Go duration, in milliseconds. */
const UNITS: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: 60_000,
  s: 1_000,
  ms: 1,
  us: 0.001,
  µs: 0.001,
  μs: 0.001,
  ns: 0.000_001,
};

/**
 * A Go duration (`5s`, `500ms`, `1m30s`, `1.5s`) in milliseconds; `undefined` where it is not one.
 * Go: `time.ParseDuration`.
 */
export function parseGoDuration(text: string): number | undefined {
  if (text === "0") return 0;
  if (text.length > 64 || !/^(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/([\d.]+)(ns|us|µs|μs|ms|s|m|h)/g)) {
    total += Number(amount) * (UNITS[unit ?? ""] ?? 0);
  }
  return Number.isFinite(total) ? total : undefined;
}

/**
 * How long lookups may take, in milliseconds. The API server rounds what is left up to a whole second before it sends
 * it, and the answer has to travel: hence the margin, which takes at most half the time.
 *
 * @param timeout the `timeout` parameter of the request; unreadable or absent is the API server's default
 */
export function lookupBudget(timeout: string | undefined, marginMs: number): number {
  const parsed = timeout === undefined ? undefined : durationOf(timeout);
  const given = Math.min(
    parsed === undefined || parsed <= 0 ? DEFAULT_TIMEOUT_MS : parsed,
    LONGEST_TIMEOUT_MS,
  );
  return Math.max(given / 2, given - marginMs);
}

/** A webhook is always called with the same timeout, so the last one read is usually the next one too. */
let lastRead: { readonly text: string; readonly ms: number | undefined } | undefined;

function durationOf(text: string): number | undefined {
  if (lastRead?.text !== text) lastRead = { text, ms: parseGoDuration(text) };
  return lastRead.ms;
}

/** A signal that aborts when lookups have to end. Call `clear` once the answer is sent. */
export interface Deadline {
  readonly signal: AbortSignal;
  clear(): void;
}

/**
 * Milliseconds that judging and answering one review is assumed to take at least, so that the first turns are not late.
 */
const LEAST_COST_MS = 4;

interface Waiting {
  readonly controller: AbortController;
  /** When its lookups have to end, in milliseconds of the clock. */
  readonly due: number;
  /** It is not aborted before, however many others wait. */
  readonly earliest: number;
}

/**
 * The deadlines of all reviews that are being judged, on one timer. Reviews that wait for the same unreachable API
 * server would all come due at the same moment, be judged one after the other, and the last of them answered late. So
 * the more of them wait, the sooner the first one continues with what is known; between two of them others get their
 * turn.
 */
export class Deadlines {
  readonly #now: () => number;
  /** By `due`, the next one first. */
  readonly #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** When the timer fires. */
  #rings = Number.POSITIVE_INFINITY;
  /** How long the last aborted ones took until their answer was sent. */
  #costMs = LEAST_COST_MS;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** @param remainingMs already passed (0 or less) aborts at once */
  start(remainingMs: number): Deadline {
    const controller = new AbortController();
    const { signal } = controller;
    if (remainingMs <= 0) {
      controller.abort();
      return { signal, clear: () => {} };
    }
    const now = this.#now();
    const waiting: Waiting = { controller, due: now + remainingMs, earliest: now + remainingMs / 2 };
    const after = this.#waiting.findLastIndex(({ due }) => due <= waiting.due);
    this.#waiting.splice(after + 1, 0, waiting);
    this.#arm();
    return { signal, clear: () => this.#clear(waiting) };
  }

  #clear(waiting: Waiting): void {
    const at = this.#waiting.indexOf(waiting);
    if (at !== -1) this.#waiting.splice(at, 1);
    // The next review usually comes before it fires; nobody waits for it until then.
    if (this.#waiting.length === 0) this.#timer?.unref();
  }

  /** The timer may fire for a review that has been answered; then the next one is looked at. */
  #arm(): void {
    const [next] = this.#waiting;
    if (next === undefined) return;
    const at = this.#moment(next);
    if (this.#timer !== undefined && this.#rings <= at) {
      this.#timer.ref();
      return;
    }
    clearTimeout(this.#timer);
    this.#rings = at;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#ring();
      },
      Math.max(0, at - this.#now()),
    );
  }

  #moment({ due, earliest }: Waiting): number {
    return Math.max(earliest, due - this.#costMs * this.#waiting.length);
  }

  #ring(): void {
    const [next] = this.#waiting;
    if (next === undefined) return;
    const begun = this.#now();
    if (this.#moment(next) > begun) {
      this.#arm();
      return;
    }
    this.#waiting.shift();
    next.controller.abort();
    // A review with no time left for others' turns continues at once.
    while ((this.#waiting[0]?.due ?? Number.POSITIVE_INFINITY) - this.#costMs <= this.#now()) {
      this.#waiting.shift()?.controller.abort();
    }
    // After everything that the abort started, the answer included.
    setImmediate(() => {
      const took = this.#now() - begun;
      this.#costMs = Math.max(took, this.#costMs * 0.9, LEAST_COST_MS);
      this.#ring();
    });
  }
}
