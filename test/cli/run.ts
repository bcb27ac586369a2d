import { spawn } from "node:child_process";
import { join } from "node:path";
import { Readable } from "node:stream";
import { main } from "../../src/cli/program.ts";
import type { OutputStream } from "../../src/cli/terminal.ts";

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly tty?: boolean;
  /** The name under which the bin was called. */
  readonly bin?: string;
}

/** Runs a command line inside this process. */
export async function run(words: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const out = collector(options.tty);
  const err = collector(options.tty);
  const code = await main({
    argv: [process.execPath, options.bin ?? "/usr/bin/attachguard", ...words],
    env: options.env ?? {},
    stdin: Readable.from([options.stdin ?? ""]),
    stdout: out.stream,
    stderr: err.stream,
  });
  return { code, out: out.text(), err: err.text() };
}

/** What `npm run build` makes of src/cli/main.ts, and package.json names as bin. */
export const BIN = join(import.meta.dirname, "../../dist/cli/main.js");

/** Runs the compiled bin in a process of its own. */
export function spawnBin(words: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const child = spawn(process.execPath, [options.bin ?? BIN, ...words], {
    env: { ...process.env, ...options.env },
  });
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    err += text;
  });
  child.stdin.end(options.stdin ?? "");
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, out, err }));
  });
}

function collector(tty = false): { stream: OutputStream; text: () => string } {
  let text = "";
  return {
    stream: {
      isTTY: tty,
      write: (chunk, written) => {
        text += chunk;
        written?.();
      },
    },
    text: () => text,
  };
}
