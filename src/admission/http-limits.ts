/** Time limits of a connection, in milliseconds. */
export interface HttpTimeouts {
  /**
   * How long an idle connection is kept. Above the 90 s for which the API server keeps one
   * (`apimachinery/pkg/util/net/http.go`): closed by us first, it would surface there as EOF, and Go does not retry a
   * POST.
   */
  readonly keepAlive: number;
  /** From the first byte to the end of the headers; a new connection has to begin within it too. */
  readonly headers: number;
  /** From the first byte to the end of the body: no webhook call lasts longer (30 s is the API server's ceiling). */
  readonly request: number;
  readonly handshake: number;
  /** A socket on which nothing moves, for clients that do not read their answer. Longer than `keepAlive`. */
  readonly silence: number;
  /** How often the server looks for connections that have overstayed. */
  readonly check: number;
}

export const HTTP_TIMEOUTS: HttpTimeouts = {
  keepAlive: 95_000,
  headers: 10_000,
  request: 30_000,
  handshake: 10_000,
  silence: 120_000,
  check: 1_000,
};
