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

/** The place of a field of an object that begins at a position of the file; undefined where it is not found there. */
export type PlaceOfField = (object: SourcePosition, path: readonly FieldStep[]) => FieldPlace | undefined;

/**
 * Where fields of the objects in a file stand: a value on the line of its key, else the key. A field that is not
 * written is told by the nearest part above it that is. An object is not found e.g. because the file has changed since
 * it was read. An object that is written as JSON is parsed by itself, since a dump holds thousands of them in one
 * document; of any other document the last one is kept.
 *
 * @param text of the file, which may be JSON
 */
export function fieldPlacesIn(text: string): PlaceOfField {
  const lines = new Lines(text);
  let chunks: readonly Chunk[] | undefined;
  let last: { readonly chunk: Chunk; readonly parsed: ParsedChunk | undefined } | undefined;
  return (object, path) => {
    const json = jsonObjectAt(text, lines.offsetOf(object.line, object.column));
    if (json !== undefined) return placeInJson(json, object, path);
    chunks ??= [...chunksWithLines(text)];
    const chunk = chunks.findLast(({ firstLine }) => firstLine < object.line);
    if (chunk === undefined) return undefined;
    if (last?.chunk !== chunk) last = { chunk, parsed: parsedChunk(chunk.chunk) };
    return last.parsed && placeInChunk(last.parsed, chunk.firstLine, object, path);
  };
}

interface Chunk {
  readonly chunk: string;
  readonly firstLine: number;
}

interface ParsedChunk {
  readonly events: readonly Event[];
  readonly source: string;
  readonly lines: Lines;
  /** The index of each mapping by where it begins. */
  readonly mappings: ReadonlyMap<number, number>;
}

/** Where the lines of a text begin. */
class Lines {
  readonly #text: string;
  #starts: readonly number[] | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  /** @param line from 1 @param column from 1 */
  offsetOf(line: number, column: number): number {
    return line === 1 ? column - 1 : (this.#all()[line - 1] ?? Number.NaN) + column - 1;
  }

  /** The line, from 1, on which an offset stands. */
  lineAt(offset: number): number {
    const starts = this.#all();
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  }

  #all(): readonly number[] {
    if (this.#starts !== undefined) return this.#starts;
    const starts = [0];
    for (let at = this.#text.indexOf("\n"); at !== -1; at = this.#text.indexOf("\n", at + 1))
      starts.push(at + 1);
    this.#starts = starts;
    return starts;
  }
}

/** The text of the object that begins at an offset, where it is JSON; undefined for anything else. */
function jsonObjectAt(text: string, start: number): string | undefined {
  if (text[start] !== "{") return undefined;
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    const character = text[at];
    if (character === '"') {
      at = endOfString(text, at);
      if (at === -1) return undefined;
    } else if (character === "{") depth += 1;
    else if (character === "}") depth -= 1;
    if (depth > 0) continue;
    const object = text.slice(start, at + 1);
    return isJson(object) ? object : undefined;
  }
  return undefined;
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === '"') return at;
  }
  return -1;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function parsedChunk(chunk: string): ParsedChunk | undefined {
  try {
    const { events, source, indented } = eventsOf(chunk);
    // Where lines were indented to be read, columns are no longer those of the file.
    if (indented.size > 0) return undefined;
    const mappings = new Map<number, number>();
    for (const [index, event] of events.entries())
      if (event.type === EVENT_ID.MAPPING && !mappings.has(startOf(event)))
        mappings.set(startOf(event), index);
    return { events, source, lines: new Lines(source), mappings };
  } catch {
    // Only a place is lost by it: what is wrong with the file was said when it was read.
    return undefined;
  }
}

function placeInChunk(
  { events, source, lines, mappings }: ParsedChunk,
  firstLine: number,
  object: SourcePosition,
  path: readonly FieldStep[],
): FieldPlace | undefined {
  const root = mappings.get(lines.offsetOf(object.line - firstLine, object.column));
  if (root === undefined) return undefined;
  const found = walk(events, source, root, path);
  return found && placed(found, object.file, source, lines, firstLine);
}

function placeInJson(
  json: string,
  object: SourcePosition,
  path: readonly FieldStep[],
): FieldPlace | undefined {
  const parsed = parsedChunk(json);
  const place = parsed && placeInChunk(parsed, object.line - 1, { ...object, column: 1 }, path);
  if (place === undefined || place.line !== object.line) return place;
  // Its first line begins with what stands before it in the file.
  const before = object.column - 1;
  return { ...place, column: place.column + before, endColumn: place.endColumn + before };
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
  lines: Lines,
  firstLine: number,
): FieldPlace | undefined {
  const keyStart = startOf(key);
  if (key.type !== EVENT_ID.SCALAR || keyStart === -1) return undefined;
  const lineStart = source.lastIndexOf("\n", keyStart - 1) + 1;
  const newline = source.indexOf("\n", keyStart);
  const lineEnd = newline === -1 ? source.length : newline;
  const onLine = value.type === EVENT_ID.SCALAR && value.valueStart >= 0 && value.valueEnd <= lineEnd;
  const shown = onLine && value.valueEnd > value.valueStart ? value : key;
  return {
    file,
    line: firstLine + lines.lineAt(keyStart),
    column: shown.valueStart - lineStart + 1,
    endColumn: shown.valueEnd - lineStart + 1,
    text: inFlow ? null : source.slice(lineStart, lineEnd).replace(/\r$/, ""),
  };
}
