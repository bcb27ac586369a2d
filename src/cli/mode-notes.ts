import type { Config } from "../config/config.ts";
import { isExcluded, labelledMode, MODE_LABEL } from "../config/scope.ts";
import { MODES } from "../policy/finding.ts";
import type { ClusterView } from "../policy/view.ts";
import type { JudgedWorkload, ReportError } from "../report/report.ts";

/** A note on each namespace with judged workloads whose mode label says no mode, so that the default held instead. */
export function modeNotes(
  config: Config,
  view: ClusterView,
  workloads: readonly JudgedWorkload[],
): readonly ReportError[] {
  const namespaces = new Set(workloads.map(({ workload }) => workload.namespace));
  return [...namespaces].flatMap((namespace) => {
    const { label, mode } = labelledMode(view, namespace);
    if (label === undefined || mode !== undefined || isExcluded(config, namespace)) return [];
    // YAML reads an unquoted off as false, which no label can be.
    const remedy = label === "false" ? `; write "off" with quotes` : "";
    const message = `namespace ${namespace}: ${MODE_LABEL} ${JSON.stringify(label)} is none of ${MODES.join(", ")}; ${config.mode} holds${remedy}`;
    return [{ file: "", line: 1, column: 1, message, fatal: false }];
  });
}
