import type { YamlDocument, YamlMember, YamlNode } from "../cluster/files/yaml-tree.ts";
import { isRecord } from "../kube/raw.ts";
import { flow, scalar } from "../report/commands.ts";
import type { MergePatch } from "../report/merge-patch.ts";

/** A piece of text that replaces another one. */
export interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Why a text is left as it is, as the end of a sentence. */
export class NotWritten extends Error {}

type Mapping = Extract<YamlNode, { type: "mapping" }>;

/**
 * What has to be replaced in a text so that a mapping has the result of a merge patch.
 *
 * @throws NotWritten where that is not safe
 */
export function splicesFor(
  text: string,
  document: YamlDocument,
  object: YamlNode,
  patch: MergePatch,
): readonly Splice[] {
  if (object.type !== "mapping") throw new NotWritten("it is not an object");
  const writing = new Writing(text, document);
  writing.patch(object, patch);
  return writing.splices;
}

/** A new field of a spec is put before these, since they are long. */
const LONG = new Set(["template", "jobTemplate", "jobTargetRef", "containers"]);

class Writing {
  readonly splices: Splice[] = [];
  readonly #text: string;
  readonly #document: YamlDocument;
  readonly #eol: string;

  constructor(text: string, document: YamlDocument) {
    this.#text = text;
    this.#document = document;
    this.#eol = /\r\n/.test(text) ? "\r\n" : "\n";
  }

  patch(mapping: Mapping, patch: MergePatch): void {
    this.#refuseUnusual(mapping);
    const added: [string, unknown][] = [];
    const removed: YamlMember[] = [];
    for (const [name, wanted] of Object.entries(patch)) {
      const members = mapping.members.filter(({ key }) => key.type === "scalar" && key.value === name);
      const [member, ...others] = members;
      if (others.length > 0) throw new NotWritten(`the key ${name} is given more than once`);
      if (wanted === null) {
        if (member !== undefined) removed.push(member);
      } else if (member === undefined) added.push([name, wanted]);
      else this.#change(mapping, member, name, wanted);
    }
    if (removed.length === 0 && added.length === 0) return;
    if (mapping.flow) this.#rewriteFlow(mapping, added, removed);
    else this.#rewriteBlock(mapping, added, removed);
  }

