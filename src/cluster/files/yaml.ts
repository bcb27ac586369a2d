import { constructFromEvents, EVENT_ID, type Event, getScalarValue, YAMLException } from "js-yaml";
import { messageOf } from "../../errors.ts";
import type { SourcePosition } from "../../policy/model.ts";
import type { InputError } from "./input-error.ts";
import { LineFinder } from "./line-finder.ts";
import { duplicateKeyMessage, listMember, type ParsedDocument, type ParsedFile } from "./parsed-document.ts";
import { aliasProblem, eventsOf, startOf, type YamlEvents } from "./yaml-events.ts";
import { beginDocument, duplicateKeys, KUBECTL_SCHEMA } from "./yaml-schema.ts";

/** At the start of a line `---` always begins a document, even inside what looks like a scalar (YAML 1.2, 9.1.2). */
const DOCUMENT_START = /^---(?=[ \t\r\n]|$)/gm;

/**
 * The documents of a YAML file, read as kubectl reads them. Each is parsed by itself, so that a broken one costs no
 * other; it is reported with the place of its first error. The work is linear in the text, whatever it holds.
 */
export function parseYaml(file: string, text: string): ParsedFile {
  const documents: ParsedDocument[] = [];
  const errors: InputError[] = [];
  for (const { chunk, firstLine } of chunksWithLines(text)) {
    new Chunk(file, chunk, firstLine, documents, errors).parse();
  }
  return { documents, errors };
}

/** The text from one `---` to the next, with the number of lines before it. */
export function* chunksWithLines(text: string): Generator<{ chunk: string; firstLine: number }> {
  let firstLine = 0;
  for (const chunk of chunksOf(text)) {
    yield { chunk, firstLine };
    firstLine += countLines(chunk);
  }
}

function* chunksOf(text: string): Generator<string> {
  let start = 0;
  for (const { index } of text.matchAll(DOCUMENT_START)) {
    if (index > start) yield withoutDirectives(text.slice(start, index));
    start = index;
  }
  yield start === 0 ? text : text.slice(start);
}

/** What stands before the first `---` may be directives alone, which mean nothing without their document. */
function withoutDirectives(chunk: string): string {
  return chunk.startsWith("%") ? chunk.replace(/^%/gm, "#%") : chunk;
}

function countLines(chunk: string): number {
  let count = 0;
  for (let at = chunk.indexOf("\n"); at !== -1; at = chunk.indexOf("\n", at + 1)) count += 1;
  return count;
}

/** The text from one `---` to the next; nearly always one document. */
class Chunk {
  readonly #file: string;
  readonly #text: string;
  readonly #firstLine: number;
  readonly #documents: ParsedDocument[];
  readonly #errors: InputError[];
  #lines: LineFinder;
  #length: number;
  #indented: YamlEvents["indented"] = new Map();

  constructor(
    file: string,
    text: string,
    firstLine: number,
    documents: ParsedDocument[],
    errors: InputError[],
  ) {
    this.#file = file;
    this.#text = text;
    this.#firstLine = firstLine;
    this.#documents = documents;
    this.#errors = errors;
    this.#lines = new LineFinder(file, text);
    this.#length = text.length;
  }

