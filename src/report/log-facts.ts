/** One rule and one object that requests of a log were about. */
export interface LoggedKey {
  readonly rule: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** How many requests enforce would have denied. */
  readonly count: number;
  /** Of those: where the log does not say for which of the rules that it names. */
  readonly possibly: number;
  /** RFC 3339. */
  readonly first: string;
  readonly last: string;
  /** Who sent the first few of them; null unless asked for. */
  readonly users: readonly string[] | null;
  /** Whether the object still breaks the rule: where a cluster or dump was read, else null. */
  readonly now: "yes" | "no" | "unknown" | null;
}

/** What the log of a webhook in mode audit or warn says of mode enforce. */
export interface FromLog {
  readonly source: "audit-log" | "decision-log";
  readonly requests: number;
  /** Not among the requests. */
  readonly dryRuns: number;
  readonly ignoredLines: number;
  /** Refusals for objects beyond those that are kept apart. */
  readonly beyond: number;
  /** RFC 3339, of any request; null without one. */
  readonly first: string | null;
  readonly last: string | null;
  /** The worst first: still holds, certain, often. */
  readonly keys: readonly LoggedKey[];
}
