import type { InputError } from "../cluster/files/input-error.ts";
import { type Bundle, loadFiles } from "../cluster/files.ts";
import { loadConfig } from "../config/config.ts";
import type { Subjects } from "../judge/all.ts";
import { noneStored } from "../report/commands.ts";
import { emit, type ReportOptions } from "./emit.ts";
import { judgedReport } from "./judged-report.ts";
import type { ClusterAccess } from "./live.ts";
import type { Terminal } from "./terminal.ts";

export interface CheckOptions extends ReportOptions, ClusterAccess {
  readonly live?: true;
  readonly config?: string;
}

/**
 * Judges files together, as if all of them were applied at once, and prints the report.
 *
 * @param paths files, folders, or `-` for standard input.
 * @returns the exit code of the contract.
 * @throws AttachguardError AG_ERR_CONFIG, AG_ERR_API_SERVER (with `--live`) or AG_ERR_INPUT (`--output`).
 */
export async function check(
  paths: readonly string[],
  options: CheckOptions,
  terminal: Terminal,
): Promise<number> {
  const config = await loadConfig(options.config);
  const bundle = await loadFiles(paths, terminal.stdin);
  const { subjects, errors } = options.live
    ? await withCluster(bundle, options, terminal)
    : { subjects: { ...bundle, view: bundle.index }, errors: bundle.errors };
  return emit(await judgedReport(subjects, errors, config, noneStored), options, terminal);
}

async function withCluster(
  bundle: Bundle,
  access: ClusterAccess,
  terminal: Terminal,
): Promise<{ subjects: Subjects; errors: readonly InputError[] }> {
  const [{ readLiveFacts }, { applied }] = await Promise.all([import("./live.ts"), import("./applied.ts")]);
  const live = await readLiveFacts(access, terminal);
  return { subjects: applied(bundle, live.index), errors: [...bundle.errors, ...live.errors] };
}
