/** One rule and one object that requests in a log were about. */
export interface LoggedKey {
  readonly rule: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** How many requests enforce would have denied. */
  readonly count: number;
  /** Of those, how many for which the log does not say which of the named rules denied. */
  readonly possibly: number;
  /** RFC 3339. */
  readonly first: string;
  readonly last: string;
  /** Who sent the first few; null unless asked for. */
  readonly users: readonly string[] | null;
  /** Whether the object still breaks the rule: where a cluster or dump was read, else null. */
  readonly now: "yes" | "no" | "unknown" | null;
}

/** What the log of a webhook in mode audit or warn says about mode enforce. */
export interface FromLog {
  readonly source: "audit-log" | "decision-log";
  readonly requests: number;
  /** Not counted among the requests. */
  readonly dryRuns: number;
  readonly ignoredLines: number;
  /** Denials for objects beyond those that are listed separately. */
  readonly beyond: number;
  /** RFC 3339, of any request; null where there was none. */
  readonly first: string | null;
  readonly last: string | null;
  /** The worst first: still holds, certain, often. */
  readonly keys: readonly LoggedKey[];
}
