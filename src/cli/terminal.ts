import { AttachguardError, messageOf } from "../errors.ts";

/** What a command may touch of the process it runs in; tests pass their own. */
export interface Terminal {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
}

export interface OutputStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string, written?: (error?: Error | null) => void): unknown;
}

/** Colours only on a terminal, and not where its user asked for none (no-color.org). */
export function hasColour(terminal: Terminal, stream: OutputStream): boolean {
  return stream.isTTY === true && !terminal.env.NO_COLOR && terminal.env.TERM !== "dumb";
}

/**
 * Writes text and waits until it is out. A reader that has gone away (`attachguard check . | head -1`) is no
 * error: it had what it wanted.
 *
 * @throws AttachguardError AG_ERR_INPUT where the text could not be written for another reason, e.g. a full disk.
 */
export async function print(stream: OutputStream, text: string): Promise<void> {
  if (text === "") return;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  stream.write(text, (error) => {
    if (error && !isBrokenPipe(error))
      reject(
        new AttachguardError("AG_ERR_INPUT", `the output cannot be written: ${messageOf(error)}`, {
          cause: error,
        }),
      );
    else resolve();
  });
  await promise;
}

export function isBrokenPipe(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EPIPE";
}
