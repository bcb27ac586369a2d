import { mkdir } from "node:fs/promises";
import { basename, join, sep } from "node:path";
import { messageOf } from "../../../errors.ts";
import { closureOf } from "./closure.ts";
import type { Closure } from "./closure-model.ts";
import { notRendered, oneLine } from "./not-rendered.ts";
import { withPrivateFolder } from "./private-folder.ts";
import type { Rendered, Renderer, RenderRequest, RenderTool } from "./renderer.ts";
import type { ToolRun } from "./run-tool.ts";
import type { Toolbox } from "./toolbox.ts";
import { copyClosure } from "./tree-copy.ts";
import type { TreeFiles } from "./tree-files.ts";
import { copyValues } from "./values.ts";

/** Longest release name that Helm takes. */
const MAX_RELEASE = 53;

/**
 * Renders with the tools of a toolbox what lies in `files`. A closure is scanned before any tool is looked for, and
 * only a copy of it is rendered, so that a tree in memory is rendered as one on the disk.
 */
export class ToolRenderer implements Renderer {
  readonly #toolbox: Toolbox;
  readonly #files: TreeFiles;
  readonly #valuesOf: ((real: string) => Promise<Uint8Array | undefined>) | undefined;
  readonly #rendered = new Map<string, Promise<Rendered>>();

  /** @param valuesOf what a values file holds, where that is not what lies on the disk */
  constructor(
    toolbox: Toolbox,
    files: TreeFiles,
    valuesOf?: (real: string) => Promise<Uint8Array | undefined>,
  ) {
    this.#toolbox = toolbox;
    this.#files = files;
    this.#valuesOf = valuesOf;
  }

  render(request: RenderRequest): Promise<Rendered> {
    const key = JSON.stringify([request.kind, request.root, request.tree, request.values, request.set]);
    let rendered = this.#rendered.get(key);
    if (rendered === undefined) {
      rendered = this.#render(request).catch((error: unknown) => notRendered("failed", messageOf(error)));
      this.#rendered.set(key, rendered);
    }
    return rendered;
  }

  async #render(request: RenderRequest): Promise<Rendered> {
    const closure = await closureOf(this.#files, request);
    const [problem] = closure.problems;
    if (problem !== undefined) {
      const more = closure.problems.length - 1;
      return more === 0 ? problem : { ...problem, reason: `${problem.reason} (and ${more} more)` };
    }
    const tool = await this.#toolbox.tool(request.kind);
    if ("state" in tool) return tool;
    return withPrivateFolder((folder) => this.#run(request, closure, tool, folder));
  }

  async #run(request: RenderRequest, closure: Closure, tool: RenderTool, folder: string): Promise<Rendered> {
    const home = join(folder, "home");
    const copies = join(folder, "tree");
    await mkdir(home);
    const root = await copyClosure(this.#files, closure, copies);
    let args: readonly string[];
    if (request.kind === "chart") {
      const values = await copyValues(request.values, closure.tree, home, this.#valuesOf);
      if ("state" in values) return values;
      args = chartArguments(basename(closure.root), root, values, request.set);
    } else args = [tool.name === "kubectl" ? "kustomize" : "build", root];
    const run = await this.#toolbox.run(tool, args, home);
    if (run.state === "done") return { state: "rendered", text: run.output, tool };
    return refusal(run, tool, copies);
  }
}

/**
 * Tests are left out: `helm install` and `helm upgrade` do not create their pods, only `helm test` does. Other hooks
 * stay, their pods mount claims during an upgrade.
 */
function chartArguments(
  folder: string,
  root: string,
  values: readonly string[],
  set: readonly string[],
): readonly string[] {
  return [
    "template",
    releaseName(folder),
    root,
    "--skip-tests",
    ...values.map((name) => `--values=${name}`),
    ...set.map((setting) => `--set=${setting}`),
  ];
}

/** The folder's name as a release name that Helm takes: a DNS label of at most 53 characters. */
export function releaseName(folder: string): string {
  const name = folder
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, MAX_RELEASE)
    .replace(/^-+|-+$/g, "");
  return name === "" ? "release" : name;
}

function refusal(run: Extract<ToolRun, { state: "failed" }>, tool: RenderTool, copies: string): Rendered {
  if (run.exceeded !== undefined) {
    const what = run.exceeded === "time" ? "took longer" : "printed more";
    return notRendered("too-large", `${tool.name} ${what} than is allowed and was stopped`);
  }
  // Go's runtime dies with pages of stacks; a limit is the only reason for it to run out of memory here.
  if (/\bout of memory\b|cannot allocate memory/.test(run.error)) {
    return notRendered("too-large", `${tool.name} needed more memory than is allowed and was stopped`);
  }
  return notRendered("failed", `${tool.name}: ${toolMessage(run.error, copies)}`);
}

/** How kubectl logs its last error (k8s.io/component-base/cli/run.go). */
const KUBECTL_LOG = /^E\d{4} .{0,80}\] "command failed" err="((?:[^"\\\n]|\\.)*)"/m;

/** The message in what a tool wrote to standard error: from `Error:` on, without the folder that the copy was in. */
function toolMessage(text: string, copies: string): string {
  const logged = KUBECTL_LOG.exec(text)?.[1]?.replace(/\\n/g, "\n").replace(/\\(.)/g, "$1");
  const start = /^error:/im.exec(text)?.index ?? 0;
  return oneLine(
    (logged ?? text.slice(start))
      .replace(/^error:\s*/i, "")
      .replaceAll(copies + sep, "")
      .replaceAll(copies, ".")
      .replace(/\s*Use --debug flag to render out invalid YAML\s*$/, ""),
  );
}
