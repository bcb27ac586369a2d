import { ApiError } from "./api-error.ts";

const LINE_FEED = 0x0a;

/** An etcd object is at most about 1.5 MiB; anything far longer is not an event and must not use up the memory. */
const LONGEST_LINE = 32 * 1024 * 1024;

/**
 * Cuts a byte stream into lines, wherever the chunks happen to end. It splits bytes, not text: a line feed is never
 * part of a multi-byte UTF-8 character, so that a character split over two chunks stays whole.
 */
export class LineSplitter {
  #parts: Buffer[] = [];
  #length = 0;

  /** The lines that this chunk completes, without their line feeds; empty lines are left out. */
  push(chunk: Buffer): string[] {
    const lines: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      const line = this.#finish(chunk.subarray(start, end));
      if (line.trim() !== "") lines.push(line);
      start = end + 1;
    }
    if (start < chunk.length) {
      this.#parts.push(chunk.subarray(start));
      this.#length += chunk.length - start;
      if (this.#length > LONGEST_LINE) {
        throw new ApiError(`the watch sent a line longer than ${LONGEST_LINE} bytes`);
      }
    }
    return lines;
  }

  /** Bytes of a line that has begun and not ended. */
  get pending(): number {
    return this.#length;
  }

  #finish(last: Buffer): string {
    if (this.#parts.length === 0) return last.toString("utf8");
    this.#parts.push(last);
    const line = Buffer.concat(this.#parts).toString("utf8");
    this.#parts = [];
    this.#length = 0;
    return line;
  }
}
