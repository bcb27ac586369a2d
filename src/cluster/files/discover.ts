import { readdir, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../../errors.ts";
import { fileError, type InputError } from "./input-error.ts";

export interface DiscoveredFile {
  readonly path: string;
  /** False for a file that was found in a folder. */
  readonly named: boolean;
}

const MANIFEST = /\.(?:ya?ml|json)$/i;

/**
 * The files that a list of paths means: files as they are, folders with every *.yaml, *.yml and *.json below
 * them, sorted by name. Hidden folders and node_modules are left out; a file that can be reached twice (two
 * paths, a symbolic link, a loop of links) is read once.
 */
export async function discover(
  paths: readonly string[],
  errors: InputError[],
): Promise<readonly DiscoveredFile[]> {
  const files: DiscoveredFile[] = [];
  const seen = new Set<string>();
  for (const path of paths) {
    try {
      if (!(await stat(path)).isDirectory()) {
        await addFile(path, true, files, seen);
        continue;
      }
    } catch (error) {
      errors.push(fileError(path, accessProblem(error)));
      continue;
    }
    if (!(await walk(path, files, seen, new Set(), errors))) {
      errors.push(fileError(path, "the folder holds no *.yaml, *.yml or *.json files: name another path"));
    }
  }
  return files;
}

async function addFile(
  path: string,
  named: boolean,
  files: DiscoveredFile[],
  seen: Set<string>,
): Promise<void> {
  const real = await realpath(path).catch(() => path);
  if (seen.has(real)) return;
  seen.add(real);
  files.push({ path, named });
}

/** Walks a folder; true where it holds a manifest, or something that has been reported instead. */
async function walk(
  folder: string,
  files: DiscoveredFile[],
  seen: Set<string>,
  folders: Set<string>,
  errors: InputError[],
): Promise<boolean> {
  let found = false;
  try {
    const real = await realpath(folder);
    if (folders.has(real)) return false;
    folders.add(real);
    for (const name of (await readdir(folder)).sort()) {
      const path = join(folder, name);
      found = (await visit(path, name, files, seen, folders, errors)) || found;
    }
  } catch (error) {
    errors.push(fileError(folder, accessProblem(error)));
    return true;
  }
  return found;
}

async function visit(
  path: string,
  name: string,
  files: DiscoveredFile[],
  seen: Set<string>,
  folders: Set<string>,
  errors: InputError[],
): Promise<boolean> {
  const isManifest = MANIFEST.test(name);
  let kind: Awaited<ReturnType<typeof stat>>;
  try {
    kind = await stat(path);
  } catch (error) {
    // A dangling link matters only where a manifest should be.
    if (isManifest) errors.push(fileError(path, accessProblem(error)));
    return isManifest;
  }
  if (kind.isDirectory()) {
    return name.startsWith(".") || name === "node_modules" ? false : walk(path, files, seen, folders, errors);
  }
  if (!isManifest || !kind.isFile()) return false;
  await addFile(path, false, files, seen);
  return true;
}

/** What the operating system said, in words, with the way out. */
export function accessProblem(error: unknown): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case "ENOENT":
    case "ENOTDIR":
      return "there is no such file or folder: correct the path";
    case "EACCES":
    case "EPERM":
      return "it may not be read (permission denied): change its permissions or run as another user";
    case "ELOOP":
      return "the symbolic link leads back to itself: correct the link";
    default:
      return `it cannot be read (${messageOf(error)})`;
  }
}
