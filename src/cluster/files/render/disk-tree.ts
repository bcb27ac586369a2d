import { readdir, readFile, realpath, stat } from "node:fs/promises";
import type { TreeFiles } from "./tree-files.ts";

/** What absence looks like: not there, below a file, a link that leads nowhere or back to itself. */
const ABSENT: ReadonlySet<string | undefined> = new Set(["ENOENT", "ENOTDIR", "ELOOP"]);

async function unlessAbsent<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (ABSENT.has((error as NodeJS.ErrnoException).code)) return undefined;
    throw error;
  }
}

/** The working tree, as the file system has it. */
export const DISK_TREE: TreeFiles = {
  realpath: (path) => unlessAbsent(realpath(path)),
  readdir: (folder) => readdir(folder),
  readFile: (path) => readFile(path),
  async stat(path) {
    const found = await unlessAbsent(stat(path));
    if (found === undefined) return undefined;
    const kind = found.isFile() ? "file" : found.isDirectory() ? "folder" : "other";
    return { kind, size: found.size };
  },
};
