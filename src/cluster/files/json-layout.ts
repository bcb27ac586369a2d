/** What `JSON.parse` does not report about a text that it accepted: offsets into the text. */
export interface JsonLayout {
  /** The start of the object itself. */
  readonly start: number;
  /** The start of each entry of the outermost object's `items`. */
  readonly items: readonly number[];
  /** Keys that occur twice in one object, with the offset of the later one. */
  readonly duplicates: readonly { readonly key: string; readonly offset: number }[];
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const COMMA = 0x2c;

/** The depth of the entries of `items`: outermost object, list, entry. */
const ITEM_DEPTH = 3;

/**
 * Walks over valid JSON once. Parsing a dump of a large cluster as YAML would give the same and take a hundred
 * times as long.
 */
export function layoutOf(text: string): JsonLayout {
  const items: number[] = [];
  const duplicates: { key: string; offset: number }[] = [];
  /** Per depth, the keys of the object that is open there; reused, because a dump has millions of objects. */
  const keys: Set<string>[] = [];
  const isObject: boolean[] = [];
  let depth = 0;
  let expectsKey = false;
  let topKey = "";
  let start = -1;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      const end = endOfString(text, at);
      if (expectsKey) {
        const key = text.slice(at + 1, end);
        const open = keys[depth] as Set<string>;
        if (open.has(key)) duplicates.push({ key, offset: at });
        open.add(key);
        if (depth === 1) topKey = key;
        expectsKey = false;
      }
      at = end;
    } else if (code === OPEN_OBJECT || code === OPEN_LIST) {
      if (start === -1) start = at;
      depth += 1;
      isObject[depth] = code === OPEN_OBJECT;
      expectsKey = code === OPEN_OBJECT;
      if (expectsKey) {
        if (keys[depth] === undefined) keys[depth] = new Set();
        else (keys[depth] as Set<string>).clear();
        if (depth === ITEM_DEPTH && topKey === "items" && isObject[1] && !isObject[2]) items.push(at);
      }
    } else if (code === CLOSE_OBJECT || code === CLOSE_LIST) {
      depth -= 1;
      expectsKey = false;
    } else if (code === COMMA) {
      expectsKey = isObject[depth] === true;
    }
  }
  return { start: Math.max(start, 0), items, duplicates };
}

/** The offset of the quote that ends the string which begins at `start`. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end;
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes += 1;
  return backslashes % 2 === 1;
}
