import type { Stats } from "node:fs";

/**
 * The folder in which compiled code is kept from run to run: below the user's caches, and nobody else's. What is in it
 * runs as this user, so that whoever can write there, or made the folder, could run anything: it has to belong to the
 * user and be closed to others, and is only made in a folder of which the same is certain. With `sudo` in the home of
 * another user nothing is kept, nor in a current folder (an empty `HOME`).
 *
 * @returns `undefined` where nothing can or should be kept
 */
export function cacheFolder({
  XDG_CACHE_HOME,
  LOCALAPPDATA,
  NODE_DISABLE_COMPILE_CACHE,
  NODE_V8_COVERAGE,
}: NodeJS.ProcessEnv): string | undefined {
  if (NODE_DISABLE_COMPILE_CACHE || NODE_V8_COVERAGE) return undefined;
  const { dirname, isAbsolute, join } = process.getBuiltinModule("node:path");
  try {
    // Not Node's default in the temporary directory, which is everybody's.
    const caches =
      XDG_CACHE_HOME || LOCALAPPDATA || join(process.getBuiltinModule("node:os").homedir(), ".cache");
    if (!isAbsolute(caches)) return undefined;
    const folder = join(caches, "attachguard");
    return makeIn(dirname(caches), caches) && makeIn(caches, folder) && isPrivate(folder)
      ? folder
      : undefined;
  } catch {
    // A user without a home, or one that takes nothing, as in containers.
    return undefined;
  }
}

/**
 * Makes a folder in another where it is not there: not whatever is missing above it, which below `/proc` Node would try
 * forever.
 *
 * @returns whether nobody else can put another in its place
 * @throws where the system refuses
 */
function makeIn(parent: string, folder: string): boolean {
  const fs = process.getBuiltinModule("node:fs");
  if (fs.existsSync(folder)) return isSafeIn(parent);
  if (!isSafeIn(parent)) return false;
  fs.mkdirSync(folder, { mode: 0o700 });
  return true;
}

/**
 * In a folder of one's own or of the system's, or a sticky one, in which everybody may make something and nobody else
 * take it away.
 */
function isSafeIn(parent: string): boolean {
  const { uid, mode } = process.getBuiltinModule("node:fs").statSync(parent);
  return !hasUsers() || (mode & 0o1000) !== 0 || ((isOwn(uid) || uid === 0) && (mode & 0o002) === 0);
}

/** True for a folder, not a link to one, that only this user can write to. */
function isPrivate(folder: string): boolean {
  const stats = process.getBuiltinModule("node:fs").lstatSync(folder);
  return stats.isDirectory() && isOnlyOurs(stats);
}

/** Whether what this describes is this user's, and nobody else can write to it. */
export function isOnlyOurs({ uid, mode }: Stats): boolean {
  return !hasUsers() || (isOwn(uid) && (mode & 0o022) === 0);
}

function isOwn(uid: number): boolean {
  return uid === process.getuid?.();
}

/** Windows knows neither owners nor modes; there the folder is below the user's profile. */
function hasUsers(): boolean {
  return process.getuid !== undefined;
}
