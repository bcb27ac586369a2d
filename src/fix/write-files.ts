import { randomBytes } from "node:crypto";
import { open, readFile, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { AttachguardError, messageOf } from "../errors.ts";
import type { FixedFile } from "./fix-files.ts";
import { encoded } from "./fixable-files.ts";

/**
 * Writes each file beside itself and then puts it in its place, so that a run that is cut short leaves every file as
 * it was or as it should be.
 *
 * @throws AttachguardError AG_ERR_INPUT where a file cannot be written, or has changed since it was read; those before
 * it are written
 */
export async function writeFiles(files: readonly FixedFile[]): Promise<void> {
  for (const file of files) {
    try {
      await replace(file);
    } catch (cause) {
      if (cause instanceof AttachguardError) throw cause;
      throw new AttachguardError(
        "AG_ERR_INPUT",
        `${file.file}: the fix cannot be written (${messageOf(cause)}): the file is unchanged`,
        { cause },
      );
    }
  }
}

async function replace(file: FixedFile): Promise<void> {
  if (!(await readFile(file.path)).equals(encoded(file, file.text))) {
    throw new AttachguardError(
      "AG_ERR_INPUT",
      `${file.file}: it changed while it was being judged: run again`,
    );
  }
  const beside = join(
    dirname(file.path),
    `.${basename(file.path).slice(0, 200)}.${randomBytes(6).toString("hex")}.tmp`,
  );
  try {
    const written = await open(beside, "wx", file.mode & 0o777);
    try {
      // Not subject to the process' umask.
      await written.chmod(file.mode & 0o7777);
      await written.writeFile(encoded(file, file.fixed));
      await written.sync();
    } finally {
      await written.close();
    }
    await rename(beside, file.path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}
