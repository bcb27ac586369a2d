import { writeFile } from "node:fs/promises";
import { AttachguardError, messageOf } from "../errors.ts";

/** A format and the file that it goes to; without one it goes to standard output. */
export interface Output<F extends string> {
  readonly format: F;
  readonly file?: string;
}

/**
 * What is to be rendered besides the text for people, which is printed anyway: all outputs, and the one on standard
 * output.
 *
 * @throws AttachguardError AG_ERR_USAGE where two formats go to standard output
 */
export function routed<F extends string>(
  asked: readonly Output<F>[],
): { readonly outputs: readonly Output<F>[]; readonly onStdout: Output<F> | undefined } {
  const outputs = asked.filter(({ format, file }) => format !== "text" || file !== undefined);
  const [onStdout, ...more] = outputs.filter(({ file }) => file === undefined);
  if (onStdout === undefined || more.length === 0) return { outputs, onStdout };
  const names = [onStdout, ...more].map(({ format }) => format).join(" and ");
  throw new AttachguardError(
    "AG_ERR_USAGE",
    `${names} cannot both go to standard output: give all but one a file, as in --format ${onStdout.format}=FILE`,
  );
}

/**
 * Writes a file that an option names.
 *
 * @throws AttachguardError AG_ERR_INPUT where it cannot be written, with the way out
 */
export async function writeOutput(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (cause) {
    throw new AttachguardError(
      "AG_ERR_INPUT",
      `${file}: it cannot be written (${writeProblem(file, cause)})`,
      { cause },
    );
  }
}

/** What the operating system said, in words, with the way out. */
export function writeProblem(file: string, error: unknown): string {
  if (file === "") return "it is empty: name a file";
  switch ((error as NodeJS.ErrnoException).code) {
    case "ENOENT":
    case "ENOTDIR":
      return "there is no such folder: create it, or name another file";
    case "EISDIR":
      return "it is a folder: name a file in it";
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return "writing it is not permitted: change the permissions, or name another file";
    default:
      return messageOf(error);
  }
}
