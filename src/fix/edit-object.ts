import { isDeepStrictEqual } from "node:util";
import { parseJson } from "../cluster/files/json.ts";
import { listMember, type ParsedDocument } from "../cluster/files/parsed-document.ts";
import { chunksWithLines, parseYaml } from "../cluster/files/yaml.ts";
import { eventsOf } from "../cluster/files/yaml-events.ts";
import { documentTrees, type YamlDocument, type YamlNode } from "../cluster/files/yaml-tree.ts";
import { isRecord, type Raw, record } from "../kube/raw.ts";
import { type MergePatch, mergePatched } from "../report/merge-patch.ts";
import { NotWritten, type Splice, splicesFor } from "./splices.ts";

/** A text with a change in it, or why it was left as it is (the end of a sentence that begins with "not written: "). */
export type Edited = { readonly text: string } | { readonly refused: string };

interface At {
  readonly line: number;
  readonly column: number;
}

/** A merge patch for the object that begins at a place. */
export interface Edit {
  readonly at: At;
  readonly patch: MergePatch;
}

/** A text with changes in it, and for each of them why it was left out; `undefined`: it is in the text. */
export interface EditedObjects {
  readonly text: string;
  readonly refused: readonly (string | undefined)[];
}

/**
 * Writes a merge patch into one object of a YAML or JSON text. Only the lines that the patch changes differ; the rest
 * stays byte for byte. The result is read again: every other object must be unchanged, and this one must be the patched
 * object; else the text is left as it is.
 *
 * @param text of the whole file, without a byte order mark
 * @param at where the object begins, as the file was read
 */
export function editObject(text: string, at: At, patch: MergePatch): Edited {
  const edited = editObjects(text, [{ at, patch }]);
  const [refused] = edited.refused;
  return refused === undefined ? { text: edited.text } : { refused };
}

/**
 * Writes several patches, as `editObject` does.
 *
 * @param edits from the end of the text to its beginning, so that the places of earlier ones stay valid
 */
export function editObjects(text: string, edits: readonly Edit[]): EditedObjects {
  const why = refusalOf(() => refuseBroken(text));
  if (why !== undefined) return { text, refused: edits.map(() => why) };
  const pieces = piecesOf(text);
  const refused = edits.map((edit) => refusalOf(() => write(pieces, edit)));
  return { text: pieces.map((piece) => piece.text).join(""), refused };
}

function refusalOf(step: () => void): string | undefined {
  try {
    step();
    return undefined;
  } catch (error) {
    if (error instanceof NotWritten) return error.message;
    throw error;
  }
}

/** The text from one `---` to the next. */
interface Piece {
  text: string;
  /** The number of lines before it. */
  readonly line: number;
  /** False where it is read with something removed, so that places in it differ. */
  readonly asWritten: boolean;
}

/**
 * Only the piece with the object is read again: nothing beyond it changes, and the time that a file takes does not grow
 * with the square of its objects.
 */
function write(pieces: readonly Piece[], { at, patch }: Edit): void {
  const piece = pieces.findLast(({ line }) => line < at.line);
  if (piece?.asWritten !== true) throw new NotWritten(NOT_THERE);
  const inside = { line: at.line - piece.line, column: at.column };
  if (isPatchedAlready(piece.text, inside, patch)) return;
  const edited = spliced(piece.text, inside, patch);
  const isApart = piece === pieces.at(-1) || edited.endsWith("\n");
  if (!isApart || !isAsPatched(piece.text, edited, inside, patch)) throw new NotWritten(NOT_SURE);
  piece.text = edited;
}

function piecesOf(text: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let offset = 0;
  for (const { chunk, firstLine } of chunksWithLines(text)) {
    const asWritten = text.startsWith(chunk, offset);
    const end = asWritten ? offset + chunk.length : behindLines(text, offset, chunk);
    pieces.push({ text: text.slice(offset, end), line: firstLine, asWritten });
    offset = end;
  }
  if (offset !== text.length) throw new Error("the pieces of a text are not the text");
  return pieces;
}

/** The offset after as many lines as were read. */
function behindLines(text: string, from: number, chunk: string): number {
  let end = from;
  for (let at = chunk.indexOf("\n"); at !== -1; at = chunk.indexOf("\n", at + 1)) {
    end = text.indexOf("\n", end) + 1;
  }
  return chunk.endsWith("\n") ? end : text.length;
}

/** A file that cannot be read in part is work in progress, or a template. */
function refuseBroken(text: string): void {
  const { errors } = parseJson("", text) ?? parseYaml("", text);
  const broken = errors.find(({ fatal }) => fatal);
  if (broken === undefined) return;
  throw new NotWritten(
    broken.template
      ? "a part of the file is a template"
      : `a part of the file cannot be read (line ${broken.line})`,
  );
}

const NOT_SURE = "the edited text does not mean exactly that when it is read again";

