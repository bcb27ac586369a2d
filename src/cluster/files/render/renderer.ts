/** What is to be rendered: one kustomization or one chart. */
export interface RenderRequest {
  readonly kind: "kustomization" | "chart";
  /** The folder that holds `kustomization.yaml` or `Chart.yaml`, absolute. */
  readonly root: string;
  /** The folder that everything the root names must lie in, absolute: the repository, or the path that was named. */
  readonly tree: string;
  /** Files with values for a chart (`--values`), absolute or relative to the working folder; never an address. */
  readonly values: readonly string[];
  /** `KEY=VALUE` settings for a chart (`--set`). */
  readonly set: readonly string[];
}

/** The program that rendered: its absolute real path, and the version it says it has. */
export interface RenderTool {
  readonly name: "kustomize" | "kubectl" | "helm";
  readonly path: string;
  readonly version: string;
}

/**
 * Why something was not rendered.
 *
 * - `no-tool`: the program is not there;
 * - `remote`: an address, a git reference, a registry;
 * - `outside`: a file outside the tree, or one that the tool refuses to read from where it is;
 * - `program`: a generator or transformer that would run a program;
 * - `helm-in-kustomize`: `helmCharts`, which needs `--enable-helm`;
 * - `dependencies`: a chart that is not in `charts/`;
 * - `library`: a library chart, which is rendered in the charts that use it;
 * - `component`: a Component, which is rendered in the kustomizations that use it;
 * - `unreadable`: a file that is missing or is not what it should be;
 * - `values`: a values file that is not a local file;
 * - `too-large`: more files, bytes, time, memory or output than is allowed;
 * - `failed`: the tool refused; the reason is its own.
 */
export type NotRenderedCode =
  | "no-tool"
  | "remote"
  | "outside"
  | "program"
  | "helm-in-kustomize"
  | "dependencies"
  | "library"
  | "component"
  | "unreadable"
  | "values"
  | "too-large"
  | "failed";

/** Why something was not rendered, as one line each that is safe to print, without a full stop. */
export interface NotRendered {
  readonly state: "not-rendered";
  readonly code: NotRenderedCode;
  /** For example `deploy/kustomization.yaml names https://example.com/base, which is not in the tree`. */
  readonly reason: string;
  /** What the caller can do. */
  readonly remedy: string;
}

/** Manifests as the tool printed them, or why there are none. */
export type Rendered =
  | { readonly state: "rendered"; readonly text: string; readonly tool: RenderTool }
  | NotRendered;

/** Turns kustomizations and charts into manifests; never rejects for what a tree holds. */
export interface Renderer {
  /** Asked twice for the same, it answers from memory. */
  render(request: RenderRequest): Promise<Rendered>;
}