  #refuseUnusual({ members, flow: isFlow }: Mapping): void {
    for (const { key } of members) {
      if (key.type !== "scalar" || key.anchor !== undefined || key.tagged) {
        throw new NotWritten("a key there is an alias or has an anchor");
      }
      if (key.value === "<<") throw new NotWritten("it takes fields from elsewhere with <<");
      const before = this.#text.slice(this.#lineStart(key.start), key.start);
      if (!isFlow && !/^(?:(?:---)?[ \t]*|[ ]*(?:-[ ]+)+)$/.test(before)) {
        throw new NotWritten("a key there follows something else on its line");
      }
    }
  }

  #change(mapping: Mapping, { key, value }: YamlMember, name: string, wanted: unknown): void {
    if (value.type === "alias") throw new NotWritten(`${name} is an alias of &${value.anchor}`);
    if (value.anchor !== undefined && this.#document.aliased.has(value.anchor)) {
      throw new NotWritten(`the anchor &${value.anchor} of ${name} is used in other places too`);
    }
    if (isRecord(wanted)) {
      if (value.type === "mapping") {
        this.patch(value, wanted);
        return;
      }
      if (value.type === "scalar" && value.empty && !mapping.flow) {
        const child = this.#columnOf(key) + this.#step(mapping);
        this.#insertLinesBehind(value, this.#lines(withoutNulls(wanted), child));
        return;
      }
    }
    if (value.type === "scalar" && value.style !== "block") {
      if (isSame(value, wanted)) return;
      if (value.tagged) throw new NotWritten(`${name} has a tag`);
      const gap = value.empty ? " " : "";
      this.splices.push({
        start: value.start,
        end: value.end,
        text: gap + this.#inFlow(wanted, isJson(mapping)),
      });
      return;
    }
    if (value.type === "sequence" && value.items.length === 0) {
      this.splices.push({ start: value.start, end: value.end, text: this.#inFlow(wanted, isJson(mapping)) });
      return;
    }
    throw new NotWritten(`${name} already holds something else`);
  }

  #rewriteFlow(
    mapping: Mapping,
    added: readonly (readonly [string, unknown])[],
    removed: readonly YamlMember[],
  ): void {
    const json = isJson(mapping) || (mapping.members.length === 0 && this.#isJsonText());
    const pieces = added.map(([name, value]) => this.#flowMember(name, value, json));
    const kept = mapping.members.filter((member) => !removed.includes(member));
    const last = kept.at(-1);
    // Removing a member also removes the comma after it, or else the one before it.
    for (const gone of removed) {
      const at = mapping.members.indexOf(gone);
      const next = mapping.members[at + 1];
      const before = mapping.members.slice(0, at).findLast((member) => kept.includes(member));
      const [start, end] =
        next !== undefined
          ? [gone.key.start, next.key.start]
          : [before === undefined ? gone.key.start : before.value.end, gone.value.end];
      this.splices.push({ start, end, text: "" });
    }
    if (pieces.length === 0) return;
    if (last !== undefined) {
      this.splices.push({ start: last.value.end, end: last.value.end, text: `, ${pieces.join(", ")}` });
    } else this.splices.push({ start: mapping.start + 1, end: mapping.start + 1, text: pieces.join(", ") });
  }

  #flowMember(name: string, value: unknown, json: boolean): string {
    return `${json ? JSON.stringify(name) : scalar(name)}: ${this.#inFlow(value, json)}`;
  }

  #inFlow(value: unknown, json: boolean): string {
    return json ? JSON.stringify(withoutNulls(value)) : flow(value);
  }

  #isJsonText(): boolean {
    return /^\s*\{/.test(this.#text);
  }

  #rewriteBlock(
    mapping: Mapping,
    added: readonly (readonly [string, unknown])[],
    removed: readonly YamlMember[],
  ): void {
    const [first] = mapping.members;
    if (first === undefined) throw new NotWritten("it is empty");
    const column = this.#columnOf(first.key);
    const lines = added.flatMap(([name, value]) =>
      this.#lines(isRecord(value) ? { [name]: withoutNulls(value) } : { [name]: value }, column),
    );
    if (removed.length === mapping.members.length && lines.length === 0) {
      throw new NotWritten("nothing would be left of it");
    }
    let pending = lines;
    for (const member of removed) {
      const { start, end } = this.#wholeLines(member);
      const isLastLine = end === this.#text.length && !this.#text.endsWith("\n");
      if (pending.length === 0) {
        const from = isLastLine && start > 0 ? start - (this.#text[start - 2] === "\r" ? 2 : 1) : start;
        this.splices.push({ start: from, end, text: "" });
      } else {
        const text = pending.join(this.#eol) + (isLastLine ? "" : this.#eol);
        this.splices.push({ start, end, text });
        pending = [];
      }
    }
    if (pending.length === 0) return;
    const at = mapping.members.findIndex(({ key }) => key.type === "scalar" && LONG.has(key.value));
    const before = mapping.members[at - 1] ?? mapping.members.at(-1);
    if (before !== undefined) this.#insertLinesBehind(before.value, pending);
  }

  /** From the start of a member's first line to the end of its last one, including a comment after it. */
  #wholeLines({ key, value }: YamlMember): { readonly start: number; readonly end: number } {
    const start = this.#lineStart(key.start);
    if (this.#text.slice(start, key.start).trim() !== "") {
      throw new NotWritten("what would be removed follows something else on its line");
    }
    const end = this.#lineEnd(value);
    return { start, end: Math.min(end + 1, this.#text.length) };
  }

  #insertLinesBehind(value: YamlNode, lines: readonly string[]): void {
    const end = this.#lineEnd(value);
    const at = Math.min(end + 1, this.#text.length);
    const isLastLine = end === this.#text.length;
    this.splices.push({
      start: at,
      end: at,
      text: isLastLine ? this.#eol + lines.join(this.#eol) : lines.map((line) => line + this.#eol).join(""),
    });
  }

  /** The end of the line on which a node ends; only a comment may follow the node there. */
  #lineEnd({ end }: YamlNode): number {
    const newline = this.#text.indexOf("\n", end);
    const lineEnd = newline === -1 ? this.#text.length : newline;
    if (!/^[ \t]*(?:#.*)?\r?$/.test(this.#text.slice(end, lineEnd))) {
      throw new NotWritten("something else follows it on its line");
    }
    return lineEnd;
  }

  /** A mapping in block style, line by line. */
  #lines(value: Readonly<Record<string, unknown>>, column: number): readonly string[] {
    const indent = " ".repeat(column);
    return Object.entries(value).flatMap(([name, member]): readonly string[] => {
      if (isRecord(member) && Object.keys(member).length > 0) {
        return [`${indent}${scalar(name)}:`, ...this.#lines(member, column + this.#usualStep())];
      }
      if (Array.isArray(member) && member.length > 0 && member.every(isRecord)) {
        const at = column + this.#itemStep();
        const items = member.flatMap((item) => {
          const [first = "", ...rest] = this.#lines(item, at + 2);
          return [`${" ".repeat(at)}- ${first.slice(at + 2)}`, ...rest];
        });
        return [`${indent}${scalar(name)}:`, ...items];
      }
      return [`${indent}${scalar(name)}: ${flow(member)}`];
    });
  }

  /** By how much a document indents, judged by its first nested mapping. */
  #usualStep(): number {
    const { root } = this.#document;
    return root.type === "mapping" ? this.#step(root) : 2;
  }

  #step(mapping: Mapping): number {
    for (const { key, value } of mapping.members) {
      if (value.type === "mapping" && !value.flow && value.members.length > 0) {
        const step = this.#columnAt(value.start) - this.#columnOf(key);
        if (step > 0) return step;
      }
    }
    return 2;
  }

  /** By how much lists are indented, judged by the document's first one. */
  #itemStep(): number {
    return this.#itemStepIn(this.#document.root) ?? 0;
  }

  #itemStepIn(node: YamlNode): number | undefined {
    if (node.type === "sequence") return firstOf(node.items, (item) => this.#itemStepIn(item));
    if (node.type !== "mapping" || node.flow) return undefined;
    return firstOf(node.members, ({ key, value }) =>
      value.type === "sequence" && !value.flow
        ? Math.max(0, this.#columnAt(value.start) - this.#columnOf(key))
        : this.#itemStepIn(value),
    );
  }

  #columnOf(key: YamlNode): number {
    return this.#columnAt(key.start);
  }

  #columnAt(offset: number): number {
    return offset - this.#lineStart(offset);
  }

  #lineStart(offset: number): number {
    return this.#text.lastIndexOf("\n", offset - 1) + 1;
  }
}

function firstOf<T, R>(values: readonly T[], find: (value: T) => R | undefined): R | undefined {
  for (const value of values) {
    const found = find(value);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** True where its keys are in double quotes as in JSON: then what is added has to be JSON too. */
function isJson({ flow: isFlow, members }: Mapping): boolean {
  const [first] = members;
  return isFlow && first?.key.type === "scalar" && first.key.style === "double-quoted";
}

function isSame(value: Extract<YamlNode, { type: "scalar" }>, wanted: unknown): boolean {
  if (typeof wanted === "string") return value.value === wanted && !value.empty;
  return value.style === "plain" && value.value === String(wanted);
}

/** The value that a merge patch creates where there was none. */
function withoutNulls<T>(value: T): T {
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== null)
      .map(([name, member]) => [name, withoutNulls(member)]),
  ) as T;
}
