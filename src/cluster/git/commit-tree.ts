import { join, relative, resolve, sep } from "node:path";
import type { TreeFiles } from "../files/render/tree-files.ts";
import { BlobReader } from "./blob-reader.ts";
import { type Git, gitError } from "./git.ts";

/** One file of a commit. Symbolic links and submodules are not among them. */
interface Blob {
  readonly id: string;
  readonly size: number;
}

/**
 * The files of one commit, as a file system that does not exist on the disk. Paths begin with the repository's folder.
 */
export interface CommitTree extends TreeFiles {
  /** The id of a file's content, by which two trees are compared without reading them; `undefined` without a file. */
  blobId(path: string): string | undefined;
  close(): void;
}

/**
 * @param commit an id; `undefined` where nothing is committed yet: a tree without files
 * @throws AttachguardError AG_ERR_GIT where the tree was made by hand and cannot be laid out in folders
 */
export async function readCommitTree(git: Git, commit: string | undefined): Promise<CommitTree> {
  const { files, folders } = commit === undefined ? NOTHING : await listingOf(git, commit);
  const blobs = new BlobReader(git);
  const folder = git.top.endsWith(sep) ? git.top : git.top + sep;
  const inTree = (path: string): string => {
    const absolute = resolve(path);
    // Nearly every path lies below the folder, and thousands are asked for.
    const inside = absolute.startsWith(folder) ? absolute.slice(folder.length) : relative(git.top, absolute);
    return sep === "/" ? inside : inside.replaceAll(sep, "/");
  };
  return {
    blobId: (path) => files.get(inTree(path))?.id,
    async realpath(path) {
      const inside = inTree(path);
      return files.has(inside) || folders.has(inside) ? join(git.top, inside) : undefined;
    },
    async stat(path) {
      const inside = inTree(path);
      const blob = files.get(inside);
      if (blob !== undefined) return { kind: "file", size: blob.size };
      // Code that looks for the top of the repository finds it here as on the disk.
      if (inside === ".git") return { kind: "folder", size: 0 };
      return folders.has(inside) ? { kind: "folder", size: 0 } : undefined;
    },
    async readdir(folder) {
      const names = folders.get(inTree(folder));
      if (names === undefined) throw absent(folder);
      return [...names];
    },
    async readFile(path) {
      const blob = files.get(inTree(path));
      if (blob === undefined) throw absent(path);
      return blobs.read(blob.id);
    },
    close: () => blobs.close(),
  };
}

/** The files of one commit by path, and the names in each folder. */
interface Listing {
  readonly files: ReadonlyMap<string, Blob>;
  readonly folders: ReadonlyMap<string, ReadonlySet<string>>;
}

const NOTHING: Listing = { files: new Map(), folders: new Map([["", new Set<string>()]]) };

async function listingOf(git: Git, commit: string): Promise<Listing> {
  const listing = await git.read("ls-tree", "-r", "-z", "--long", "--full-tree", commit);
  const files = new Map<string, Blob>();
  const folders = new Map<string, Set<string>>([["", new Set()]]);
  for (const entry of listing.toString("utf8").split("\0")) {
    if (entry === "") continue;
    const { mode, type, id, size, path } = parsed(entry);
    if (type !== "blob" || !mode.startsWith("100")) continue;
    const segments = path.split("/");
    if (segments.some((name) => name === "" || name === "." || name === ".." || /^\.git$/i.test(name))) {
      throw gitError(
        `${commit.slice(0, 12)} holds an entry ${JSON.stringify(path.slice(0, 200))}, which git never creates: it is not read`,
      );
    }
    if (files.has(path) || folders.has(path)) {
      throw gitError(
        `${commit.slice(0, 12)} holds ${JSON.stringify(path.slice(0, 200))} twice: it is not read`,
      );
    }
    files.set(path, { id, size });
    for (let depth = segments.length; depth > 0; depth -= 1) {
      const folder = segments.slice(0, depth - 1).join("/");
      if (files.has(folder)) {
        throw gitError(
          `${commit.slice(0, 12)} holds ${JSON.stringify(folder.slice(0, 200))} as a file and as a folder: it is not read`,
        );
      }
      const names = folders.get(folder) ?? new Set();
      const isKnown = names.size > 0;
      names.add(segments[depth - 1] as string);
      folders.set(folder, names);
      if (isKnown && depth < segments.length) break;
    }
  }
  return { files, folders };
}

/** As the file system would say it. */
function absent(path: string): Error {
  return Object.assign(new Error(`ENOENT: no such file or folder in the commit, ${path}`), {
    code: "ENOENT",
  });
}

/** `<mode> <type> <id> <size>\t<path>`, the size padded, `-` for what has none. */
function parsed(entry: string): { mode: string; type: string; id: string; size: number; path: string } {
  const tab = entry.indexOf("\t");
  const [mode = "", type = "", id = "", size = ""] = entry.slice(0, tab).split(/ +/);
  return { mode, type, id, size: Number(size) || 0, path: entry.slice(tab + 1) };
}
