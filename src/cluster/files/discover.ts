import { basename, dirname, join, resolve } from "node:path";
import { messageOf } from "../../errors.ts";
import { pathMatcher } from "./glob.ts";
import { IgnoreScope, ignoreRules } from "./ignore-rules.ts";
import { fileError, type InputError } from "./input-error.ts";
import type { TreeFiles } from "./render/tree-files.ts";

export interface DiscoveredFile {
  /** As it was reached from the path that was named. */
  readonly path: string;
  /** Links resolved. */
  readonly real: string;
  /** False for a file that was found in a folder. */
  readonly named: boolean;
}

export interface Discovered {
  readonly files: readonly DiscoveredFile[];
  /** Folders with a kustomization, and charts. */
  readonly kustomizations: readonly DiscoveredRoot[];
  readonly charts: readonly DiscoveredRoot[];
  /** What was left out on purpose. */
  readonly skipped: Skipped;
}

export interface DiscoveredRoot {
  /** As it was reached from the path that was named. */
  readonly path: string;
  /** Links resolved. */
  readonly real: string;
  /** What it may be made of: the repository around the path that was named, or without one that path. */
  readonly tree: string;
}

/** How many folders and files were left out, by the reason. */
export type Skipped = ReadonlyMap<SkipReason, number>;

export type SkipReason =
  | "ignored by .gitignore"
  | "node_modules"
  | "vendored"
  | "testdata"
  | "CI caches"
  | "excluded";

export interface DiscoverOptions {
  readonly exclude?: readonly string[];
  /** What is to be read although it would be left out (unless it is excluded). */
  readonly include?: readonly string[];
}

const MANIFEST = /\.(?:ya?ml|json)$/i;

const KUSTOMIZATION = /^(?:kustomization\.ya?ml|Kustomization)$/;

/** Folders that CI systems and tools fill; nothing in them is written by hand. */
const CACHES: ReadonlySet<string> = new Set([".cache", ".terraform", ".terragrunt-cache", ".venv", ".tox"]);

/** More than any tree of manifests has; so that a loop of mounts or a whole disk is not walked to the end. */
const MOST_ENTRIES = 500_000;

const MOST_FOLDERS_UP = 64;

/**
 * The files that a list of paths means: files as they are, folders with every *.yaml, *.yml and *.json below them, in
 * the order of names. Below a path that was named (never that path itself) is left out: what .gitignore says,
 * node_modules, vendored Go trees, testdata, version control and CI caches. A file that can be reached twice (two paths,
 * a symbolic link, a loop of links) is read once.
 */
export async function discover(
  paths: readonly string[],
  tree: TreeFiles,
  errors: InputError[],
  options: DiscoverOptions = {},
): Promise<Discovered> {
  const walk = new Walk(tree, errors, options);
  for (const path of paths) await walk.start(path);
  return walk;
}

class Walk implements Discovered {
  readonly files: DiscoveredFile[] = [];
  readonly kustomizations: DiscoveredRoot[] = [];
  readonly charts: DiscoveredRoot[] = [];
  readonly skipped = new Map<SkipReason, number>();
  readonly #tree: TreeFiles;
  readonly #errors: InputError[];
  readonly #isExcluded: (path: string) => boolean;
  readonly #isIncluded: (path: string) => boolean;
  readonly #seen = new Set<string>();
  #folders = new Set<string>();
  #repository = "";
  #entries = 0;

  constructor(tree: TreeFiles, errors: InputError[], { exclude = [], include = [] }: DiscoverOptions) {
    this.#tree = tree;
    this.#errors = errors;
    this.#isExcluded = pathMatcher(exclude);
    this.#isIncluded = pathMatcher(include);
  }

