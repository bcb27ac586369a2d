import { sep } from "node:path";
import type { Closure, ClosureFile, ClosureLink } from "./closure-model.ts";
import { notRendered } from "./not-rendered.ts";
import { fromTree, isInside } from "./paths.ts";
import type { NotRendered, NotRenderedCode, RenderRequest } from "./renderer.ts";
import type { TreeFiles } from "./tree-files.ts";

/** More than any real kustomization or chart; a tree full of generated files must not fill the memory. */
const MAX_FILES = 10_000;
const MAX_FILE_BYTES = 64 * 1024 * 1024;
/** The first few are enough. */
const MAX_PROBLEMS = 10;

/** Cuts a path before each separator. */
const STEPS = sep === "/" ? /(?=\/)/ : /(?=[\\/])/;

/** A closure while it is being collected. */
export class ClosureBuilder {
  readonly tree: string;
  readonly files: TreeFiles;
  readonly uses = new Set<string>();
  readonly problems: NotRendered[] = [];
  standalone = true;
  namespace: string | undefined;
  readonly #entries = new Map<string, ClosureFile>();
  readonly #links = new Map<string, string>();
  readonly #reals = new Map<string, Promise<string | undefined>>();
  #bytes = 0;

  constructor(files: TreeFiles, tree: string) {
    this.files = files;
    this.tree = tree;
  }

  /** True once a limit is exceeded, or enough is wrong: nothing more need be read. */
  get full(): boolean {
    return (
      this.problems.length >= MAX_PROBLEMS || this.#entries.size > MAX_FILES || this.#bytes > MAX_FILE_BYTES
    );
  }

  problem(code: NotRenderedCode, reason: string): void {
    if (this.problems.length < MAX_PROBLEMS) this.problems.push(notRendered(code, reason));
  }

  name(path: string): string {
    return fromTree(this.tree, path);
  }

  add(file: ClosureFile, size: number): void {
    const key = `${file.role}\0${file.path}`;
    if (this.#entries.has(key)) return;
    this.#entries.set(key, file);
    this.#bytes += size;
    if (this.#entries.size > MAX_FILES)
      this.problem("too-large", `it is made of more than ${MAX_FILES} files`);
    if (this.#bytes > MAX_FILE_BYTES)
      this.problem("too-large", `its files are more than ${MAX_FILE_BYTES} bytes`);
  }

  /**
   * Resolves a path, which must be absolute and normalized, one link at a time: every place on the way must lie in
   * the tree, or a link could leave it and come back. `outside` where one does not, `undefined` where nothing is there.
   */
  async resolve(path: string): Promise<string | "outside" | undefined> {
    let rest = path;
    for (let hops = 0; hops < 40; hops += 1) {
      if (!isInside(this.tree, rest)) return "outside";
      const link = await this.#firstLink(rest);
      if (link === undefined) return rest;
      if (link === "absent") return undefined;
      if (!isInside(this.tree, link.real)) return "outside";
      this.#links.set(link.path, link.real);
      rest = link.real + rest.slice(link.path.length);
    }
    return undefined;
  }

  async #firstLink(path: string): Promise<ClosureLink | "absent" | undefined> {
    const real = await this.#real(path);
    if (real === path) return undefined;
    const below = path.slice(this.tree.length).split(STEPS);
    let prefix = this.tree;
    for (const step of below) {
      prefix += step;
      const resolved = await this.#real(prefix);
      if (resolved === undefined) return "absent";
      if (resolved !== prefix) return { path: prefix, real: resolved };
    }
    return undefined;
  }

  #real(path: string): Promise<string | undefined> {
    let real = this.#reals.get(path);
    if (real === undefined) {
      real = this.files.realpath(path);
      this.#reals.set(path, real);
    }
    return real;
  }

  build(kind: RenderRequest["kind"], root: string): Closure {
    this.uses.delete(root);
    return {
      kind,
      root,
      tree: this.tree,
      standalone: this.standalone,
      namespace: this.namespace,
      uses: [...this.uses],
      files: [...this.#entries.values()],
      links: Array.from(this.#links, ([path, real]) => ({ path, real })),
      problems: this.problems,
    };
  }
}
