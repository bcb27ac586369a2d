import { Readable } from "node:stream";
import { accessProblem } from "../../cluster/files/discover.ts";
import { linesOf, linesOfFile } from "../../cluster/logs/lines.ts";
import { NoLog, readLogs } from "../../cluster/logs/read-logs.ts";
import type { TallyRow } from "../../cluster/logs/tally.ts";
import { AttachguardError } from "../../errors.ts";
import { FACT_KINDS, KINDS } from "../../kube/kinds.ts";
import { allStored } from "../../report/commands.ts";
import { withAudit } from "../../report/from-log.ts";
import type { FromLog, LoggedKey } from "../../report/log-facts.ts";
import { buildReport } from "../../report/report.ts";
import { version } from "../../version.ts";
import { emit, type ReportOptions } from "../emit.ts";
import type { Terminal } from "../terminal.ts";
import type { IntoClusterOptions } from "./into-cluster.ts";

/** Which logs, and how much of them. */
export interface FromLogOptions {
  /** Files; `-` is standard input. */
  readonly fromLog?: readonly string[];
  readonly users?: true;
  readonly namespace?: string;
}

/** The other audit options that concern logs. */
interface LogAudit extends FromLogOptions, IntoClusterOptions {
  readonly selector?: string;
  readonly since?: string;
}

/** With a log alone no cluster is read: the current one may not be the one that wrote the log. */
export function asksCluster({ context = [], from }: LogAudit): boolean {
  return context.length > 0 || from !== undefined;
}

/** @throws AttachguardError AG_ERR_USAGE for options that mean nothing together */
export function refuseWithLogs(options: LogAudit): void {
  const { fromLog, users, context = [], selector, since, writeReports, events } = options;
  if (fromLog === undefined) {
    if (users) throw new AttachguardError("AG_ERR_USAGE", "--users: it needs --from-log");
    return;
  }
  const refused = (option: string, why: string) =>
    new AttachguardError("AG_ERR_USAGE", `${option}: with --from-log ${why}`);
  if (writeReports) throw refused("--write-reports", "nothing is written: run the audit by itself");
  if (events) throw refused("--events", "nothing is written: run the audit by itself");
  if (context.length > 1) throw refused("--context", "give the one cluster that the log is from");
  if (asksCluster(options)) return;
  if (since !== undefined) throw refused("--since", "no cluster is read: give --context or --from");
  if (selector !== undefined) throw refused("--selector", "no cluster is read: give --context or --from");
}

/** Prints what logs say where no cluster is read. @returns the exit code */
export async function emitLog(
  log: FromLog,
  docsUrl: string | null,
  options: ReportOptions,
  terminal: Terminal,
): Promise<number> {
  const fromLog = withAudit(log, null);
  const report = buildReport({
    toolVersion: version(),
    telling: { docsUrl, isStored: allStored },
    inRepository: (file) => file,
  });
  return emit({ ...report, fromLog }, options, terminal);
}

/**
 * What the logs say, before anything is known about the present state.
 *
 * @throws AttachguardError AG_ERR_INPUT where a file cannot be read or is not such a log
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
