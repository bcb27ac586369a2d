import { spawnSync } from "node:child_process";
import { delimiter } from "node:path";
import { parseAllDocuments } from "yaml";
import { type Manifest, ROOT } from "../manifests/render.ts";

export const CHART = `${ROOT}charts/attachguard`;

export interface Helm {
  readonly command: string;
  /** As it says itself, e.g. `v3.19`. */
  readonly version: string;
}

/** Every Helm there is to test with: those that HELM names, a list as PATH is one, else the one on the PATH. */
export const HELMS: readonly Helm[] = (process.env.HELM ?? "helm").split(delimiter).flatMap((command) => {
  const { status, stdout } = spawnSync(command, ["version", "--template", "{{.Version}}"], {
    encoding: "utf8",
  });
  return status === 0 ? [{ command, version: stdout.trim() }] : [];
});

/** Why nothing can be rendered here; false where it can. */
export const WITHOUT_HELM: string | false =
  HELMS.length > 0
    ? false
    : "SKIPPED: there is no helm on the PATH; set HELM to one, or to several as PATH has them, to test the chart";

export interface Release {
  readonly helm?: Helm;
  readonly name?: string;
  readonly namespace?: string;
  /** As `--set-json` takes them. */
  readonly values?: Readonly<Record<string, unknown>>;
  readonly kubeVersion?: string;
  /** A folder; the repository's own where it is left out. */
  readonly chart?: string;
}

export interface Rendered {
  readonly code: number;
  readonly stderr: string;
  readonly text: string;
}

export function template(release: Release = {}): Rendered {
  const { helm = HELMS[0], name = "attachguard", namespace = "attachguard-system" } = release;
  const { values = {}, chart = CHART } = release;
  const sets = Object.entries(values).flatMap(([key, value]) => [
    "--set-json",
    `${key}=${JSON.stringify(value)}`,
  ]);
  // A Helm that was built without its release's settings takes itself for an old Kubernetes.
  const args = ["--namespace", namespace, "--kube-version", release.kubeVersion ?? "1.36.0", ...sets];
  const { status, stdout, stderr } = spawnSync(helm?.command ?? "helm", ["template", name, chart, ...args], {
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  return { code: status ?? -1, stderr, text: stdout };
}

/** The objects of a release, hooks and tests among them, as the API server reads them: YAML 1.1. */
export function objectsOf(release: Release = {}): readonly Manifest[] {
  const { code, stderr, text } = template(release);
  if (code !== 0) throw new Error(stderr);
  return parseAllDocuments(text, { version: "1.1" })
    .map((document) => document.toJS() as Manifest | null)
    .filter((manifest) => manifest !== null);
}

export const HOOK = "helm.sh/hook";

export function isHook({ metadata }: Manifest): boolean {
  return metadata.annotations?.[HOOK] !== undefined;
}
