import type { ClosureRole } from "./closure-model.ts";
import { fieldEntries, fieldValues } from "./go-json.ts";
import type { NotRenderedCode } from "./renderer.ts";

/** Something that a kustomization names: what for, and what may be there. */
export interface Reference {
  /** As it is written, for example `patches[].path`. */
  readonly field: string;
  readonly value: unknown;
  readonly to: "file" | "folder" | "file-or-folder";
  readonly role: ClosureRole;
  /** The value may be YAML instead of a path. */
  readonly inline: boolean;
}

/** Something in a kustomization that rules rendering out. */
export interface Obstacle {
  readonly code: NotRenderedCode;
  readonly what: string;
}

export interface References {
  readonly references: readonly Reference[];
  readonly obstacles: readonly Obstacle[];
}

/** Fields of a kustomization that are lists of paths; a name in any of them may be a remote one. */
const LISTS: readonly (Omit<Reference, "value"> & { readonly field: string })[] = [
  { field: "resources", to: "file-or-folder", role: "resource", inline: false },
  { field: "bases", to: "file-or-folder", role: "resource", inline: false },
  { field: "components", to: "folder", role: "resource", inline: false },
  { field: "crds", to: "file", role: "settings", inline: false },
  { field: "configurations", to: "file", role: "settings", inline: false },
  { field: "patchesStrategicMerge", to: "file", role: "patch", inline: true },
  { field: "generators", to: "file-or-folder", role: "plugin", inline: true },
  { field: "transformers", to: "file-or-folder", role: "plugin", inline: true },
  { field: "validators", to: "file-or-folder", role: "plugin", inline: true },
];

/** Fields whose entries name a file in `path`. */
const WITH_PATH = [
  { field: "patches", role: "patch" },
  { field: "patchesJson6902", role: "patch" },
  { field: "replacements", role: "settings" },
  { field: "openapi", role: "settings" },
] as const;

const HELM_FIELDS = ["helmCharts", "helmChartInflationGenerator"];

/** What a kustomization names (kustomize api/types/kustomization.go), every field that reads something. */
export function kustomizationReferences(kustomization: unknown): References {
  const references: Reference[] = LISTS.flatMap((list) =>
    fieldEntries(kustomization, list.field).map((value) => ({ ...list, value })),
  );
  for (const { field, role } of WITH_PATH) {
    for (const entry of fieldEntries(kustomization, field)) {
      references.push(...pathsIn(entry, "path", `${field}.path`, role));
    }
  }
  for (const field of ["configMapGenerator", "secretGenerator"]) {
    for (const entry of fieldEntries(kustomization, field)) references.push(...dataFiles(entry, field));
  }
  const helm = HELM_FIELDS.find((field) => fieldEntries(kustomization, field).length > 0);
  const obstacles: Obstacle[] =
    helm === undefined
      ? []
      : [{ code: "helm-in-kustomize", what: `uses ${helm}, which needs --enable-helm and may fetch charts` }];
  return { references, obstacles };
}

/** Annotations that turn a configuration into a program to run (kyaml fn/runtime/runtimeutil). */
const FUNCTION_ANNOTATIONS = ["config.kubernetes.io/function", "config.k8s.io/function"];

/** The built-in plugins that neither run a program nor fetch anything (kustomize api/internal/plugins). */
const HARMLESS_PLUGINS: ReadonlySet<unknown> = new Set([
  "AnnotationsTransformer",
  "ConfigMapGenerator",
  "HashTransformer",
  "IAMPolicyGenerator",
  "ImageTagTransformer",
  "LabelTransformer",
  "LegacyOrderTransformer",
  "NamespaceTransformer",
  "PatchJson6902Transformer",
  "PatchStrategicMergeTransformer",
  "PatchTransformer",
  "PrefixSuffixTransformer",
  "PrefixTransformer",
  "ReplacementTransformer",
  "ReplicaCountTransformer",
  "SecretGenerator",
  "SortOrderTransformer",
  "SuffixTransformer",
  "ValueAddTransformer",
]);

/** What the configuration of a generator, transformer or validator names; anything not built in is an obstacle. */
export function pluginReferences(config: object): References {
  const { apiVersion, kind } = config as { readonly apiVersion?: unknown; readonly kind?: unknown };
  const annotations = fieldValues(config, "metadata").flatMap((metadata) =>
    fieldValues(metadata, "annotations"),
  );
  const functional = FUNCTION_ANNOTATIONS.some((name) =>
    annotations.some((all) => fieldValues(all, name).length > 0),
  );
  if (apiVersion !== "builtin" || functional || !HARMLESS_PLUGINS.has(kind)) {
    const name = typeof kind === "string" ? kind : "without a kind";
    return {
      references: [],
      obstacles: [{ code: "program", what: `uses the plugin ${name}, which may run a program` }],
    };
  }
  const references = [
    ...pathsIn(config, "path", `${kind}.path`, "patch"),
    ...fieldEntries(config, "paths").map(
      (value): Reference => ({ field: `${kind}.paths`, value, to: "file", role: "patch", inline: true }),
    ),
    ...fieldEntries(config, "replacements").flatMap((entry) =>
      pathsIn(entry, "path", `${kind}.replacements.path`, "settings"),
    ),
    ...dataFiles(config, String(kind)),
  ];
  return { references, obstacles: [] };
}

function pathsIn(entry: unknown, key: string, field: string, role: ClosureRole): Reference[] {
  return fieldEntries(entry, key)
    .filter((value) => value !== "")
    .map((value) => ({ field, value, to: "file", role, inline: false }));
}

/** `files` entries are paths or `KEY=PATH` (kustomize api/internal/generators/utils.go), `envs` are paths. */
function dataFiles(generator: unknown, field: string): Reference[] {
  const files = fieldEntries(generator, "files").map((value) =>
    typeof value === "string" ? value.slice(value.indexOf("=") + 1) : value,
  );
  const environments = ["env", "envs"]
    .flatMap((key) => fieldEntries(generator, key))
    .filter((value) => value !== "");
  return [
    ...files.map(
      (value): Reference => ({ field: `${field}.files`, value, to: "file", role: "data", inline: false }),
    ),
    ...environments.map(
      (value): Reference => ({ field: `${field}.envs`, value, to: "file", role: "data", inline: false }),
    ),
  ];
}
