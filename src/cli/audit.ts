import { judgeAll } from "../audit/judge.ts";
import type { ClusterIndex } from "../cluster/cluster-index.ts";
import { loadFiles } from "../cluster/files.ts";
import { loadConfig } from "../config/config.ts";
import { buildReport, type ReportError } from "../report/report.ts";
import { emit, type ReportOptions } from "./emit.ts";
import { judgeSettings } from "./judge-settings.ts";
import { type ClusterAccess, readLiveFacts } from "./live.ts";
import { modeNotes } from "./mode-notes.ts";
import type { Terminal } from "./terminal.ts";

export interface AuditOptions extends ReportOptions, ClusterAccess {
  readonly namespace?: string;
  readonly from?: readonly string[];
  readonly config?: string;
}

/**
 * Judges everything in a cluster, or in files that were dumped from one, and prints the report.
 *
 * @returns the exit code of the contract.
 * @throws AttachguardError AG_ERR_CONFIG, AG_ERR_API_SERVER (without `--from`) or AG_ERR_INPUT (`--output`).
 */
export async function audit(options: AuditOptions, terminal: Terminal): Promise<number> {
  const config = await loadConfig(options.config);
  const { index, errors } = await factsFrom(options, terminal);
  const { findings, workloads } = await judgeAll(
    {
      view: index,
      workloads: within(options.namespace, index.workloads()),
      claims: within(options.namespace, index.claims()),
    },
    judgeSettings(config),
  );
  const notes = modeNotes(config, index, workloads);
  return emit(buildReport(findings, workloads, [...errors, ...notes]), options, terminal);
}

interface Facts {
  readonly index: ClusterIndex;
  readonly errors: readonly ReportError[];
}

async function factsFrom(options: AuditOptions, terminal: Terminal): Promise<Facts> {
  return options.from === undefined
    ? readLiveFacts(options, terminal)
    : loadFiles(options.from, terminal.stdin);
}

/** The objects of one namespace; those without one are reported as `default`, so they are found there. */
function* within<T extends { readonly namespace: string }>(
  namespace: string | undefined,
  objects: Iterable<T>,
): Generator<T> {
  for (const object of objects) {
    if (namespace === undefined || namespace === (object.namespace || "default")) yield object;
  }
}
