import { fstatSync, type Stats, statSync, writeSync } from "node:fs";
import { devNull } from "node:os";
import type { OutputStream, Terminal } from "./terminal.ts";

/**
 * A process as commands see it. Node builds each of its streams when it is first looked at, which takes milliseconds
 * for the first (modules of sockets and terminals): none is built that a command does not use, nor where the system
 * writes just as well.
 */
export function terminalOf(process: NodeJS.Process): Terminal {
  let stdout: OutputStream | undefined;
  let stderr: OutputStream | undefined;
  return {
    argv: process.argv,
    env: process.env,
    get stdin() {
      return process.stdin;
    },
    get stdout() {
      stdout ??= outputOf(1, () => process.stdout);
      return stdout;
    },
    get stderr() {
      stderr ??= outputOf(2, () => process.stderr);
      return stderr;
    },
  };
}

function outputOf(descriptor: number, stream: () => NodeJS.WriteStream): OutputStream {
  // Without a listener a broken pipe would end the process; the writer learns of a failure from the write.
  const own = () => stream().on("error", () => {});
  return isPlain(descriptor) ? new PlainOutput(descriptor, own) : own();
}

/** True where no terminal is: a file, a pipe, or the device that swallows everything. */
function isPlain(descriptor: number): boolean {
  try {
    const stats = fstatSync(descriptor);
    return stats.isFile() || stats.isFIFO() || stats.isSocket() || isDevNull(stats);
  } catch {
    // Closed, or of a kind that this system cannot say.
    return false;
  }
}

function isDevNull(stats: Stats): boolean {
  return stats.isCharacterDevice() && stats.rdev === statSync(devNull).rdev;
}

/** An output that is no terminal, written to as soon as it is asked to. */
class PlainOutput implements OutputStream {
  readonly #descriptor: number;
  readonly #stream: () => NodeJS.WriteStream;
  /** Once it had to wait for its reader: what it holds back has to come first. */
  #waiting: NodeJS.WriteStream | undefined;

  /** @param stream Node's own, for when the reader is slower than we are and the system will not wait for it */
  constructor(descriptor: number, stream: () => NodeJS.WriteStream) {
    this.#descriptor = descriptor;
    this.#stream = stream;
  }

  write(text: string, written: (error?: Error | null) => void = () => {}): void {
    if (this.#waiting !== undefined) {
      this.#waiting.write(text, written);
      return;
    }
    let rest: Uint8Array = Buffer.from(text);
    try {
      while (rest.length > 0) rest = rest.subarray(writeSync(this.#descriptor, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EAGAIN") {
        this.#waiting = this.#stream();
        this.#waiting.write(rest, written);
      } else written(error as Error);
      return;
    }
    written();
  }
}
