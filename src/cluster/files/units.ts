import { join, relative, resolve, sep } from "node:path";
import type { Discovered, DiscoveredRoot } from "./discover.ts";
import type { Closure } from "./render/closure.ts";
import { isInside } from "./render/paths.ts";
import type { NotRendered, Rendered, Renderer, RenderRequest, RenderTool } from "./render/renderer.ts";
import type { TreeFiles } from "./render/tree-files.ts";

export interface RenderOptions {
  /** `auto`: where a tool is there. `always`: what cannot be rendered is an error. */
  readonly render?: "auto" | "never" | "always";
  readonly values?: readonly string[];
  readonly set?: readonly string[];
  /** Real folders of kustomizations whose objects are left out where they cannot be rendered. */
  readonly leftOutUnrendered?: ReadonlySet<string>;
  /** Called before each kustomization or chart, with how many are done and how many there are. */
  readonly onUnit?: (done: number, total: number) => void;
}

/** A kustomization or chart that is judged as what it renders to. */
export interface RenderedUnit {
  readonly root: DiscoveredRoot;
  readonly kind: Closure["kind"];
  /** The request to the renderer. */
  readonly request: RenderRequest;
  readonly text: string;
  readonly tool: RenderTool;
  /** Files with objects of their own, links resolved: where a rendered object may come from. */
  readonly resources: readonly string[];
}

/** One that was not rendered, and why. */
export interface UnrenderedUnit {
  readonly root: DiscoveredRoot;
  readonly kind: Closure["kind"];
  /** The request that the renderer got, or would have got. */
  readonly request: RenderRequest;
  readonly why: NotRendered;
}

/** What is known of a file because of the units that it belongs to. */
export interface FileRole {
  /** False for patches, values, templates, and for what a rendered unit holds already. */
  readonly holdsObjects: boolean;
  /** The namespace that every kustomization around it sets. */
  readonly namespace: string | undefined;
  /** Why a finding on one of its objects is a warning at most. */
  readonly unrendered: string | undefined;
}

export interface Units {
  readonly rendered: readonly RenderedUnit[];
  readonly unrendered: readonly UnrenderedUnit[];
  /** By real path; a file of no unit has no role. */
  roleOf(real: string): FileRole | undefined;
  /** The units that a file, by its real path, is a part of; bases and Components among them. */
  usersOf(real: string): readonly UnitUse[];
}

/** A kustomization or chart that a file is a part of. */
export interface UnitUse {
  readonly kind: Closure["kind"];
  /** As it was reached. */
  readonly path: string;
  /** `part`: it is judged in what uses it. */
  readonly state: "rendered" | "unrendered" | "part";
}

const NEVER: NotRendered = {
  state: "not-rendered",
  code: "no-tool",
  reason: "rendering is switched off",
  remedy:
    "render it yourself and pass the output to `attachguard check -`, or remove --render never if it was given",
};

/**
 * Sorts the kustomizations and charts of a tree into those that are judged by themselves and those that are part of
 * another one, and renders the former. A base that another kustomization uses is judged in what renders it.
 */
