import { hash } from "node:crypto";
import type { LoggedRequest, LogLine } from "./logged-request.ts";

/** How often one rule would have denied requests for one object. */
export interface TallyRow {
  readonly rule: string;
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly count: number;
  /** Of those: where an older version did not say which of the rules that it named would deny. */
  readonly possibly: number;
  /** Milliseconds since the epoch. */
  readonly first: number;
  readonly last: number;
  /** The first few users that sent them. */
  readonly users: ReadonlySet<string>;
}

type OpenRow = { -readonly [K in keyof TallyRow]: TallyRow[K] } & { users: Set<string> };

/** What a log says, in bounded memory whatever its length. */
export interface Tally {
  readonly requests: number;
  readonly dryRuns: number;
  readonly ignoredLines: number;
  /** How many denials were for objects beyond those that are counted separately. */
  readonly beyond: number;
  readonly rows: readonly TallyRow[];
  /** Milliseconds since the epoch, of any request; undefined without one. */
  readonly first: number | undefined;
  readonly last: number | undefined;
}

const ROWS_MAX = 50_000;
const USERS_MAX = 10;
/** Requests that are remembered, so that a second record of one is recognised: these and as many before them. */
const SEEN_MAX = 500_000;

/** Counts requests as lines of logs come, in any order. */
export class LogTally {
  readonly #rows = new Map<string, OpenRow>();
  #seen = new Set<number>();
  #seenBefore = new Set<number>();
  #requests = 0;
  #dryRuns = 0;
  #ignored = 0;
  #beyond = 0;
  #first: number | undefined;
  #last: number | undefined;

  add(line: LogLine): void {
    if (line === "foreign") this.#ignored += 1;
    if (typeof line === "string" || this.#isSeen(line.id)) return;
    if (line.dryRun) {
      this.#dryRuns += 1;
      return;
    }
    this.#requests += 1;
    this.#first = Math.min(this.#first ?? line.time, line.time);
    this.#last = Math.max(this.#last ?? line.time, line.time);
    for (const rule of line.denies) this.#count(rule, line, 0);
    for (const rule of line.mayDeny) this.#count(rule, line, 1);
  }

  result(): Tally {
    return {
      requests: this.#requests,
      dryRuns: this.#dryRuns,
      ignoredLines: this.#ignored,
      beyond: this.#beyond,
      rows: [...this.#rows.values()],
      first: this.#first,
      last: this.#last,
    };
  }

  #count(rule: string, { resource, namespace, name, time, user }: LoggedRequest, possibly: number): void {
    const key = JSON.stringify([rule, resource, namespace, name]);
    let row = this.#rows.get(key);
    if (row === undefined) {
      if (this.#rows.size >= ROWS_MAX) {
        this.#beyond += 1;
        return;
      }
      const users = new Set<string>();
      row = { rule, resource, namespace, name, count: 0, possibly: 0, first: time, last: time, users };
      this.#rows.set(key, row);
    }
    row.count += 1;
    row.possibly += possibly;
    row.first = Math.min(row.first, time);
    row.last = Math.max(row.last, time);
    if (row.users.size < USERS_MAX) row.users.add(user);
  }

  /** By 48 bits of a hash: of a million requests, one in some hundred runs is taken for another one. */
  #isSeen(id: string): boolean {
    const digest = hash("sha1", id, "buffer").readUIntBE(0, 6);
    if (this.#seen.has(digest) || this.#seenBefore.has(digest)) return true;
    if (this.#seen.size >= SEEN_MAX) {
      this.#seenBefore = this.#seen;
      this.#seen = new Set();
    }
    this.#seen.add(digest);
    return false;
  }
}
