import { isOnlyOurs } from "./cache-folder.ts";

/** A script that has been run, and what compiled code of it can be kept. */
export interface KeptScript<T> {
  /** What the script is: the value of its only expression. */
  readonly value: T;
  /**
   * Keeps what was compiled of it until now, where that is not there already. Never throws: where nothing can be
   * written, the next run compiles again.
   */
  keep(): void;
}

/** A later run may have used what the first one did not. */
const RENEWED_AFTER_MS = 24 * 60 * 60 * 1000;

/** What a kept file begins with says which script it was compiled from; a multiple of 8, as V8 reads words. */
const HEAD_BYTES = 128;

/** The last line of a script, which the build puts there: its SHA-256. */
const IDENTITY_LENGTH = 64;

/**
 * Runs a script with the code that an earlier run compiled. Node's own compile cache keeps functions only as they are
 * when the script is loaded, before the first of them has been called; of a thousand that one `check` calls, each would
 * be parsed and compiled again in each run, which takes longer than what they do.
 *
 * What is kept is there twice. V8 believes what it is given: a file that was damaged, say by a machine that lost its
 * power, would end the process, or worse. Comparing takes a tenth of a millisecond; the modules that compute checksums
 * take two to load.
 *
 * @param file the script, in ASCII, with its SHA-256 as its last line
 * @param use what is kept is that of runs with the same use: others call other functions
 * @param folder where it is kept (`cacheFolder`); `undefined`: nowhere
 */
export function runKept<T>(file: string, use: string, folder: string | undefined): KeptScript<T> {
  const fs = process.getBuiltinModule("node:fs");
  const { Script } = process.getBuiltinModule("node:vm");
  const source = fs.readFileSync(file, "latin1");
  const { basename, join } = process.getBuiltinModule("node:path");
  if (folder === undefined)
    return { value: new Script(source, { filename: file }).runInThisContext(), keep: () => {} };
  // Changed by hand a script may still be as long as before, which is all that V8 compares.
  const identity = `${source.slice(-IDENTITY_LENGTH - 1).trim()} ${fs.statSync(file).mtimeMs}`;
  const head = Buffer.alloc(HEAD_BYTES, `${identity} `);
  const kept = join(folder, `${basename(file)}-${use}-${process.version}-${process.arch}`);
  const known = readKept(kept, head);
  const script = new Script(source, {
    filename: file,
    ...(known === undefined ? {} : { cachedData: known.code }),
  });
  const value = script.runInThisContext();
  const isUpToDate = known?.isNew === true && script.cachedDataRejected !== true;
  return {
    value,
    keep() {
      if (!isUpToDate) writeKept(kept, head, () => script.createCachedData());
    },
  };
}

interface Known {
  readonly code: Buffer;
  readonly isNew: boolean;
}

/** The code that was kept of this very script; `undefined` where there is none, or it cannot be trusted. */
function readKept(kept: string, head: Buffer): Known | undefined {
  const fs = process.getBuiltinModule("node:fs");
  let descriptor: number | undefined;
  try {
    descriptor = fs.openSync(kept, "r");
    const stats = fs.fstatSync(descriptor);
    // Code that somebody else can write would run as this user.
    if (!isOnlyOurs(stats)) return undefined;
    const bytes = fs.readFileSync(descriptor);
    const middle = (HEAD_BYTES + bytes.length) / 2;
    const code = bytes.subarray(HEAD_BYTES, middle);
    if (!bytes.subarray(0, HEAD_BYTES).equals(head) || !bytes.subarray(middle).equals(code)) return undefined;
    return { code, isNew: Date.now() - stats.mtimeMs < RENEWED_AFTER_MS };
  } catch {
    return undefined;
  } finally {
    if (descriptor !== undefined) fs.closeSync(descriptor);
  }
}

function writeKept(kept: string, head: Buffer, compiled: () => Buffer): void {
  const fs = process.getBuiltinModule("node:fs");
  const written = `${kept}.${process.pid}`;
  try {
    const descriptor = fs.openSync(written, "wx", 0o600);
    try {
      const code = compiled();
      fs.writeFileSync(descriptor, Buffer.concat([head, code, code]));
    } finally {
      fs.closeSync(descriptor);
    }
    // Others read it meanwhile: either what was there or what is there now, never a part of it.
    fs.renameSync(written, kept);
  } catch {
    // A folder or a disk that takes nothing: the next run compiles again.
    try {
      fs.rmSync(written, { force: true });
    } catch {
      // Nor was anything written.
    }
  }
}
