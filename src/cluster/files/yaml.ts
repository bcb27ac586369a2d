import type { Document, Node, ParseOptions, ScalarTag, SchemaOptions } from "yaml";
import * as yaml from "yaml";
import { messageOf } from "../../errors.ts";
import type { SourcePosition } from "../../policy/model.ts";
import type { InputError } from "./input-error.ts";
import { duplicateKeyMessage, type ParsedDocument, type ParsedFile } from "./parsed-document.ts";

/**
 * Aliases that one document may resolve, counted as the library does (weighted by what each expands to). Its
 * default of 100 is met by honest bundles that repeat a label anchor; a bomb passes any bound within a few levels.
 */
const MAX_ALIASES = 10_000;

/** At the start of a line `---` always begins a document, even inside what looks like a scalar (YAML 1.2, 9.1.2). */
const DOCUMENT_START = /^---(?=[ \t\r\n]|$)/gm;

/** Kubernetes reads YAML 1.1, where these are booleans too; the single letters are left out, they are also names. */
const TRUE_WORDS: ScalarTag = {
  tag: "tag:yaml.org,2002:bool",
  default: true,
  test: /^(?:[Yy]es|YES|[Oo]n|ON)$/,
  resolve: () => true,
};
const FALSE_WORDS: ScalarTag = {
  tag: "tag:yaml.org,2002:bool",
  default: true,
  test: /^(?:[Nn]o|NO|[Oo]ff|OFF)$/,
  resolve: () => false,
};

const OPTIONS = {
  merge: true,
  prettyErrors: false,
  logLevel: "silent",
  customTags: (tags) => [...tags, TRUE_WORDS, FALSE_WORDS],
} as const satisfies ParseOptions & SchemaOptions & { logLevel: string };

/**
 * The documents of a YAML file. Each is parsed by itself, so that a broken one costs no other; it is reported with
 * the place of its first error.
 */
export function parseYaml(file: string, text: string): ParsedFile {
  const documents: ParsedDocument[] = [];
  const errors: InputError[] = [];
  let line = 0;
  for (const chunk of chunksOf(text)) {
    parseChunk(file, chunk, line, documents, errors);
    line += countLines(chunk);
  }
  return { documents, errors };
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

function parseChunk(
  file: string,
  chunk: string,
  firstLine: number,
  documents: ParsedDocument[],
  errors: InputError[],
): void {
  const lineCounter = new yaml.LineCounter();
  const positionOf = (offset: number): SourcePosition => {
    const { line, col } = lineCounter.linePos(offset);
    return { file, line: firstLine + line, column: col };
  };
  const broken = (offset: number, problem: string): void => {
    errors.push({ ...positionOf(offset), message: `${problem}: ${remedyFor(chunk)}`, fatal: true });
  };
  let parsed: ReturnType<typeof yaml.parseAllDocuments>;
  try {
    parsed = yaml.parseAllDocuments(chunk, { ...OPTIONS, lineCounter });
  } catch (error) {
    // Nesting deeper than the stack, for one.
    broken(0, `the document cannot be parsed (${messageOf(error)})`);
    return;
  }
  for (const document of parsed) {
    const fault = document.errors.find(({ code }) => code !== "DUPLICATE_KEY");
    if (fault !== undefined) {
      broken(fault.pos[0], `the YAML is broken (${firstLineOf(fault.message)})`);
      continue;
    }
    for (const { pos } of document.errors) {
      const message = duplicateKeyMessage(keyAt(chunk, pos[0]));
      errors.push({ ...positionOf(pos[0]), message, fatal: false });
    }
    try {
      const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
      const source = positionOf(startOf(document.contents));
      documents.push({ value, source, items: itemPositions(document, positionOf) });
    } catch (error) {
      const offset = unresolvedAlias(document) ?? startOf(document.contents);
      broken(offset, `the YAML cannot be resolved (${firstLineOf(messageOf(error))})`);
    }
  }
}

function remedyFor(chunk: string): string {
  return chunk.includes("{{")
    ? "it looks like a template: render it first (helm template), then judge what comes out"
    : "this document was not judged; correct it and run again";
}

/** The library's messages quote the input, which may hold anything. */
const firstLineOf = (message: string): string =>
  (message.split("\n", 1)[0] as string).replace(/\p{Cc}/gu, " ");

function keyAt(chunk: string, offset: number): string {
  const [, quoted, plain] = /^(?:["']([^"'\n]*)["']|([^:\n]*))/.exec(chunk.slice(offset, offset + 256)) ?? [];
  return (quoted ?? plain ?? "").trim();
}

const startOf = (node: Node | null): number => node?.range?.[0] ?? 0;

function itemPositions(
  document: Document<Node, boolean>,
  positionOf: (offset: number) => SourcePosition,
): readonly SourcePosition[] {
  const items = yaml.isMap(document.contents) ? document.contents.get("items", true) : undefined;
  if (!yaml.isSeq(items)) return [];
  return items.items.map((item) => positionOf(startOf(yaml.isNode(item) ? item : null)));
}

/** The offset of the first alias whose anchor does not exist. */
function unresolvedAlias(document: Document<Node, boolean>): number | undefined {
  let offset: number | undefined;
  yaml.visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) !== undefined) return undefined;
      offset = startOf(alias);
      return yaml.visit.BREAK;
    },
  });
  return offset;
}
