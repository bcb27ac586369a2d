import type { ClusterIndex } from "../cluster/cluster-index.ts";
import type { InputError } from "../cluster/files/input-error.ts";
import { loadFiles } from "../cluster/files.ts";
import { loadConfig } from "../config/config.ts";
import { allStored } from "../report/commands.ts";
import { emit, type ReportOptions } from "./emit.ts";
import { worldNote, worldOf } from "./file-options.ts";
import { judgedReport } from "./judged-report.ts";
import { type ClusterAccess, readLiveFacts } from "./live.ts";
import type { Terminal } from "./terminal.ts";

export interface AuditOptions extends ReportOptions, ClusterAccess {
  readonly namespace?: string;
  readonly from?: readonly string[];
  readonly closed?: true;
  readonly open?: true;
  readonly config?: string;
}

/**
 * Judges everything in a cluster, or in files that were dumped from one, and prints the report.
 *
 * @returns the exit code of the contract.
 * @throws AttachguardError AG_ERR_CONFIG, AG_ERR_USAGE (options that contradict each other), AG_ERR_API_SERVER (without `--from`) or AG_ERR_INPUT (`--output`).
 */
export async function audit(options: AuditOptions, terminal: Terminal): Promise<number> {
  const config = await loadConfig(options.config);
  const { index, errors } = await factsFrom(options, terminal);
  const subjects = {
    view: index,
    workloads: within(options.namespace, index.workloads()),
    claims: within(options.namespace, index.claims()),
  };
  return emit(await judgedReport(subjects, errors, config, allStored), options, terminal);
}

interface Facts {
  readonly index: ClusterIndex;
  readonly errors: readonly InputError[];
}

async function factsFrom(options: AuditOptions, terminal: Terminal): Promise<Facts> {
  const world = worldOf(options);
  if (options.from === undefined) return readLiveFacts(options, terminal);
  const bundle = await loadFiles(options.from, { stdin: terminal.stdin, ...world });
  return { index: bundle.index, errors: [...bundle.errors, ...worldNote(bundle, options)] };
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
