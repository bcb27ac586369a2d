import { readFile } from "node:fs/promises";
import { accessProblem } from "../cluster/files/discover.ts";
import { AttachguardError } from "../errors.ts";

/**
 * The text of a file that an option names.
 *
 * @throws AttachguardError AG_ERR_INPUT where it cannot be read, with the way out
 */
export async function readInput(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new AttachguardError("AG_ERR_INPUT", `${file}: ${accessProblem(cause)}`, { cause });
  }
}
