import { AttachguardError, messageOf } from "../errors.ts";
import { harmless } from "../report/harmless.ts";

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

/**
 * Colours on a terminal, and where FORCE_COLOR or CLICOLOR_FORCE ask for them; none where NO_COLOR is set
 * (no-color.org, bixense.com/clicolors).
 */
export function hasColour({ env }: Terminal, stream: OutputStream): boolean {
  if (env.NO_COLOR) return false;
  if (isSet(env.FORCE_COLOR) || isSet(env.CLICOLOR_FORCE)) return true;
  return stream.isTTY === true && env.TERM !== "dumb";
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== "" && value !== "0" && value !== "false";
}

/** The width where the output is not a terminal that knows its own. */
const USUAL_WIDTH = 80;

/** How many columns a stream has. */
export function widthOf({ columns }: Pick<OutputStream, "columns">): number {
  return columns !== undefined && columns > 0 ? columns : USUAL_WIDTH;
}

/** Like `print`, for text that contains commands to a CI system on purpose. */
export function printCommands(stream: OutputStream, text: string): Promise<void> {
  return write(stream, text);
}

/**
 * Writes text, in which nothing can start a command of a CI system, and waits until it is written. A reader that has
 * gone away (`attachguard check . | head -1`) is not an error: it had what it wanted.
 *
 * @throws AttachguardError AG_ERR_INPUT where the text could not be written for another reason, e.g. a full disk.
 */
export async function print(stream: OutputStream, text: string): Promise<void> {
  await write(stream, harmless(text));
}

async function write(stream: OutputStream, text: string): Promise<void> {
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

function isBrokenPipe(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EPIPE";
}
