import { createHash } from "node:crypto";
import { resolve } from "node:path";
import type { ReadObjects } from "../files/read-objects.ts";
import { type Closure, closureOf } from "../files/render/closure.ts";
import { DISK_TREE } from "../files/render/disk-tree.ts";
import { isInside } from "../files/render/paths.ts";
import type { Rendered, Renderer, RenderRequest } from "../files/render/renderer.ts";
import type { TreeFiles } from "../files/render/tree-files.ts";
import type { SharedReads } from "../files/shared-reads.ts";
import type { CommitTree } from "./commit-tree.ts";

/** Hash functions of git, by the length of an id in hexadecimal. */
const ALGORITHMS: Readonly<Record<number, string>> = { 40: "sha1", 64: "sha256" };

/**
 * A commit and the working tree. The working tree is read first; what is the same in both is then known, and read and
 * rendered once for both.
 */
export class TreePair {
  readonly before: CommitTree;
  /** The working tree, which records what it reads. */
  readonly now: TreeFiles;
  /** For the working tree: remembers what was read. */
  readonly sharing: SharedReads;
  /** For the commit: recalls it. */
  readonly shared: SharedReads;
  /** Other repositories inside the working tree (submodules), as they were reached; they are left out. */
  readonly nested = new Set<string>();
  readonly #top: string;
  readonly #rendered = new Map<string, { readonly text: string; readonly objects: ReadObjects }>();
  readonly #same = new Map<string, boolean>();
  readonly #read = new Map<string, ReadObjects>();

  /**
   * @param before of the same repository
   * @param top the repository's folder, links resolved
   * @param disk the working tree as it is, or as it will be
   */
  constructor(before: CommitTree, top: string, disk: TreeFiles = DISK_TREE) {
    this.before = before;
    this.#top = top;
    this.now = {
      ...disk,
      readdir: async (folder) => {
        const names = await disk.readdir(folder);
        if (!names.includes(".git") || (await disk.realpath(folder)) === top) return names;
        this.nested.add(folder);
        return [];
      },
      readFile: async (path) => {
        const bytes = await disk.readFile(path);
        this.#same.set(resolve(path), isBlob(bytes, before.blobId(resolve(path))));
        return bytes;
      },
    };
    this.sharing = {
      recall: () => undefined,
      keepsWritten: (path) => this.#same.get(resolve(path)) !== true,
      remember: (path, objects) => {
        if (this.#same.get(resolve(path)) === true) this.#read.set(resolve(path), objects);
      },
      recallRendered: () => undefined,
      rememberRendered: (path, text, objects) => this.#rendered.set(path, { text, objects }),
    };
    this.shared = {
      recall: (path) => this.#read.get(resolve(path)),
      keepsWritten: () => true,
      remember: () => {},
      recallRendered: (path, text) => {
        const known = this.#rendered.get(path);
        return known?.text === text ? known.objects : undefined;
      },
      rememberRendered: () => {},
    };
  }

  /** True where a file has in the working tree the content that it has in the commit. */
  async isSame(path: string): Promise<boolean> {
    const absolute = resolve(path);
    const known = this.#same.get(absolute);
    if (known !== undefined) return known;
    if (this.before.blobId(absolute) !== undefined) await this.now.readFile(absolute).catch(() => undefined);
    return this.#same.get(absolute) ?? false;
  }

  /**
   * True where something that a kustomization or chart is made of differs, on either side. Values files outside the
   * repository are the same for both.
   */
  async isTouched(request: RenderRequest): Promise<boolean> {
    const { kind, values } = request;
    const [now, before] = [await closureOf(this.now, request), await closureOf(this.before, request)];
    const named =
      kind === "chart" ? values.map((path) => resolve(path)).filter((path) => this.holds(path)) : [];
    const paths = new Set([...filesOf(now), ...filesOf(before), ...named]);
    if (filesOf(now).length !== filesOf(before).length) return true;
    for (const path of paths) if (!(await this.isSame(path))) return true;
    return false;
  }

  /**
   * Renders the commit's kustomizations and charts; what is made of the same files is what the working tree renders to.
   */
  rendererOfBefore(ofNow: Renderer, ofBefore: Renderer): Renderer {
    return {
      render: async (request): Promise<Rendered> =>
        (await this.isTouched(request)) ? ofBefore.render(request) : ofNow.render(request),
    };
  }

  /** True where an absolute path, links resolved, lies in the repository. */
  holds(path: string): boolean {
    return isInside(this.#top, path);
  }

  /** The content that a file of the repository has in the commit; `undefined` for every other file. */
  async contentBefore(path: string): Promise<Uint8Array | undefined> {
    return this.before.blobId(path) === undefined ? undefined : this.before.readFile(path);
  }
}

function filesOf(closure: Closure): readonly string[] {
  return closure.files.map(({ real }) => real);
}

/** As git names content: the hash of its type, length and bytes. */
function isBlob(bytes: Uint8Array, id: string | undefined): boolean {
  const algorithm = id === undefined ? undefined : ALGORITHMS[id.length];
  if (algorithm === undefined) return false;
  return createHash(algorithm).update(`blob ${bytes.length}\0`).update(bytes).digest("hex") === id;
}
