import { Readable } from "node:stream";
import { accessProblem } from "../cluster/files/discover.ts";
import { linesOf, linesOfFile } from "../cluster/logs/lines.ts";
import { NoLog, readLogs } from "../cluster/logs/read-logs.ts";
import type { TallyRow } from "../cluster/logs/tally.ts";
import { AttachguardError } from "../errors.ts";
import { FACT_KINDS, KINDS } from "../kube/kinds.ts";
import type { FromLog, LoggedKey } from "../report/log-facts.ts";
import type { Terminal } from "./terminal.ts";

/** Which logs, and how much of them. */
export interface FromLogOptions {
  /** Files; `-` is standard input. */
  readonly fromLog?: readonly string[];
  readonly users?: true;
  readonly namespace?: string;
}

/**
 * What the logs say, before anything is known of how things are now.
 *
 * @throws AttachguardError AG_ERR_INPUT where a file cannot be read or is no such log
 */
export async function fromLogs(
  files: readonly string[],
  { users, namespace }: Pick<FromLogOptions, "users" | "namespace">,
  { stdin }: Pick<Terminal, "stdin">,
): Promise<FromLog> {
  let current = "";
  const sources = files.map((name) => ({
    name,
    lines: watched(name === "-" ? linesOf(Readable.from(stdin)) : linesOfFile(name), () => {
      current = name;
    }),
  }));
  try {
    const { source, tally } = await readLogs(sources, namespace ?? null);
    const { rows, first, last, ...counts } = tally;
    return {
      source,
      ...counts,
      first: first === undefined ? null : timeText(first),
      last: last === undefined ? null : timeText(last),
      keys: rows.map((row) => keyOf(row, users === true)),
    };
  } catch (cause) {
    const why = cause instanceof NoLog ? cause.message : `${current}: ${accessProblem(cause)}`;
    throw new AttachguardError("AG_ERR_INPUT", why, { cause });
  }
}

async function* watched<T>(lines: AsyncIterable<T>, onStart: () => void): AsyncGenerator<T> {
  onStart();
  yield* lines;
}

function keyOf({ rule, resource, namespace, name, ...row }: TallyRow, users: boolean): LoggedKey {
  return {
    rule,
    kind: kindOf(resource),
    namespace,
    name,
    count: row.count,
    possibly: row.possibly,
    first: timeText(row.first),
    last: timeText(row.last),
    users: users ? [...row.users] : null,
    now: null,
  };
}

/** A resource that is not judged any more keeps its own name. */
function kindOf(resource: string): string {
  return FACT_KINDS.find((kind) => KINDS[kind].plural === resource) ?? resource;
}

function timeText(time: number): string {
  return new Date(time).toISOString();
}