  parse(): void {
    let parsed: YamlEvents;
    try {
      parsed = eventsOf(this.#text);
    } catch (error) {
      this.#broken(offsetOf(error), `the YAML is broken (${reasonOf(error)})`);
      return;
    }
    this.#indented = parsed.indented;
    this.#lines = new LineFinder(this.#file, parsed.source);
    this.#length = parsed.source.length;
    const aliases = this.#text.includes("*") ? aliasProblem(parsed) : undefined;
    if (aliases !== undefined) {
      this.#broken(aliases.offset, `the YAML cannot be resolved (${aliases.problem})`);
      return;
    }
    this.#construct(parsed);
  }

  #construct(parsed: YamlEvents): void {
    const { events, source } = parsed;
    beginDocument();
    let values: unknown[];
    try {
      values = constructFromEvents(events, { source, schema: KUBECTL_SCHEMA, json: true });
    } catch (error) {
      this.#broken(offsetOf(error), `the YAML cannot be resolved (${reasonOf(error)})`);
      return;
    }
    if (duplicateKeys() > 0) this.#noteDuplicates(parsed);
    const starts = documentStarts(events);
    for (const [at, value] of values.entries()) {
      const start = starts[at] ?? 0;
      const first = events[start];
      const offset = first === undefined ? -1 : startOf(first);
      const member = listMember(value);
      const items = member === undefined ? [] : itemOffsets(parsed, start, member);
      this.#documents.push({
        value,
        source: this.#positionOf(offset === -1 ? source.length - source.trimStart().length : offset),
        items: items.map((item) => this.#positionOf(item)),
      });
    }
  }

  #noteDuplicates(parsed: YamlEvents): void {
    for (const { key, offset } of duplicatesIn(parsed)) {
      this.#errors.push({ ...this.#positionOf(offset), message: duplicateKeyMessage(key), fatal: false });
    }
  }

  #positionOf(offset: number): SourcePosition {
    const { line, column } = this.#lines.positionOf(Math.min(Math.max(offset, 0), this.#length));
    const indent = this.#indented.get(line - 1) ?? 0;
    return { file: this.#file, line: this.#firstLine + line, column: Math.max(column - indent, 1) };
  }

  #broken(offset: number, problem: string): void {
    const template = this.#text.includes("{{") || this.#text.includes("{%");
    const remedy = template
      ? "it looks like a template: render it first (helm template), then judge the output"
      : "this document was not judged; correct it and run again";
    this.#errors.push({
      ...this.#positionOf(offset),
      message: `${problem}: ${remedy}`,
      fatal: true,
      ...(template ? { template } : {}),
    });
  }
}

function offsetOf(error: unknown): number {
  return error instanceof YAMLException ? (error.mark?.position ?? 0) : 0;
}

/** The library's messages quote the input, which may hold anything. */
function reasonOf(error: unknown): string {
  const reason = error instanceof YAMLException ? error.reason : messageOf(error);
  if (/maxDepth/.test(reason)) return "it is nested too deeply";
  return (reason.split("\n", 1)[0] as string).replace(/\p{Cc}/gu, " ").slice(0, 200);
}

/** For each document the index of the event after its own: its content, or its end. */
function documentStarts(events: readonly Event[]): readonly number[] {
  const starts: number[] = [];
  for (const [at, event] of events.entries()) if (event.type === EVENT_ID.DOCUMENT) starts.push(at + 1);
  return starts;
}

/** Where each entry of the outermost object's list `member` stands. */
function itemOffsets({ events, source }: YamlEvents, start: number, member: string): readonly number[] {
  const offsets: number[] = [];
  let depth = 0;
  let isKey = false;
  let isList = false;
  for (let at = start; at < events.length; at += 1) {
    const event = events[at] as Event;
    if (event.type === EVENT_ID.POP) {
      depth -= 1;
      if (depth <= 0) break;
      if (depth === 1) isKey = true;
      continue;
    }
    if (depth === 1) {
      if (isKey) isList = event.type === EVENT_ID.SCALAR && getScalarValue(source, event) === member;
      else if (isList) offsets.length = 0;
      isKey = !isKey;
    } else if (depth === 2 && isList) {
      offsets.push(startOf(event));
    }
    if (event.type === EVENT_ID.MAPPING || event.type === EVENT_ID.SEQUENCE) {
      depth += 1;
      if (depth === 1) isKey = true;
    }
  }
  return offsets;
}

/** Keys given twice in one object, with the place of the later one; walked only where there are some. */
function* duplicatesIn({ events, source }: YamlEvents): Generator<{ key: string; offset: number }> {
  const open: { keys: Set<string> | undefined; isKey: boolean }[] = [];
  const valueIsDone = (): void => {
    const parent = open.at(-1);
    if (parent !== undefined) parent.isKey = !parent.isKey;
  };
  for (const event of events) {
    const parent = open.at(-1);
    switch (event.type) {
      case EVENT_ID.DOCUMENT:
      case EVENT_ID.SEQUENCE:
        open.push({ keys: undefined, isKey: false });
        break;
      case EVENT_ID.MAPPING:
        open.push({ keys: new Set(), isKey: true });
        break;
      case EVENT_ID.POP:
        open.pop();
        valueIsDone();
        break;
      case EVENT_ID.SCALAR:
        if (parent?.keys !== undefined && parent.isKey) {
          const key = getScalarValue(source, event);
          if (parent.keys.has(key) && key !== "<<") yield { key, offset: startOf(event) };
          parent.keys.add(key);
        }
        valueIsDone();
        break;
      case EVENT_ID.ALIAS:
        valueIsDone();
        break;
    }
  }
}
