import { lstat, readFile, realpath } from "node:fs/promises";
import { relative, resolve, sep } from "node:path";
import { decode } from "../cluster/files/decode.ts";
import type { Units } from "../cluster/files/units.ts";
import { listOf } from "../policy/phrasing.ts";

/** A file that may be written, as it is now. */
export interface FixableFile {
  /** Its name in reports. */
  readonly file: string;
  /** Absolute. */
  readonly path: string;
  /** The same with every symbolic link above it resolved. */
  readonly real: string;
  /** Its text, without a byte order mark. */
  readonly text: string;
  readonly hasMark: boolean;
  /** Permissions, as in `mode` of a file system's answer. */
  readonly mode: number;
}

/** Why a file is left alone, as the end of a sentence. */
export interface Untouched {
  readonly why: string;
}

/**
 * Which files may be written: those that are read as they are, by one reader, and that the caller has named or that
 * lie below a named folder.
 */
export class FixableFiles {
  readonly #named: readonly string[];
  readonly #units: Units;
  readonly #known = new Map<string, Promise<FixableFile | Untouched>>();

  /** @param named the paths that were named */
  constructor(named: readonly string[], units: Units) {
    this.#named = named.filter((path) => path !== "-").map((path) => resolve(path));
    this.#units = units;
  }

  /** Called again, it returns the file as it was first read. */
  open(file: string): Promise<FixableFile | Untouched> {
    let known = this.#known.get(file);
    if (known === undefined) {
      known = this.#open(file);
      this.#known.set(file, known);
    }
    return known;
  }

  async #open(file: string): Promise<FixableFile | Untouched> {
    if (file === "-") return { why: "it comes from standard input" };
    const path = resolve(file);
    const folder = this.#named.find((named) => isAtOrBelow(named, path));
    if (folder === undefined) return { why: "the file is outside the paths that were named" };
    const found = await lstat(path).catch(() => undefined);
    if (found === undefined) {
      return { why: "its source file is not here: change it at its source" };
    }
    if (found.isSymbolicLink()) return { why: "the file is a symbolic link" };
    if (!found.isFile()) return { why: "it is not a regular file" };
    const [real, realFolder] = await Promise.all([realpath(path), realpath(folder)]);
    if (relative(realFolder, real) !== relative(folder, path)) {
      return { why: "a symbolic link leads to the file" };
    }
    const why = this.#sharedBy(real);
    if (why !== undefined) return { why };
    const bytes = await readFile(path);
    const decoded = decode(bytes);
    if (!("text" in decoded)) return { why: decoded.problem };
    const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
    const opened = { file, path, real, text: decoded.text, hasMark, mode: found.mode };
    return encoded(opened, decoded.text).equals(bytes)
      ? opened
      : { why: "the file is not UTF-8: save it as UTF-8" };
  }

  #sharedBy(real: string): string | undefined {
    const users = this.#units.usersOf(real);
    const chart = users.find(({ kind }) => kind === "chart");
    if (chart !== undefined) {
      return `it is rendered by the chart ${chart.path}: change its values, or the template for all users`;
    }
    const judged = users.filter(({ state }) => state !== "part");
    const [first, ...others] = judged;
    if (others.length > 0) {
      const names = listOf(judged.map(({ path }) => path));
      return `the kustomizations ${names} share it: patch it in the one that needs it, or change it here for all of them`;
    }
    if (first?.state === "unrendered") {
      return `the kustomization ${first.path} was not rendered, and may change it`;
    }
    if (first === undefined && users.length > 0) {
      return `it is a part of ${listOf(users.map(({ path }) => path))}, and it is not known what uses that`;
    }
    return undefined;
  }
}

/** The bytes of a file with this text. */
export function encoded({ hasMark }: Pick<FixableFile, "hasMark">, text: string): Buffer {
  return Buffer.from((hasMark ? "\uFEFF" : "") + text, "utf8");
}

function isAtOrBelow(folder: string, path: string): boolean {
  const inside = relative(folder, path);
  return inside === "" || !(inside === ".." || inside.startsWith(`..${sep}`));
}
