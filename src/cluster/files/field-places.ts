import { COLLECTION_STYLE, EVENT_ID, type Event, getScalarValue } from "js-yaml";
import type { FieldStep } from "../../policy/field.ts";
import type { SourcePosition } from "../../policy/model.ts";
import { chunksWithLines } from "./yaml.ts";
import { eventsOf, startOf } from "./yaml-events.ts";

/** A line of a file and what stands out on it; lines and columns count from 1. */
export interface FieldPlace extends SourcePosition {
  /** The column after the last character that stands out. */
  readonly endColumn: number;
  /** The line, where nothing but the field stands on it; else null. */
  readonly text: string | null;
}

/**
 * Where a field of an object stands in its file: a value on the line of its key, else the key. A field that is not
 * written is told by the nearest part above it that is. `undefined` where the object is not found there, e.g. because
 * the file has changed since it was read.
 *
 * @param text of the file, which may be JSON
 * @param object where the object begins, as the file was read
 */
export function placeOfField(
  text: string,
  object: SourcePosition,
  path: readonly FieldStep[],
): FieldPlace | undefined {
  const part = chunkAt(text, object.line);
  if (part === undefined) return undefined;
  const { chunk, firstLine } = part;
  let parsed: ReturnType<typeof eventsOf>;
  try {
    parsed = eventsOf(chunk);
  } catch {
    // Only a place is lost by it: what is wrong with the file was said when it was read.
    return undefined;
  }
  const { events, source, indented } = parsed;
  // Where lines were indented to be read, columns are no longer those of the file.
  if (indented.size > 0) return undefined;
  const start = offsetOf(source, object.line - firstLine, object.column);
  const root = events.findIndex((event) => event.type === EVENT_ID.MAPPING && startOf(event) === start);
  if (root === -1) return undefined;
  const found = walk(events, source, root, path);
  return found && placed(found, object.file, source, firstLine);
}

function chunkAt(text: string, line: number): { chunk: string; firstLine: number } | undefined {
  let last: { chunk: string; firstLine: number } | undefined;
  for (const part of chunksWithLines(text)) {
    if (part.firstLine >= line) break;
    last = part;
  }
  return last;
}

function offsetOf(text: string, line: number, column: number): number {
  let start = 0;
  for (let at = 1; at < line; at += 1) start = text.indexOf("\n", start) + 1;
  return start + column - 1;
}

/** A key with its value, by the indices of their events. */
interface Found {
  readonly key: Event;
  readonly value: Event;
  /** True where other things may stand on the line, since a collection around it is written in one. */
  readonly inFlow: boolean;
}

/** Follows the path as far as it is written. */
function walk(
  events: readonly Event[],
  source: string,
  root: number,
  path: readonly FieldStep[],
): Found | undefined {
  let at = root;
  let inFlow = isFlow(events[root]);
  let found: Found | undefined;
  for (const step of path) {
    const next =
      typeof step === "string"
        ? memberOf(events, source, at, step)
        : itemHolding(events, source, at, step.holding, step.value);
    if (next === undefined) return found;
    const { key, value } = next;
    if (key !== undefined) {
      found = { key: events[key] as Event, value: events[value] as Event, inFlow };
    }
    at = value;
    inFlow ||= isFlow(events[at]);
  }
  return found;
}

interface Next {
  /** The index of the key's event; `undefined` for an item of a list. */
  readonly key: number | undefined;
  readonly value: number;
}

/** The last member of that name, which is the one that counts. */
function memberOf(events: readonly Event[], source: string, at: number, name: string): Next | undefined {
  if (events[at]?.type !== EVENT_ID.MAPPING) return undefined;
  let found: Next | undefined;
  let key = at + 1;
  while (events[key] !== undefined && events[key]?.type !== EVENT_ID.POP) {
    const value = behind(events, key);
    const event = events[key];
    if (event?.type === EVENT_ID.SCALAR && getScalarValue(source, event) === name) found = { key, value };
    key = behind(events, value);
  }
  return found;
}

function itemHolding(
  events: readonly Event[],
  source: string,
  at: number,
  path: readonly string[],
  wanted: string,
): Next | undefined {
  if (events[at]?.type !== EVENT_ID.SEQUENCE) return undefined;
  for (let item = at + 1; events[item] !== undefined; item = behind(events, item)) {
    if (events[item]?.type === EVENT_ID.POP) return undefined;
    let value: number | undefined = item;
    for (const name of path)
      value = value === undefined ? value : memberOf(events, source, value, name)?.value;
    const event = value === undefined ? undefined : events[value];
    if (event?.type === EVENT_ID.SCALAR && getScalarValue(source, event) === wanted) {
      return { key: undefined, value: item };
    }
  }
  return undefined;
}

/** The index behind a whole node. */
function behind(events: readonly Event[], at: number): number {
  let depth = 0;
  let next = at;
  do {
    const type = events[next]?.type;
    if (type === EVENT_ID.MAPPING || type === EVENT_ID.SEQUENCE) depth += 1;
    else if (type === EVENT_ID.POP) depth -= 1;
    next += 1;
  } while (depth > 0 && next < events.length);
  return next;
}

function isFlow(event: Event | undefined): boolean {
  return (
    (event?.type === EVENT_ID.MAPPING || event?.type === EVENT_ID.SEQUENCE) &&
    event.style === COLLECTION_STYLE.FLOW
  );
}

function placed(
  { key, value, inFlow }: Found,
  file: string,
  source: string,
  firstLine: number,
): FieldPlace | undefined {
  const keyStart = startOf(key);
  if (key.type !== EVENT_ID.SCALAR || keyStart === -1) return undefined;
  const lineStart = source.lastIndexOf("\n", keyStart - 1) + 1;
  const newline = source.indexOf("\n", keyStart);
  const lineEnd = newline === -1 ? source.length : newline;
  const onLine = value.type === EVENT_ID.SCALAR && value.valueStart >= 0 && value.valueEnd <= lineEnd;
  const shown = onLine && value.valueEnd > value.valueStart ? value : key;
  let line = 1;
  for (let at = source.indexOf("\n"); at !== -1 && at < keyStart; at = source.indexOf("\n", at + 1))
    line += 1;
  return {
    file,
    line: firstLine + line,
    column: shown.valueStart - lineStart + 1,
    endColumn: shown.valueEnd - lineStart + 1,
    text: inFlow ? null : source.slice(lineStart, lineEnd).replace(/\r$/, ""),
  };
}