  async start(path: string): Promise<void> {
    let kind: Kind;
    try {
      kind = await this.#kindOf(path);
    } catch (error) {
      this.#errors.push(fileError(path, accessProblem(error)));
      return;
    }
    if (kind === "none") {
      this.#errors.push(fileError(path, NOTHING_THERE));
    } else if (kind === "folder") {
      this.#repository = await this.#repositoryAround(path);
      this.#folders = new Set();
      if (!(await this.#walk(path, "", await this.#scopeAround(path)))) {
        const what = "the folder holds no *.yaml, *.yml or *.json files";
        const why = this.skipped.size === 0 ? "name another path" : "its files were left out: name them";
        this.#errors.push(fileError(path, `${what}: ${why}`));
      }
    } else await this.#addFile(path, true);
  }

  /**
   * What the .gitignore files between the top of the repository and a named folder say of what is below it; nothing
   * where they ignore the folder itself, which was named nevertheless.
   */
  async #scopeAround(path: string): Promise<IgnoreScope | undefined> {
    const folders = (await this.#foldersUpToRepository(await this.#realOf(path)))?.slice(0, -1) ?? [];
    let scope: IgnoreScope | undefined;
    for (const [at, folder] of folders.entries()) {
      scope = new IgnoreScope(scope, basename(folder), await this.#rulesOf(join(folder, ".gitignore")));
      if (scope.ignores(basename(folders[at + 1] ?? path), true)) return undefined;
    }
    return scope;
  }

  async #repositoryAround(path: string): Promise<string> {
    const [top] = (await this.#foldersUpToRepository(await this.#realOf(path))) ?? [];
    return top ?? path;
  }

  async #realOf(path: string): Promise<string> {
    return (await this.#tree.realpath(path)) ?? resolve(path);
  }

  /** From the top of a folder's repository down to the folder; `undefined` where it is in none. */
  async #foldersUpToRepository(folder: string): Promise<readonly string[] | undefined> {
    const folders: string[] = [];
    for (let at = folder; folders.length <= MOST_FOLDERS_UP; at = dirname(at)) {
      folders.unshift(at);
      if ((await this.#kindOf(join(at, ".git")).catch(() => "none")) !== "none") return folders;
      if (dirname(at) === at) break;
    }
    return undefined;
  }

  /** True where the folder holds a manifest, or something that has been reported instead. */
  async #walk(folder: string, below: string, around: IgnoreScope | undefined): Promise<boolean> {
    let names: readonly string[];
    let real: string;
    try {
      real = (await this.#tree.realpath(folder)) ?? folder;
      if (this.#folders.has(real)) return false;
      this.#folders.add(real);
      names = [...(await this.#tree.readdir(folder))].sort();
    } catch (error) {
      this.#errors.push(fileError(folder, accessProblem(error)));
      return true;
    }
    const name = basename(folder);
    const rules = names.includes(".gitignore") ? await this.#rulesOf(join(folder, ".gitignore")) : [];
    const scope = new IgnoreScope(around, name, rules);
    const root = { path: folder, real, tree: this.#repository };
    if (names.some((each) => KUSTOMIZATION.test(each))) this.kustomizations.push(root);
    if (names.includes("Chart.yaml")) this.charts.push(root);
    let found = false;
    const isGoTree = name === "vendor" && names.includes("modules.txt");
    if (isGoTree && below !== "" && !this.#isIncluded(below)) {
      this.#skip("vendored");
      return false;
    }
    for (const each of names) {
      this.#entries += 1;
      if (this.#entries > MOST_ENTRIES) {
        const message = `more than ${MOST_ENTRIES} files and folders: what comes after was not read; name the folders with manifests`;
        this.#errors.push(fileError(folder, message));
        return true;
      }
      found = (await this.#visit(folder, each, below === "" ? each : `${below}/${each}`, scope)) || found;
    }
    return found;
  }

  async #visit(folder: string, name: string, below: string, scope: IgnoreScope): Promise<boolean> {
    const isManifest = MANIFEST.test(name);
    const path = join(folder, name);
    let kind: Kind;
    try {
      kind = await this.#kindOf(path);
    } catch (error) {
      // A dangling link matters only where a manifest should be.
      if (isManifest) this.#errors.push(fileError(path, accessProblem(error)));
      return isManifest;
    }
    if (kind === "none") {
      if (isManifest) this.#errors.push(fileError(path, NOTHING_THERE));
      return isManifest;
    }
    const isFolder = kind === "folder";
    if (!isFolder && (!isManifest || kind !== "file")) return false;
    if (isFolder && name === ".git") return false;
    const reason = this.#reasonToSkip(name, below, isFolder, scope);
    if (reason !== undefined) {
      this.#skip(reason);
      return false;
    }
    if (isFolder) return this.#walk(path, below, scope);
    await this.#addFile(path, false);
    return true;
  }

  #reasonToSkip(name: string, below: string, isFolder: boolean, scope: IgnoreScope): SkipReason | undefined {
    if (this.#isExcluded(below)) return "excluded";
    if (this.#isIncluded(below)) return undefined;
    if (isFolder && CACHES.has(name)) return "CI caches";
    if (isFolder && name === "node_modules") return "node_modules";
    if (isFolder && name === "testdata") return "testdata";
    return scope.ignores(name, isFolder) ? "ignored by .gitignore" : undefined;
  }

  #skip(reason: SkipReason): void {
    this.skipped.set(reason, (this.skipped.get(reason) ?? 0) + 1);
  }

  async #rulesOf(path: string): Promise<ReturnType<typeof ignoreRules>> {
    try {
      return ignoreRules(new TextDecoder().decode(await this.#tree.readFile(path)));
    } catch {
      // A folder or a link of that name does not count.
      return [];
    }
  }

  async #addFile(path: string, named: boolean): Promise<void> {
    const real = (await this.#tree.realpath(path).catch(() => undefined)) ?? path;
    if (this.#seen.has(real)) return;
    this.#seen.add(real);
    this.files.push({ path, real, named });
  }

  async #kindOf(path: string): Promise<Kind> {
    return (await this.#tree.stat(path))?.kind ?? "none";
  }
}

type Kind = "file" | "folder" | "other" | "none";

const NOTHING_THERE = "there is no such file or folder, or only a link that leads nowhere: correct the path";

/** One note on what was left out; `undefined` where nothing was. */
export function skippedNote(skipped: Skipped): string | undefined {
  if (skipped.size === 0) return undefined;
  const parts = [...skipped].map(([reason, count]) => `${count} ${reason}`);
  return `left out below the paths that were named: ${parts.join(", ")} (--include GLOB reads them, or name them)`;
}

/** What the operating system said, in words, with the way out. */
export function accessProblem(error: unknown): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case "ENOENT":
    case "ENOTDIR":
      return NOTHING_THERE;
    case "EACCES":
    case "EPERM":
      return "it may not be read (permission denied): change its permissions or run as another user";
    case "ELOOP":
      return "the symbolic link leads back to itself: correct the link";
    default:
      return `it cannot be read (${messageOf(error)})`;
  }
}
