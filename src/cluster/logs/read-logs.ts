import { AUDIT_LOG } from "./audit-log.ts";
import { DECISION_LOG } from "./decision-log.ts";
import type { LogLine, LogSource } from "./logged-request.ts";
import { LogTally, type Tally } from "./tally.ts";

/** Each is tried on the first lines of each file. */
const SOURCES: readonly LogSource[] = [AUDIT_LOG, DECISION_LOG];
/** Programs print a lot before a server listens. */
const FIRST_LINES = 1_000;

/** A file, or standard input, by name and lines. */
export interface LogFile {
  readonly name: string;
  readonly lines: AsyncIterable<string | undefined>;
}

/** What is wrong with the files as logs. */
export class NoLog extends Error {}

/**
 * What all the files together say. They are read one after the other, in any order.
 *
 * @param namespace only requests for objects in it; null for all
 * @throws NoLog where files are of two kinds, or one of no kind that is known; the file system's error where one cannot
 * be read
 */
export async function readLogs(
  files: readonly LogFile[],
  namespace: string | null,
): Promise<{ readonly source: LogSource["id"]; readonly tally: Tally }> {
  const tally = new LogTally();
  const read = (source: LogSource, line: string | undefined): LogLine => {
    const told = line === undefined ? "foreign" : source.read(line);
    const elsewhere = typeof told === "object" && namespace !== null && told.namespace !== namespace;
    return elsewhere ? "other" : told;
  };
  let known: { readonly source: LogSource; readonly of: string } | undefined;
  for (const { name, lines } of files) {
    let source: LogSource | undefined;
    const waiting: (string | undefined)[] = [];
    const settle = (found: LogSource | undefined) => {
      source = found;
      if (source === undefined) throw new NoLog(unknownKind(name, waiting.length));
      if (known !== undefined && known.source !== source) throw new NoLog(twoKinds(name, source, known));
      known ??= { source, of: name };
      for (const line of waiting.splice(0)) tally.add(read(source, line));
    };
    for await (const line of lines) {
      if (source !== undefined) {
        tally.add(read(source, line));
        continue;
      }
      waiting.push(line);
      const found = SOURCES.find((each) => tells(each, line));
      if (found !== undefined || waiting.length >= FIRST_LINES) settle(found ?? likely(waiting));
    }
    if (source === undefined && waiting.length > 0) settle(likely(waiting));
  }
  if (known === undefined) throw new NoLog("there is nothing in the files");
  return { source: known.source.id, tally: tally.result() };
}

/** Only lines that no other program writes identify the kind of a log. */
function tells({ read, id }: LogSource, line: string | undefined): boolean {
  if (line === undefined) return false;
  const told = read(line);
  return typeof told === "object" || (id === "audit-log" && told === "other");
}

/** A server that was never called has written JSON lines and no decision. */
function likely(lines: readonly (string | undefined)[]): LogSource | undefined {
  const isServer = lines.some((line) => line !== undefined && DECISION_LOG.read(line) === "other");
  return isServer ? DECISION_LOG : undefined;
}

function unknownKind(file: string, lines: number): string {
  return `${file}: none of its first ${lines} lines is from an audit log of the API server (JSON lines) or from a log of attachguard serve`;
}

function twoKinds(
  file: string,
  source: LogSource,
  known: { readonly source: LogSource; readonly of: string },
): string {
  return `${file} is ${source.name} and ${known.of} is ${known.source.name}: requests would count twice, so give one kind`;
}
