import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";

const LINE_FEED = 0x0a;

/** An event with both objects in it has some megabytes; anything longer is not a line of such a log. */
const LONGEST_LINE = 16 * 1024 * 1024;

const GZIP = [0x1f, 0x8b];

/**
 * The lines of a log file, packed by gzip or not, without their ends. A file that breaks off, packed or not, ends with
 * what could be read of it. A line that is too long is undefined.
 *
 * @throws the file system's error where the file cannot be read
 */
export async function* linesOfFile(file: string): AsyncGenerator<string | undefined> {
  yield* linesOf(createReadStream(file));
}

/** Like `linesOfFile`, for a stream. */
export async function* linesOf(stream: AsyncIterable<Buffer | string>): AsyncGenerator<string | undefined> {
  let parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of unpacked(stream)) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      length += end - start;
      if (length > 0) yield textOf([...parts, chunk.subarray(start, end)], length);
      parts = [];
      length = 0;
      start = end + 1;
    }
    length += chunk.length - start;
    // What is too long already is only measured.
    if (length > LONGEST_LINE) parts = [];
    else if (start < chunk.length) parts.push(chunk.subarray(start));
  }
  if (length > 0) yield textOf(parts, length);
}

function textOf(parts: readonly Buffer[], length: number): string | undefined {
  if (length > LONGEST_LINE) return undefined;
  return (parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts)).toString("utf8");
}

async function* unpacked(source: AsyncIterable<Buffer | string>): AsyncGenerator<Buffer> {
  const chunks = (async function* () {
    for await (const chunk of source) yield Buffer.from(chunk as Buffer);
  })();
  let head = Buffer.alloc(0);
  while (head.length < GZIP.length) {
    const { value, done } = await chunks.next();
    if (done) break;
    head = Buffer.concat([head, value]);
  }
  const whole = (async function* () {
    yield head;
    yield* chunks;
  })();
  if (GZIP.some((byte, at) => head[at] !== byte)) {
    yield* whole;
    return;
  }
  const gunzip = createGunzip();
  const packed = Readable.from(whole);
  packed.on("error", (error) => gunzip.destroy(error));
  packed.pipe(gunzip);
  try {
    for await (const chunk of gunzip as AsyncIterable<Buffer>) yield chunk;
  } catch (error) {
    // A log that was cut while it was packed: what came before is still valid.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "Z_BUF_ERROR" && code !== "Z_DATA_ERROR") throw error;
  }
}
