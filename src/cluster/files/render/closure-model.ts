import type { NotRendered, RenderRequest } from "./renderer.ts";

/** What a file is to the kustomization or chart that names it. Only a `resource` holds objects of its own. */
export type ClosureRole = "kustomization" | "resource" | "patch" | "plugin" | "data" | "settings" | "chart";

/** A file of a closure: `path` as it was reached, `real` with its links resolved. Both are absolute. */
export interface ClosureFile {
  readonly path: string;
  readonly real: string;
  readonly role: ClosureRole;
  /** The real folder of the kustomization or chart that names it. */
  readonly root: string;
}

/** A symbolic link on the way to a file or folder, and where it leads; both absolute, both inside the tree. */
export interface ClosureLink {
  readonly path: string;
  readonly real: string;
}

/** Everything that a kustomization or a chart is made of. */
export interface Closure {
  readonly kind: RenderRequest["kind"];
  /** The folder, links resolved. */
  readonly root: string;
  /** The tree, links resolved. */
  readonly tree: string;
  /** A Component is never rendered by itself; neither is a library chart. */
  readonly standalone: boolean;
  /** The `namespace:` of the kustomization. */
  readonly namespace: string | undefined;
  /** Real folders of the other kustomizations that it uses, directly or through others, each once. */
  readonly uses: readonly string[];
  readonly files: readonly ClosureFile[];
  readonly links: readonly ClosureLink[];
  /** Why it will not be rendered; empty where it can be tried. */
  readonly problems: readonly NotRendered[];
}
