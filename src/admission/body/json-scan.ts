/**
 * What parsing a JSON text will cost, seen from its bytes as they arrive: how deep it nests and about how many values
 * it has. One pass, no memory; for a text that is not JSON the answer means nothing.
 *
 * The worker is started from its text as well: it sees nothing else of this module.
 */
export class JsonScan {
  /** The deepest nesting so far. */
  depth = 0;
  /** An upper bound of the number of values; exact for JSON without white space. */
  values = 1;
  #level = 0;
  #inString = false;
  #escaped = false;
  /** The last byte opened a list or an object, which may be empty. */
  #opened = false;

  push(bytes: Uint8Array): void {
    const [quote, backslash, comma] = [0x22, 0x5c, 0x2c];
    const [openList, closeList, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d];
    let level = this.#level;
    let inString = this.#inString;
    let opened = this.#opened;
    let start = 0;
    if (this.#escaped && bytes.length > 0) {
      this.#escaped = false;
      start = 1;
    }
    for (let at = start; at < bytes.length; at += 1) {
      const byte = bytes[at];
      if (opened) {
        opened = false;
        if (byte !== closeList && byte !== closeObject) this.values += 1;
      }
      if (inString) {
        if (byte === backslash) {
          at += 1;
          if (at === bytes.length) this.#escaped = true;
        } else if (byte === quote) inString = false;
      } else if (byte === quote) inString = true;
      else if (byte === comma) this.values += 1;
      else if (byte === openList || byte === openObject) {
        opened = true;
        level += 1;
        if (level > this.depth) this.depth = level;
      } else if (byte === closeList || byte === closeObject) level -= 1;
    }
    this.#level = level;
    this.#inString = inString;
    this.#opened = opened;
  }
}

/** Whether a parsed value nests deeper than a limit; without recursion, which is what the limit is for. */
export function isDeeper(value: unknown, limit: number): boolean {
  let level = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > limit) return true;
    const next: unknown[] = [];
    for (const each of level) {
      if (typeof each !== "object" || each === null) continue;
      for (const member of Object.values(each)) {
        if (typeof member === "object" && member !== null) next.push(member);
      }
    }
    level = next;
  }
  return false;
}
