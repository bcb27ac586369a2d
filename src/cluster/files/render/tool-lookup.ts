import { constants } from "node:fs";
import { access, realpath, stat } from "node:fs/promises";
import { delimiter, isAbsolute, join, sep } from "node:path";
import { isInside } from "./paths.ts";

/** A program that was found, or every place where one was that must not be run, with the reason. */
export interface ToolPlaces {
  /** Absolute real paths, in the order of the search path. */
  readonly usable: readonly string[];
  readonly refused: readonly { readonly path: string; readonly reason: string }[];
}

/**
 * Where a program is on a search path (the value of PATH): absolute entries only, and never inside the folders that
 * are checked or any `node_modules`, links resolved, since whoever writes what is checked could put one there.
 */
export async function findTool(
  name: string,
  searchPath: string,
  checked: readonly string[],
): Promise<ToolPlaces> {
  const usable: string[] = [];
  const refused: { path: string; reason: string }[] = [];
  const file = process.platform === "win32" ? `${name}.exe` : name;
  const folders = await Promise.all(checked.map((folder) => realpath(folder).catch(() => folder)));
  for (const entry of new Set(searchPath.split(delimiter))) {
    if (!isAbsolute(entry)) continue;
    const path = join(entry, file);
    const real = await executable(path);
    if (real === undefined) continue;
    // The entry itself counts too: a link in the tree to a program outside is a choice of the tree's.
    const places = [path, join(await realpath(entry), file), real];
    const reason = places.some((place) => [...folders, ...checked].some((folder) => isInside(folder, place)))
      ? "is in what is checked"
      : places.some((place) => place.split(sep).includes("node_modules"))
        ? "is in node_modules"
        : undefined;
    if (reason !== undefined) refused.push({ path, reason });
    else if (!usable.includes(real)) usable.push(real);
  }
  return { usable, refused };
}

async function executable(path: string): Promise<string | undefined> {
  try {
    const real = await realpath(path);
    await access(real, constants.X_OK);
    return (await stat(real)).isFile() ? real : undefined;
  } catch {
    // Not there, not to be run by this user: the search goes on, as a shell's does.
    return undefined;
  }
}
