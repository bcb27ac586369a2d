/** Every duration of the live view, in milliseconds unless it says otherwise. */
export interface Timings {
  /** Objects in one page of a list. */
  readonly pageSize: number;
  /** A watch is closed by the server after a random time between the two, in seconds, and opened again. */
  readonly watchSeconds: readonly [number, number];
  /** A response must begin within this time. */
  readonly responseMs: number;
  /** A connection on which nothing has arrived for this long is considered dead. */
  readonly silenceMs: number;
  /** Retries: the first wait and the longest one. */
  readonly backoffMs: readonly [number, number];
  /** A watch that ends sooner, and without an event, counts as a failure. */
  readonly shortWatchMs: number;
  /** How often a kind that may not be read (403) or is not served (404) is tried again. */
  readonly refusedMs: number;
  readonly notServedMs: number;
  /** How long a direct lookup's "not there" is believed. */
  readonly negativeMs: number;
  /** Configuration and credentials are loaded afresh at most this often. */
  readonly renewMs: number;
}

/**
 * `pageSize`, `watchSeconds` and the backoff's ceiling are client-go's (`tools/pager`, `tools/cache/reflector.go`).
 * `silenceMs` is above the minute in which the API server sends a bookmark to a watch on which anything at all
 * moves; on a kind where nothing moves the watch is reopened that often, which costs one request.
 */
export const DEFAULT_TIMINGS: Timings = {
  pageSize: 500,
  watchSeconds: [300, 600],
  responseMs: 30_000,
  silenceMs: 90_000,
  backoffMs: [100, 30_000],
  shortWatchMs: 1_000,
  refusedMs: 60_000,
  notServedMs: 120_000,
  negativeMs: 1_000,
  renewMs: 10_000,
};
