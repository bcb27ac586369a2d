/** The API server's own default for a webhook that says no `timeoutSeconds` (`admissionregistration/v1/defaults.go`). */
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
 * How long look-ups may take, in milliseconds. The API server rounds what is left up to a whole second before it
 * sends it, and the answer has to travel: hence the margin, of which half the time is the most that it may take.
 *
 * @param timeout the `timeout` parameter of the request; unreadable or absent is the API server's default
 */
export function lookupBudget(timeout: string | undefined, marginMs: number): number {
  const parsed = timeout === undefined ? undefined : parseGoDuration(timeout);
  const given = Math.min(
    parsed === undefined || parsed <= 0 ? DEFAULT_TIMEOUT_MS : parsed,
    LONGEST_TIMEOUT_MS,
  );
  return Math.max(given / 2, given - marginMs);
}

/** A signal that aborts when look-ups have to end. `clear` when the answer is out. */
export interface Deadline {
  readonly signal: AbortSignal;
  clear(): void;
}

/** @param remainingMs already passed (0 or less) aborts at once */
export function startDeadline(remainingMs: number): Deadline {
  const controller = new AbortController();
  if (remainingMs <= 0) {
    controller.abort();
    return { signal: controller.signal, clear: () => {} };
  }
  const timer = setTimeout(() => controller.abort(), remainingMs);
  return { signal: controller.signal, clear: () => clearTimeout(timer) };
}
