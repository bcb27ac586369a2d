import { messageOf } from "../../errors.ts";
import { ApiError } from "./api-error.ts";

/** What a list says about itself. */
export interface ListHead {
  readonly resourceVersion: string;
  /** Token of the next page; `undefined` on the last one. */
  readonly continue: string | undefined;
}

/** Several items and a chunk, so that it seldom has to grow. */
const INITIAL_SIZE = 128 * 1024;

const COLON = Buffer.from(":");
const ITEMS = Buffer.from('"items":[');

/** `metadata` of a list comes before its items and is short; where it does not, the list is read as a whole. */
const LONGEST_HEAD = 8_192;

/**
 * Reads one page of a list as it comes in and hands out its items one by one, each parsed by itself. Parsed as a whole,
 * a page is ten megabytes of objects that live until it is done: page after page of that makes V8 take several times
 * the memory that the index needs, and keep it. An item is garbage before the next one is parsed.
 *
 * All items of a page begin alike (`{"metadata":`), so each place where an object ends and the next one begins like
 * that may be a border. Whether it is one `JSON.parse` decides: up to a border that lies within an item
 * (`volumeClaimTemplates`) the text is not valid, and the next one is tried.
 */
export class ListReader {
  readonly #onItem: (raw: unknown) => void;
  /** One buffer for the whole page: a new one for each chunk would fragment the process's own heap. */
  #buffer = Buffer.allocUnsafeSlow(INITIAL_SIZE);
  /** The part of the buffer that has arrived and has not been handed out. */
  #start = 0;
  #end = 0;
  /** Where to look for the next border. */
  #from = 0;
  #head: { metadata?: unknown } | undefined;
  /** `},{"metadata":`, as the first item has it; `undefined` until it is known, `null` where there is none to be used. */
  #border: Buffer | null | undefined;

  constructor(onItem: (raw: unknown) => void) {
    this.#onItem = onItem;
  }

  push(chunk: Buffer): void {
    this.#append(chunk);
    if (this.#border === undefined) this.#readHead();
    if (this.#border) this.#readItems(this.#border);
  }

  /** @throws ApiError where what came was not a list. */
  end(): ListHead {
    const text = this.#text(this.#start, this.#end);
    let tail: { metadata?: unknown; items?: unknown } | null;
    try {
      tail = JSON.parse(this.#head === undefined ? text : `{"items":[${text}`);
    } catch (thrown) {
      throw new ApiError(`not answered with JSON: ${messageOf(thrown)}`, { cause: thrown });
    }
    const { resourceVersion, continue: next } = metadataOf(
      this.#head?.metadata === undefined ? tail : this.#head,
    );
    const items = tail?.items ?? [];
    if (typeof resourceVersion !== "string" || !Array.isArray(items)) {
      throw new ApiError("not answered with a list; is this a Kubernetes API server?");
    }
    for (const item of items) this.#onItem(item);
    return { resourceVersion, continue: typeof next === "string" && next !== "" ? next : undefined };
  }

  #append(chunk: Buffer): void {
    if (this.#end + chunk.length > this.#buffer.length) {
      const length = this.#end - this.#start;
      const needed = length + chunk.length;
      const target =
        needed > this.#buffer.length
          ? Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2))
          : this.#buffer;
      this.#buffer.copy(target, 0, this.#start, this.#end);
      this.#buffer = target;
      this.#from -= this.#start;
      this.#start = 0;
      this.#end = length;
    }
    this.#end += chunk.copy(this.#buffer, this.#end);
  }

  #readHead(): void {
    const at = this.#find(ITEMS, 0);
    const start = at + ITEMS.length;
    const colon = at === -1 ? -1 : this.#find(COLON, start);
    if (colon === -1) {
      if (this.#end > LONGEST_HEAD) this.#border = null;
      return;
    }
    const head = parsed(`${this.#text(0, start)}]}`);
    const opening = this.#text(start, colon + 1);
    if (head === undefined || !/^\{"\w+":$/.test(opening)) {
      this.#border = null;
      return;
    }
    this.#head = head;
    this.#border = Buffer.from(`},${opening}`);
    this.#start = start;
    this.#from = start;
  }

  #readItems(border: Buffer): void {
    let found = this.#find(border, this.#from);
    while (found !== -1) {
      const item = parsed(this.#text(this.#start, found + 1));
      if (item !== undefined) {
        this.#onItem(item);
        this.#start = found + 2;
      }
      found = this.#find(border, found + 2);
    }
    // A border may be split over two chunks.
    this.#from = Math.max(this.#start, this.#end - border.length);
  }

  #find(what: Buffer, from: number): number {
    return this.#buffer.subarray(0, this.#end).indexOf(what, from);
  }

  #text(from: number, to: number): string {
    return this.#buffer.toString("utf8", from, to);
  }
}

/** `undefined` where the text is not JSON, or not all of it. */
function parsed(text: string): { metadata?: unknown } | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function metadataOf(list: { metadata?: unknown } | null): { resourceVersion?: unknown; continue?: unknown } {
  const metadata = list?.metadata;
  return typeof metadata === "object" && metadata !== null ? metadata : {};
}