export async function unitsOf(
  discovered: Discovered,
  tree: TreeFiles,
  renderer: Renderer,
  options: RenderOptions,
): Promise<Units> {
  const charts = discovered.charts.filter(({ real }) => !isSubchart(real, discovered.charts));
  const isInChart = ({ real }: DiscoveredRoot) => charts.some((chart) => isInside(chart.real, real));
  const all = [
    ...discovered.kustomizations
      .filter((root) => !isInChart(root))
      .map((root) => ({ kind: "kustomization", root }) as const),
    ...charts.map((root) => ({ kind: "chart", root }) as const),
  ];
  const candidates: Candidate[] = [];
  const seen = new Set<string>();
  for (const { kind, root } of all) {
    if (seen.has(`${kind} ${root.real}`)) continue;
    seen.add(`${kind} ${root.real}`);
    const request = { kind, root: resolve(root.path), tree: resolve(root.tree) };
    // With its own reader of YAML, which most folders do without.
    const { closureOf } = await import("./render/closure.ts");
    candidates.push({ root, closure: await closureOf(tree, request), request });
  }
  const used = new Set(candidates.flatMap(({ closure }) => closure.uses));
  const roles = new Roles();
  const rendered: RenderedUnit[] = [];
  const unrendered: UnrenderedUnit[] = [];
  const uses: { readonly use: UnitUse; readonly holds: (real: string) => boolean }[] = [];
  const note = ({ root, closure }: Candidate, state: UnitUse["state"]): void => {
    const files = new Set(closure.files.map(({ real }) => real));
    const { kind } = closure;
    uses.push({
      use: { kind, path: root.path, state },
      holds: (real) => files.has(real) || (kind === "chart" && isInside(closure.root, real)),
    });
  };
  for (const [at, candidate] of candidates.entries()) {
    options.onUnit?.(at, candidates.length);
    const { root, closure, request } = candidate;
    if (!closure.standalone || used.has(closure.root)) {
      roles.addPart(closure);
      note(candidate, "part");
      continue;
    }
    const { values = [], set = [], render = "auto" } = options;
    const asked = { ...request, values, set };
    const [problem] = closure.problems;
    const result: Rendered =
      render === "never" ? (problem ?? NEVER) : (problem ?? (await renderer.render(asked)));
    note(candidate, result.state === "rendered" ? "rendered" : "unrendered");
    if (result.state === "rendered") {
      roles.addRendered(closure);
      const resources = closure.files.filter(({ role }) => role === "resource").map(({ real }) => real);
      rendered.push({
        root,
        kind: closure.kind,
        request: asked,
        text: result.text,
        tool: result.tool,
        resources,
      });
    } else {
      if (options.leftOutUnrendered?.has(root.real)) roles.addRendered(closure);
      else roles.addUnrendered(closure, root.path, result);
      unrendered.push({ root, kind: closure.kind, request: asked, why: result });
    }
  }
  return {
    rendered,
    unrendered,
    roleOf: (real) => roles.of(real),
    usersOf: (real) => uses.filter(({ holds }) => holds(real)).map(({ use }) => use),
  };
}

interface Candidate {
  readonly root: DiscoveredRoot;
  readonly closure: Closure;
  readonly request: { readonly kind: Closure["kind"]; readonly root: string; readonly tree: string };
}

/** A chart in the `charts` folder of another one is rendered with it. */
function isSubchart(real: string, charts: readonly DiscoveredRoot[]): boolean {
  return charts.some((other) => other.real !== real && isInside(join(other.real, "charts"), real));
}

/** Collects what units say about files. What one of them rendered is not judged a second time. */
class Roles {
  readonly #covered = new Set<string>();
  readonly #roles = new Map<string, FileRole>();
  readonly #folders: { real: string; role: FileRole | undefined }[] = [];

  /** A base or Component: patches in it are not objects, whoever uses it. */
  addPart(closure: Closure): void {
    if (closure.kind === "chart") this.#folders.push({ real: closure.root, role: NO_OBJECTS });
    else this.#addAll(closure, undefined);
  }

  addRendered(closure: Closure): void {
    if (closure.kind === "chart") this.#folders.push({ real: closure.root, role: NO_OBJECTS });
    for (const { real } of closure.files) this.#covered.add(real);
  }

  addUnrendered(closure: Closure, path: string, { reason }: NotRendered): void {
    if (closure.kind === "chart") this.#folders.push({ real: closure.root, role: NO_OBJECTS });
    else this.#addAll(closure, `the kustomization ${path} was not rendered (${reason}), and may change it`);
  }

  of(real: string): FileRole | undefined {
    if (this.#covered.has(real)) return NO_OBJECTS;
    return this.#roles.get(real) ?? this.#folders.find((folder) => isInside(folder.real, real))?.role;
  }

  #addAll({ files, namespace }: Closure, unrendered: string | undefined): void {
    for (const { real, role } of files) {
      const before = this.#roles.get(real);
      const holdsObjects = role === "resource" || before?.holdsObjects === true;
      const conflict =
        before !== undefined && before.unrendered !== undefined && before.namespace !== namespace;
      this.#roles.set(real, {
        holdsObjects,
        namespace:
          unrendered === undefined ? (before?.namespace ?? namespace) : conflict ? undefined : namespace,
        unrendered: before?.unrendered ?? unrendered,
      });
    }
  }
}

const NO_OBJECTS: FileRole = { holdsObjects: false, namespace: undefined, unrendered: undefined };

/** The path of a file below a unit's folder, as the unit's own folder was reached. */
export function shownPath(root: DiscoveredRoot, real: string): string {
  return isInside(root.real, real) ? join(root.path, relative(root.real, real)) : pathBeside(root, real);
}

function pathBeside(root: DiscoveredRoot, real: string): string {
  const beside = join(root.path, relative(root.real, real));
  // Without links on the way, going up leads where it says.
  if (resolve(root.path) === root.real) return beside;
  return beside.split(sep).includes("..") && !root.path.startsWith("..") ? real : beside;
}
