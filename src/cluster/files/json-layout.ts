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
  const keys: Keys[] = [];
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
        const isNew = (keys[depth] as Keys).add(text, at + 1, end);
        if (!isNew) duplicates.push({ key: text.slice(at + 1, end), offset: at });
        if (depth === 1) topKey = text.slice(at + 1, end);
        expectsKey = false;
      }
      at = end;
    } else if (code === OPEN_OBJECT || code === OPEN_LIST) {
      if (start === -1) start = at;
      depth += 1;
      isObject[depth] = code === OPEN_OBJECT;
      expectsKey = code === OPEN_OBJECT;
      if (expectsKey) {
        keys[depth] ??= new Keys();
        (keys[depth] as Keys).clear();
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

/** Objects have a few keys, which are quickest compared one by one. */
const FEW = 32;

/** The keys of one object, as parts of the text: a dump has ten million, and a string of each is the most work. */
class Keys {
  readonly #hashes = new Int32Array(FEW);
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  #count = 0;
  /** All of them, where there are more than a few. */
  #many: Set<string> | undefined;

  clear(): void {
    this.#count = 0;
    this.#many = undefined;
  }

  /** @returns false where the key is there already */
  add(text: string, start: number, end: number): boolean {
    if (this.#count === FEW) return this.#addToMany(text, start, end);
    let hash = 0;
    for (let at = start; at < end; at += 1) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0;
    for (let other = 0; other < this.#count; other += 1) {
      if (this.#hashes[other] !== hash) continue;
      if (text.slice(start, end) === this.#key(text, other)) return false;
    }
    this.#hashes[this.#count] = hash;
    this.#starts[this.#count] = start;
    this.#ends[this.#count] = end;
    this.#count += 1;
    return true;
  }

  #addToMany(text: string, start: number, end: number): boolean {
    this.#many ??= new Set(this.#starts.map((_, at) => this.#key(text, at)));
    const { size } = this.#many;
    return this.#many.add(text.slice(start, end)).size > size;
  }

  #key(text: string, at: number): string {
    return text.slice(this.#starts[at], this.#ends[at]);
  }
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