const NOT_THERE = "the object is not there any more";

function spliced(chunk: string, at: At, patch: MergePatch): string {
  let document: YamlDocument | undefined;
  let path: readonly YamlNode[] | undefined;
  const parsed = parsedOf(chunk);
  const start = offsetIn(chunk, at.line, at.column);
  for (const tree of documentTrees(parsed)) {
    path = pathTo(tree.root, start);
    document = tree;
    if (path !== undefined) break;
  }
  const object = path?.at(-1);
  if (document === undefined || path === undefined || object === undefined) throw new NotWritten(NOT_THERE);
  refuseShared(document, path, patch);
  return withSplices(chunk, splicesFor(chunk, document, object, patch));
}

function parsedOf(chunk: string): ReturnType<typeof eventsOf> {
  let parsed: ReturnType<typeof eventsOf>;
  try {
    parsed = eventsOf(chunk);
  } catch {
    throw new NotWritten("the YAML there is broken");
  }
  // Where the reader had to indent lines or remove something, places are no longer those of the file.
  if (parsed.indented.size > 0 || parsed.source.length !== chunk.length) {
    throw new NotWritten("its indentation can be read by kubectl, but by few other tools");
  }
  return parsed;
}

function offsetIn(text: string, line: number, column: number): number {
  let start = 0;
  for (let at = 1; at < line; at += 1) start = text.indexOf("\n", start) + 1;
  return start + column - 1;
}

/** The nodes from the root to the outermost mapping that begins there. */
function pathTo(node: YamlNode, start: number): readonly YamlNode[] | undefined {
  if (node.start > start || node.end <= start) return undefined;
  if (node.start === start && node.type === "mapping") return [node];
  const below =
    node.type === "mapping"
      ? node.members.map(({ value }) => value)
      : node.type === "sequence"
        ? node.items
        : [];
  for (const each of below) {
    const path = pathTo(each, start);
    if (path !== undefined) return [node, ...path];
  }
  return undefined;
}

/** Some text is read in more than one place; a template is not what reaches the cluster. */
function refuseShared({ aliased }: YamlDocument, path: readonly YamlNode[], patch: MergePatch): void {
  const [root] = path;
  if (path.length > 1 && root?.type === "mapping") {
    const kind = root.members.find(({ key }) => key.type === "scalar" && key.value === "kind")?.value;
    if (kind?.type === "scalar" && kind.value === "Template") {
      throw new NotWritten("it is in a Template, whose parameters are filled in later");
    }
  }
  let node = path.at(-1);
  const nodes = [...path];
  for (let under: unknown = patch; node?.type === "mapping" && isRecord(under); ) {
    const [key] = Object.keys(under);
    node = node.members.findLast((each) => each.key.type === "scalar" && each.key.value === key)?.value;
    under = key === undefined ? undefined : under[key];
    if (node !== undefined) nodes.push(node);
  }
  for (const { anchor } of nodes) {
    if (anchor !== undefined && aliased.has(anchor)) {
      throw new NotWritten(`the anchor &${anchor} around it is used in other places too`);
    }
  }
}

/** Of several pieces for one place the earlier ones come first: they belong to deeper nodes. */
function withSplices(text: string, splices: readonly Splice[]): string {
  let result = text;
  const backwards = splices.toReversed().toSorted((a, b) => b.start - a.start || b.end - a.end);
  for (const { start, end, text: piece } of backwards) {
    result = result.slice(0, start) + piece + result.slice(end);
  }
  return result;
}

function isPatchedAlready(text: string, at: At, patch: MergePatch): boolean {
  return read(text).some((document) => {
    const patched = patchedDocument(document, at, patch);
    return patched !== undefined && isDeepStrictEqual(patched, document.value);
  });
}

function isAsPatched(before: string, after: string, at: At, patch: MergePatch): boolean {
  const [old, now] = [read(before), read(after)];
  if (old.length !== now.length) return false;
  let found = false;
  for (const [index, document] of old.entries()) {
    const expected = patchedDocument(document, at, patch);
    found ||= expected !== undefined;
    if (!isDeepStrictEqual(now[index]?.value, expected ?? document.value)) return false;
  }
  return found;
}

function read(text: string): readonly ParsedDocument[] {
  return (parseJson("", text) ?? parseYaml("", text)).documents;
}

/** The value of a document with its object at that place patched; `undefined`: that is in another document. */
function patchedDocument(document: ParsedDocument, at: At, patch: MergePatch): unknown {
  const { value, source, items } = document;
  if (source.line === at.line && source.column === at.column) return mergePatched(value, patch);
  const index = items.findIndex(({ line, column }) => line === at.line && column === at.column);
  const member = listMember(value);
  if (index === -1 || member === undefined) return undefined;
  const list = record(value)[member] as readonly unknown[];
  return { ...(value as Raw), [member]: list.with(index, mergePatched(list[index], patch)) };
}
