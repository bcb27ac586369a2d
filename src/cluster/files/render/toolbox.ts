import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { notRendered, oneLine } from "./not-rendered.ts";
import { withPrivateFolder } from "./private-folder.ts";
import type { NotRendered, RenderRequest, RenderTool } from "./renderer.ts";
import { runTool, type ToolLimits, type ToolRun } from "./run-tool.ts";
import { findTool } from "./tool-lookup.ts";

/** Ample for a chart of three hundred templates on a busy machine; a folder that needs more is rendered by its owner. */
export const RENDER_LIMITS: ToolLimits = {
  milliseconds: 30_000,
  memoryBytes: 1024 * 1024 * 1024,
  outputBytes: 32 * 1024 * 1024,
};

export interface ToolboxOptions {
  /** The value of PATH. */
  readonly searchPath: string;
  /** Folders that no program is run from: what is checked, and the repository that it belongs to. Absolute. */
  readonly checked: readonly string[];
  readonly limits?: ToolLimits;
}

interface ToolKind {
  readonly name: RenderTool["name"];
  readonly version: readonly string[];
  /** Older ones look host names up for a template (CVE-2023-25165) or fetch what `isRemote` does not know. */
  readonly oldest: readonly [number, number, number];
  /** What it says in place of a version where it was built from source; one that is too old does not say so. */
  readonly unnumbered?: string;
}

const KUSTOMIZE: ToolKind = {
  name: "kustomize",
  version: ["version"],
  oldest: [4, 0, 0],
  unnumbered: "(devel)",
};
const KUBECTL: ToolKind = {
  name: "kubectl",
  version: ["version", "--client", "--output=json"],
  oldest: [1, 21, 0],
};
const HELM: ToolKind = { name: "helm", version: ["version", "--template={{.Version}}"], oldest: [3, 11, 1] };

const CANDIDATES: Readonly<Record<RenderRequest["kind"], readonly ToolKind[]>> = {
  kustomization: [KUSTOMIZE, KUBECTL],
  chart: [HELM],
};

/** More at once would be slower where there are two processors, and take more memory. */
const PARALLEL = 2;

/** The programs that render, each found and asked for its version once; at most two runs at a time. */
export class Toolbox {
  readonly #options: ToolboxOptions;
  readonly #tools = new Map<RenderRequest["kind"], Promise<RenderTool | NotRendered>>();
  readonly #waiting: (() => void)[] = [];
  #prlimit: Promise<string | undefined> | undefined;
  #running = 0;

  constructor(options: ToolboxOptions) {
    this.#options = options;
  }

  /** The program for a kind of folder, or why there is none. */
  tool(kind: RenderRequest["kind"]): Promise<RenderTool | NotRendered> {
    let tool = this.#tools.get(kind);
    if (tool === undefined) {
      tool = this.#find(CANDIDATES[kind]);
      this.#tools.set(kind, tool);
    }
    return tool;
  }

  /** Runs a program with its own empty home, `home`, once there is room for it. */
  async run(tool: Pick<RenderTool, "path">, args: readonly string[], home: string): Promise<ToolRun> {
    const { limits = RENDER_LIMITS } = this.#options;
    const prlimit = await this.#limiter();
    await this.#enter();
    try {
      return await runTool(tool.path, args, home, limits, prlimit);
    } finally {
      this.#leave();
    }
  }

  async #find(kinds: readonly ToolKind[]): Promise<RenderTool | NotRendered> {
    const { searchPath, checked } = this.#options;
    const reasons: string[] = [];
    for (const kind of kinds) {
      const { usable, refused } = await findTool(kind.name, searchPath, checked);
      for (const path of usable) {
        const version = await this.#version(kind, path);
        if ("version" in version) return { name: kind.name, path, version: version.version };
        reasons.push(`${path} ${version.problem}`);
      }
      reasons.push(...refused.map(({ path, reason }) => `${path} ${reason} and is not run`));
    }
    const names = kinds.map(({ name }) => name).join(" or ");
    const why = reasons.length === 0 ? "" : ` (${reasons.join("; ")})`;
    return notRendered(
      "no-tool",
      `there is no ${names} on the PATH that can be used${why}`,
      `install ${names}, or render it yourself and pass the output to \`attachguard check -\``,
    );
  }

  #version(
    kind: ToolKind,
    path: string,
  ): Promise<{ readonly version: string } | { readonly problem: string }> {
    return withPrivateFolder(async (folder) => {
      const home = join(folder, "home");
      await mkdir(home);
      const run = await this.run({ path }, kind.version, home);
      if (run.state === "failed") return { problem: `does not say its version: ${oneLine(run.error, 100)}` };
      if (run.output.trim() === kind.unnumbered) return { version: kind.unnumbered };
      const found = /v?(\d{1,6})\.(\d{1,6})(?:\.(\d{1,6}))?[\w.+-]{0,40}/.exec(run.output.slice(0, 4096));
      if (found === null) return { problem: "does not say its version" };
      const numbers = found.slice(1, 4).map((number = "0") => Number(number));
      if (!isAtLeast(numbers, kind.oldest)) {
        return {
          problem: `has version ${found[0]}, and ${kind.oldest.join(".")} is the oldest that is used`,
        };
      }
      return { version: found[0] };
    });
  }

  #limiter(): Promise<string | undefined> {
    const { searchPath, checked } = this.#options;
    this.#prlimit ??=
      process.platform === "linux"
        ? findTool("prlimit", searchPath, checked).then(({ usable }) => usable[0])
        : Promise.resolve(undefined);
    return this.#prlimit;
  }

  async #enter(): Promise<void> {
    if (this.#running >= PARALLEL) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running += 1;
  }

  /** A place that another run waits for is handed on, not given back. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#running -= 1;
    else next();
  }
}

function isAtLeast(version: readonly number[], oldest: readonly number[]): boolean {
  for (const [at, least] of oldest.entries()) {
    const difference = (version[at] ?? 0) - least;
    if (difference !== 0) return difference > 0;
  }
  return true;
}
