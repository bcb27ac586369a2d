import { basename } from "node:path";
import type { Bundle, BundleOptions } from "./files/bundle.ts";
import { BundleBuilder } from "./files/bundle-builder.ts";
import { type Discovered, type DiscoverOptions, discover, skippedNote } from "./files/discover.ts";
import { fileError, fileNote, type InputError } from "./files/input-error.ts";
import { readObjects } from "./files/read-objects.ts";
import { readStream, readText } from "./files/read-text.ts";
import { DISK_TREE } from "./files/render/disk-tree.ts";
import type { Renderer } from "./files/render/renderer.ts";
import type { TreeFiles } from "./files/render/tree-files.ts";
import { sourceFinder } from "./files/rendered-source.ts";
import { NOTHING_SHARED, type SharedReads } from "./files/shared-reads.ts";
import { type RenderOptions, type Units, unitsOf } from "./files/units.ts";
import { chartReleaseNotes, unrenderedNotes } from "./files/unrendered-notes.ts";

export { Bundle, type BundleOptions } from "./files/bundle.ts";
export type { InputError } from "./files/input-error.ts";

export interface LoadOptions extends BundleOptions, DiscoverOptions, RenderOptions {
  /** Where `-` is read from. */
  readonly stdin?: NodeJS.ReadableStream | undefined;
  /** The tree that paths refer to; by default, the disk. */
  readonly tree?: TreeFiles;
  /** Renders kustomizations and charts; without one nothing is rendered. */
  readonly renderer?: Renderer;
  /** Names of files that are known not to be manifests: one without an object is not reported. */
  readonly noManifest?: string;
  /** What was not rendered is an error. */
  readonly strict?: boolean;
  /** What this tree has in common with another one; by default, nothing. */
  readonly shared?: SharedReads;
  /** Called before each file is read, with how many have been read and how many there are. */
  readonly onFile?: (done: number, total: number) => void;
}

/** What was read, and the kustomizations and charts among it. */
export interface LoadedTree {
  readonly bundle: Bundle;
  readonly units: Units;
}

/** The path that means standard input, and the name it has in positions. */
const STDIN = "-";

const JSON_FILE = /\.json$/i;

/**
 * Reads files as one bundle: YAML or JSON, several documents and lists included; kustomizations and charts as what
 * they render to. Never rejects for what files hold: what cannot be read is an error in the bundle with its place and the remedy, and
 * everything else is still there.
 *
 * @param paths files; folders, walked for *.yaml, *.yml and *.json; `-` for standard input
 */
export async function loadFiles(paths: readonly string[], options: LoadOptions = {}): Promise<Bundle> {
  return (await loadTree(paths, options)).bundle;
}

/** Like `loadFiles`, for callers that also need the kustomizations and charts. */
export async function loadTree(paths: readonly string[], options: LoadOptions = {}): Promise<LoadedTree> {
  const errors: InputError[] = [];
  const builder = new BundleBuilder(errors, options);
  const { tree = DISK_TREE, shared = NOTHING_SHARED } = options;
  if (paths.includes(STDIN)) await addStdin(options.stdin, builder, errors);
  const named = paths.filter((path) => path !== STDIN);
  const discovered = await discover(named, tree, errors, options);
  const units = await unitsOf(
    discovered,
    tree,
    options.renderer ?? NO_RENDERER,
    options.renderer === undefined ? { render: "never" } : options,
  );
  const loading = new Loading(builder, tree, errors, shared, options);
  await loading.addFiles(discovered, units);
  for (const unit of units.rendered) {
    const { path } = unit.root;
    const objects =
      shared.recallRendered(path, unit.text) ??
      readObjects({
        file: path,
        text: unit.text,
        sourceOf: await sourceFinder(unit, tree),
        keepWritten: shared !== NOTHING_SHARED,
      });
    shared.rememberRendered(path, unit.text, objects);
    builder.addRead({ file: path, closed: true }, objects);
  }
  const isFatal = options.strict === true || options.render === "always";
  errors.push(...unrenderedNotes(units, discovered, isFatal));
  errors.push(...loading.notes(options.strict === true));
  errors.push(...chartReleaseNotes(builder.chartReleases, options.strict === true));
  const skipped = skippedNote(discovered.skipped);
  if (skipped !== undefined) errors.push(fileNote(named[0] ?? "", skipped));
  return { bundle: builder.build(), units };
}

/** The pure part of `loadFiles`: texts in, facts out. */
export function parseBundle(
  documents: readonly { readonly file: string; readonly text: string }[],
  options: BundleOptions = {},
): Bundle {
  const errors: InputError[] = [];
  const builder = new BundleBuilder(errors, options);
  for (const document of documents) builder.add(document);
  errors.push(...chartReleaseNotes(builder.chartReleases, false));
  return builder.build();
}

