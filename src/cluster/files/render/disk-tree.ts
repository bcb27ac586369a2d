import { readdirSync, readFileSync, realpathSync, type Stats, statSync } from "node:fs";
import type { TreeFiles } from "./tree-files.ts";

/** The error codes of absence: not there, below a file, a link that leads nowhere or back to itself. */
const ABSENT: ReadonlySet<string | undefined> = new Set(["ENOENT", "ENOTDIR", "ELOOP"]);

function unlessAbsent<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch (error) {
    if (ABSENT.has((error as NodeJS.ErrnoException).code)) return undefined;
    throw error;
  }
}

function kindOf(found: Stats): "file" | "folder" | "other" {
  return found.isFile() ? "file" : found.isDirectory() ? "folder" : "other";
}

/**
 * The working tree, as the file system has it. Read synchronously: a tree takes thousands of small calls, each of which
 * would otherwise wait for a thread, and nothing else can be done before they return.
 */
export const DISK_TREE: TreeFiles = {
  realpath: async (path) => unlessAbsent(() => realpathSync.native(path)),
  readdir: async (folder) => readdirSync(folder),
  readFile: async (path) => readFileSync(path),
  async stat(path) {
    const found = unlessAbsent(() => statSync(path));
    return found && { kind: kindOf(found), size: found.size };
  },
};
