import type { ChildProcess } from "node:child_process";
import { type Git, gitError, LACKING } from "./git.ts";

/** No manifest is larger; a larger file would have to be held in memory whole. */
const MOST_BYTES = 64 * 1024 * 1024;

interface Waiting {
  readonly id: string;
  readonly resolve: (content: Buffer) => void;
  readonly reject: (error: Error) => void;
}

/** Reads contents by id through one `git cat-file --batch`, in the order in which they are asked for. */
export class BlobReader {
  readonly #git: Git;
  #process: ChildProcess | undefined;
  #received: Buffer[] = [];
  #length = 0;
  #waiting: Waiting[] = [];

  constructor(git: Git) {
    this.#git = git;
  }

  read(id: string): Promise<Buffer> {
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    this.#waiting.push({ id, resolve, reject });
    this.#started().stdin?.write(`${id}\n`);
    return promise;
  }

  close(): void {
    this.#process?.kill("SIGKILL");
    this.#process = undefined;
  }

  #started(): ChildProcess {
    if (this.#process !== undefined) return this.#process;
    const child = this.#git.startBatch();
    this.#process = child;
    child.stdin?.on("error", (error) => this.#fail(error));
    child.stdout?.on("data", (bytes: Buffer) => {
      this.#received.push(bytes);
      this.#length += bytes.length;
      this.#answer();
    });
    child.on("error", (error) => this.#fail(error));
    child.on("close", () => this.#fail(new Error("git ended")));
    // It waits for questions for as long as the run lasts, and must not keep it alive.
    child.unref();
    return child;
  }

  /** Hands out every content that has arrived whole: `<id> <type> <size>\n<content>\n`. */
  #answer(): void {
    for (;;) {
      const [first] = this.#waiting;
      if (first === undefined) return;
      const head = this.#head();
      if (head === undefined) return;
      const { size, start } = head;
      if (size === undefined || size > MOST_BYTES) {
        this.#fail(
          new Error(size === undefined ? `git does not have ${first.id}` : `${first.id} is too large`),
        );
        return;
      }
      if (this.#length < start + size + 1) return;
      const bytes = this.#joined();
      this.#received = [bytes.subarray(start + size + 1)];
      this.#length -= start + size + 1;
      this.#waiting.shift();
      first.resolve(Buffer.from(bytes.subarray(start, start + size)));
    }
  }

  #head(): { readonly size: number | undefined; readonly start: number } | undefined {
    const [first] = this.#received;
    if (first === undefined) return undefined;
    let end = first.indexOf(10);
    if (end === -1) end = this.#joined().indexOf(10);
    if (end === -1) return undefined;
    const [, type, size] = (this.#received[0] as Buffer).subarray(0, end).toString("latin1").split(" ");
    return { size: type === "blob" ? Number(size) : undefined, start: end + 1 };
  }

  #joined(): Buffer {
    const bytes = this.#received.length === 1 ? (this.#received[0] as Buffer) : Buffer.concat(this.#received);
    this.#received = [bytes];
    return bytes;
  }

  #fail(cause: Error): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { id, reject } of waiting) {
      reject(
        gitError(
          `the content ${id.slice(0, 12)} cannot be read from the repository (${cause.message}): ${LACKING}`,
          cause,
        ),
      );
    }
    this.close();
  }
}