/** Never asked: without a renderer nothing is to be rendered. */
const NO_RENDERER: Renderer = {
  render: () => Promise.reject(new Error("nothing is rendered here")),
};

async function addStdin(
  stdin: NodeJS.ReadableStream | undefined,
  builder: BundleBuilder,
  errors: InputError[],
): Promise<void> {
  const text = await readStream(STDIN, stdin, errors);
  if (text === undefined) return;
  if (text.trim() === "") {
    errors.push(fileError(STDIN, "standard input is empty: did the command before the pipe fail?"));
    return;
  }
  const before = errors.length;
  tellEmpty(STDIN, text, builder.add({ file: STDIN, text }), before, errors);
}

/**
 * A file that was named should hold something to judge; where it does not, a note says so.
 *
 * @param before how many errors there were before it was read
 */
function tellEmpty(file: string, text: string, objects: number, before: number, errors: InputError[]): void {
  if (objects > 0 || errors.slice(before).some(({ fatal }) => fatal)) return;
  if (/^\s*(?:\[|- )/.test(text) && /\bkind\b/.test(text)) {
    const message =
      "it is a bare list, which kubectl does not accept either: nothing in it was judged; wrap it in kind: List";
    errors.push(fileError(file, message));
  } else
    errors.push(fileNote(file, "it holds no Kubernetes object (apiVersion and kind): nothing was judged"));
}

/** Reads the files that were found, and counts what is reported once for all of them. */
class Loading {
  readonly #builder: BundleBuilder;
  readonly #tree: TreeFiles;
  readonly #errors: InputError[];
  readonly #shared: SharedReads;
  readonly #onFile: (done: number, total: number) => void;
  readonly #noManifest: string | undefined;
  readonly #withoutObjects: string[] = [];
  readonly #templates: InputError[] = [];

  constructor(
    builder: BundleBuilder,
    tree: TreeFiles,
    errors: InputError[],
    shared: SharedReads,
    { onFile = () => {}, noManifest }: LoadOptions,
  ) {
    this.#builder = builder;
    this.#tree = tree;
    this.#errors = errors;
    this.#shared = shared;
    this.#onFile = onFile;
    this.#noManifest = noManifest;
  }

  async addFiles({ files }: Discovered, units: Units): Promise<void> {
    for (const [at, { path, real, named }] of files.entries()) {
      this.#onFile(at, files.length);
      const role = units.roleOf(real);
      if (!named && role?.holdsObjects === false) continue;
      const standing = { file: path, ...(named ? {} : role) };
      const recalled = this.#shared.recall(path);
      if (recalled !== undefined) {
        const before = this.#errors.length;
        this.#builder.addRead(standing, recalled);
        if (!named) this.#takeTemplates(before);
        continue;
      }
      const text = await readText(path, this.#tree, this.#errors);
      if (text === undefined) continue;
      // Repositories are full of other JSON, some of it with comments (tsconfig.json).
      if (!named && JSON_FILE.test(path) && !text.includes('"apiVersion"')) continue;
      const read = readObjects({ file: path, text, keepWritten: this.#shared.keepsWritten(path) });
      this.#shared.remember(path, read);
      const before = this.#errors.length;
      const objects = this.#builder.addRead(standing, read);
      if (named) {
        tellEmpty(path, text, objects, before, this.#errors);
        continue;
      }
      const isTemplate = this.#takeTemplates(before);
      const isEmpty = objects === 0 && !isTemplate && this.#errors.length === before;
      if (isEmpty && basename(path) !== this.#noManifest) this.#withoutObjects.push(path);
    }
  }

  /** What is reported once, whatever the number of files. */
  notes(strict: boolean): readonly InputError[] {
    const notes: InputError[] = [];
    const [template] = this.#templates;
    if (template !== undefined) {
      const count =
        this.#templates.length === 1
          ? "1 document is a template"
          : `${this.#templates.length} documents are templates`;
      const message = `${count} that was not rendered, and was not judged: render first (helm template), then judge the output`;
      notes.push({ ...template, message, fatal: strict, unrendered: true });
    }
    const [file] = this.#withoutObjects;
    if (file !== undefined) {
      const { length } = this.#withoutObjects;
      const message =
        length === 1
          ? "it holds no Kubernetes object"
          : `it and ${length - 1} more files hold no Kubernetes object`;
      notes.push(fileNote(file, message));
    }
    return notes;
  }

  /** Removes the errors that only mean that a document is a template. */
  #takeTemplates(from: number): boolean {
    const found = this.#errors.splice(from);
    this.#errors.push(...found.filter(({ template }) => template !== true));
    const templates = found.filter(({ template }) => template === true);
    this.#templates.push(...templates);
    return templates.length > 0;
  }
}
