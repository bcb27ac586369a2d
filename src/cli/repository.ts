import { existsSync } from "node:fs";
import { dirname, join, resolve, sep } from "node:path";

/** The folder at or above this one that holds a `.git` (a folder, or the file of a worktree); `undefined` outside any. */
export function repositoryAbove(folder: string): string | undefined {
  for (let at = resolve(folder); ; at = dirname(at)) {
    if (existsSync(join(at, ".git"))) return at;
    if (dirname(at) === at) return undefined;
  }
}

/**
 * Paths as a repository's tools know them: relative to its root, with forward slashes, wherever the command was called.
 * Outside a repository, and for what is not a file (`-`, `""`), the path as it is.
 *
 * @param folder the working folder
 */
export function pathsInRepository(folder: string): (file: string) => string {
  const root = repositoryAbove(folder);
  if (root === undefined) return slashed;
  const beginning = root.endsWith(sep) ? root : `${root}${sep}`;
  return (file) => {
    if (file === "" || file === "-") return file;
    const path = resolve(folder, file);
    if (path === root) return "";
    return slashed(path.startsWith(beginning) ? path.slice(beginning.length) : file);
  };
}

function slashed(path: string): string {
  return sep === "/" ? path : path.replaceAll(sep, "/");
}
