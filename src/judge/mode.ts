import type { Config } from "../config/model.ts";
import { isExcluded, labelledMode, MODE_LABEL } from "../config/scope.ts";
import { MODES, type Mode } from "../policy/verdict.ts";
import type { ClusterView } from "../policy/view.ts";
import type { ReportNote } from "../report/report.ts";

/** The mode of a namespace and where it comes from. */
export interface NamespaceMode {
  readonly mode: Mode;
  readonly by: "label" | "configuration" | "exclusion";
  /** A sentence where the namespace's label is not a valid mode, so that the configured one holds; else `undefined`. */
  readonly note: string | undefined;
}

/** An excluded namespace is not judged; else its label holds, else the configuration. */
export function namespaceMode(config: Config, view: ClusterView, namespace: string): NamespaceMode {
  if (isExcluded(config, namespace)) return { mode: "off", by: "exclusion", note: undefined };
  const { label, mode } = labelledMode(view, namespace);
  if (mode !== undefined) return { mode, by: "label", note: undefined };
  if (label === undefined) return { mode: config.mode, by: "configuration", note: undefined };
  // YAML reads an unquoted off as false, which no label can be.
  const remedy = label === "false" ? `; write "off" with quotes` : "";
  return {
    mode: config.mode,
    by: "configuration",
    note: `namespace ${namespace}: ${MODE_LABEL} ${JSON.stringify(label)} is none of ${MODES.join(", ")}; ${config.mode} applies${remedy}`,
  };
}

/** The modes of namespaces, each determined once. */
export class NamespaceModes {
  readonly #config: Config;
  readonly #view: ClusterView;
  readonly #modes = new Map<string, NamespaceMode>();

  constructor(config: Config, view: ClusterView) {
    this.#config = config;
    this.#view = view;
  }

  in(namespace: string): NamespaceMode {
    const mode = this.#modes.get(namespace) ?? namespaceMode(this.#config, this.#view, namespace);
    this.#modes.set(namespace, mode);
    return mode;
  }

  /** The notes on those namespaces whose mode was asked for. */
  notesOn(namespaces: ReadonlySet<string>): readonly ReportNote[] {
    return [...this.#modes].flatMap(([namespace, { note }]) =>
      note === undefined || !namespaces.has(namespace) ? [] : [{ source: null, message: note }],
    );
  }
}
