import { stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileNote, type InputError } from "../cluster/files/input-error.ts";
import type { Renderer } from "../cluster/files/render/renderer.ts";
import type { Toolbox } from "../cluster/files/render/toolbox.ts";
import type { TreeFiles } from "../cluster/files/render/tree-files.ts";
import { type Bundle, type LoadOptions, loadFiles } from "../cluster/files.ts";
import { CONFIG_NAME } from "../config/defaults.ts";
import { AttachguardError } from "../errors.ts";
import type { Node } from "../policy/model.ts";
import type { Tell } from "./progress.ts";
import type { Terminal } from "./terminal.ts";

/** How `check` is to read files, and what it may assume about the cluster around them. */
export interface FileOptions {
  readonly render?: "auto" | "never" | "always";
  readonly values?: readonly string[];
  readonly set?: readonly string[];
  readonly exclude?: readonly string[];
  readonly include?: readonly string[];
  /** A number of identical nodes, or a file with Node objects. */
  readonly nodes?: string;
  readonly clusterFacts?: string;
  readonly closed?: true;
  readonly open?: true;
  readonly strict?: true;
}

/**
 * What the options mean for reading.
 *
 * @param tree what is read; by default, the disk
 * @throws AttachguardError AG_ERR_USAGE where they contradict each other; AG_ERR_INPUT where `--nodes` names no nodes.
 */
export async function loadOptions(
  paths: readonly string[],
  options: FileOptions,
  terminal: Terminal,
  tell: Tell,
  tree?: TreeFiles,
): Promise<LoadOptions> {
  const { render = "auto", values = [], set = [], exclude = [], include = [] } = options;
  const world = worldOf(options);
  const nodes = options.nodes === undefined ? {} : { nodes: await nodesOf(options.nodes) };
  const renderer =
    render === "never" ? {} : { renderer: onFirstUse(() => rendererFor(paths, terminal, tree)) };
  return {
    ...(tree === undefined ? {} : { tree }),
    // Not looked at where nothing reads it: Node builds it then.
    ...(paths.includes("-") ? { stdin: terminal.stdin } : {}),
    noManifest: CONFIG_NAME,
    onFile: (done, total) => tell("reading files", done, total),
    onUnit: (done, total) => tell("rendering kustomizations and charts", done, total),
    render,
    values,
    set,
    exclude,
    include,
    strict: options.strict === true,
    ...world,
    ...nodes,
    ...renderer,
  };
}

/**
 * Whether objects that are not in the files exist, where the caller says so.
 *
 * @throws AttachguardError AG_ERR_USAGE where both are given
 */
export function worldOf({ closed, open }: Pick<FileOptions, "closed" | "open">): {
  readonly closed?: boolean;
} {
  if (closed && open) {
    throw new AttachguardError(
      "AG_ERR_USAGE",
      "--closed and --open contradict each other: leave one of them out",
    );
  }
  return closed ? { closed: true } : open ? { closed: false } : {};
}

/** Says what was assumed about other objects where that is not the default for files. */
export function worldNote(
  bundle: Bundle,
  options: Pick<FileOptions, "closed" | "open">,
): readonly InputError[] {
  if (options.open)
    return bundle.isDump
      ? [fileNote("", "taken as open: objects that are not in these files may exist (--open)")]
      : [];
  if (!bundle.closed) return [];
  const why = options.closed
    ? "--closed"
    : "every object has a uid and a resourceVersion, as in a dump; --open says otherwise";
  return [fileNote("", `taken as complete: objects that are not in these files do not exist (${why})`)];
}

/** Finds programs and loads what reads kustomizations only where there is something to render. */
function onFirstUse(make: () => Promise<Renderer>): Renderer {
  let made: Promise<Renderer> | undefined;
  return {
    async render(request) {
      made ??= make();
      return (await made).render(request);
    },
  };
}

async function rendererFor(
  paths: readonly string[],
  terminal: Terminal,
  tree: TreeFiles | undefined,
): Promise<Renderer> {
  const [toolbox, { ToolRenderer }, { DISK_TREE }] = await Promise.all([
    toolboxFor(paths, terminal),
    import("../cluster/files/render/tool-renderer.ts"),
    import("../cluster/files/render/disk-tree.ts"),
  ]);
  return new ToolRenderer(toolbox, tree ?? DISK_TREE);
}

/** The programs that may render what lies below these paths. */
export async function toolboxFor(paths: readonly string[], terminal: Terminal): Promise<Toolbox> {
  const { Toolbox } = await import("../cluster/files/render/toolbox.ts");
  const searchPath = terminal.env.PATH ?? "";
  const checked = (await Promise.all(paths.filter((path) => path !== "-").map(foldersNotTrusted))).flat();
  return new Toolbox({ searchPath, checked });
}

/** What was named and the repository around it: no program in there is run. */
async function foldersNotTrusted(path: string): Promise<readonly string[]> {
  const named = resolve(path);
  for (let at = named; ; at = dirname(at)) {
    if (await exists(join(at, ".git"))) return at === named ? [named] : [named, at];
    if (dirname(at) === at) return [named];
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** More nodes than any cluster has; a larger number is a mistake. */
const MOST_NODES = 15_000;

async function nodesOf(stated: string): Promise<readonly Node[]> {
  if (/^\d+$/.test(stated)) {
    const count = Number(stated);
    if (count < 1 || count > MOST_NODES) {
      throw new AttachguardError(
        "AG_ERR_USAGE",
        `--nodes ${stated}: give a number from 1 to ${MOST_NODES}, or a file with Node objects`,
      );
    }
    return Array.from({ length: count }, (_, at) => {
      const name = `node-${at + 1}`;
      return { name, labels: { "kubernetes.io/hostname": name }, taints: [], unschedulable: false };
    });
  }
  const bundle = await loadFiles([stated]);
  const problem = bundle.errors.find(({ fatal }) => fatal);
  if (problem !== undefined)
    throw new AttachguardError("AG_ERR_INPUT", `--nodes: ${problem.file}: ${problem.message}`);
  const nodes = bundle.nodes;
  if (nodes.length === 0)
    throw new AttachguardError(
      "AG_ERR_INPUT",
      `--nodes ${stated}: it holds no Node objects; save them with kubectl get nodes -o yaml`,
    );
  return nodes;
}
