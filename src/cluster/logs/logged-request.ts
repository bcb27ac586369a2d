/** One request that a webhook judged, as a log reports it. */
export interface LoggedRequest {
  /** The same for every record of the same request. */
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly dryRun: boolean;
  readonly user: string;
  /** Plural, without a subresource. */
  readonly resource: string;
  readonly namespace: string;
  /** Of a request without one, the beginning that was asked for, with a star. */
  readonly name: string;
  /** The rules for which enforce denies it. */
  readonly denies: readonly string[];
  /** Rules for which enforce may deny it: an older version did not say which of those it named. */
  readonly mayDeny: readonly string[];
}

/** What a line is: a request that was judged, another line of the same log, or not a line of such a log. */
export type LogLine = LoggedRequest | "other" | "foreign";

/** A kind of log that reports requests. */
export interface LogSource {
  readonly id: "audit-log" | "decision-log";
  /** Its name for people. */
  readonly name: string;
  readonly read: (line: string) => LogLine;
}

/** The JSON object in a line; container runtimes and kubectl put times and names before it. */
export function objectIn(line: string): Readonly<Record<string, unknown>> | undefined {
  const start = line.indexOf("{");
  if (start === -1) return undefined;
  try {
    const value: unknown = JSON.parse(start === 0 ? line : line.slice(start));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** `rule,rule` as a list; longer than any list of rules is not read. */
export function rulesIn(text: unknown): readonly string[] {
  return typeof text === "string" && text.length <= 1_024 ? distinctRules(text.split(",")) : [];
}

/** Only what can be a rule's id: a log is not trusted. */
export function distinctRules(words: readonly unknown[]): readonly string[] {
  const ids = words.map((word) => (typeof word === "string" ? word.trim() : ""));
  return [...new Set(ids)].filter((id) => /^[a-z][a-z0-9-]{0,62}$/.test(id));
}

/** At most as long as names in Kubernetes are. */
export function nameIn(value: unknown): string {
  return typeof value === "string" ? value.slice(0, 254) : "";
}
