import { copyFile, realpath, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { messageOf } from "../../../errors.ts";
import { notRendered } from "./not-rendered.ts";
import { isInside, isRemote } from "./paths.ts";
import type { NotRendered } from "./renderer.ts";

/** Values are written by hand. */
const MAX_BYTES = 4 * 1024 * 1024;

/**
 * Copies the values files that the caller named into `home`, under names that mean nothing to Helm (it splits at
 * commas and fetches addresses). They may lie anywhere, but one in the tree must not lead out of it by a link.
 *
 * @param contentOf what is to be read in place of a file, where that is not what lies on the disk
 * @returns the names of the copies, relative to `home`, in order
 */
export async function copyValues(
  values: readonly string[],
  tree: string,
  home: string,
  contentOf: (real: string) => Promise<Uint8Array | undefined> = async () => undefined,
): Promise<readonly string[] | NotRendered> {
  const names: string[] = [];
  for (const value of values) {
    if (isRemote(value) || value === "-") {
      return notRendered("values", `--values ${value} is not a local file, and nothing is fetched`);
    }
    const path = resolve(value);
    const name = `values-${names.length}.yaml`;
    try {
      const real = await realpath(path);
      if (isInside(await realpath(tree), path) && !isInside(await realpath(tree), real)) {
        return notRendered("values", `--values ${value} is a symbolic link out of the tree that is checked`);
      }
      const { size } = await stat(real);
      if (!(await stat(real)).isFile() || size > MAX_BYTES) {
        return notRendered("values", `--values ${value} is not a file of at most ${MAX_BYTES} bytes`);
      }
      const content = await contentOf(real);
      if (content === undefined) await copyFile(real, join(home, name));
      else await writeFile(join(home, name), content);
    } catch (error) {
      return notRendered("values", `--values ${value} cannot be read (${messageOf(error)})`);
    }
    names.push(name);
  }
  return names;
}
