import { dirname, join, relative, resolve } from "node:path";
import type { InputError } from "../cluster/files/input-error.ts";
import { type Bundle, loadFiles } from "../cluster/files.ts";
import type { Config } from "../config/model.ts";
import { AttachguardError } from "../errors.ts";
import type { Subjects } from "../judge/all.ts";
import type { SourcePosition } from "../policy/model.ts";
import { baselineMatcher, renderBaseline } from "../report/baseline.ts";
import { noneStored } from "../report/commands.ts";
import { checkConfig } from "./check-config.ts";
import { emit, type ReportOptions, writeOutput } from "./emit.ts";
import { readInput } from "./input-file.ts";
import { judgedReport } from "./judged-report.ts";
import type { ClusterAccess } from "./live.ts";
import type { Terminal } from "./terminal.ts";

export interface CheckOptions extends ReportOptions, ClusterAccess {
  readonly live?: true;
  /** False with `--no-config`. */
  readonly config?: string | false;
  readonly baseline?: string;
  readonly writeBaseline?: string;
}

/**
 * Judges files together, as if all of them were applied at once, and prints the report.
 *
 * @param paths files, folders, or `-` for standard input; none: those of the configuration.
 * @returns the exit code of the contract; 0 where a baseline was written.
 * @throws AttachguardError AG_ERR_USAGE, AG_ERR_CONFIG, AG_ERR_API_SERVER (with `--live`) or AG_ERR_INPUT (a baseline
 * or an output).
 */
export async function check(
  paths: readonly string[],
  options: CheckOptions,
  terminal: Terminal,
): Promise<number> {
  const { config, file: configFile } = await checkConfig(options.config, process.cwd());
  const { baseline, writeBaseline } = options;
  const matcher = baseline === undefined ? undefined : baselineMatcher(baseline, await readInput(baseline));
  const bundle = await loadFiles(pathsToCheck(paths, config, configFile), terminal.stdin);
  const { subjects, errors } = options.live
    ? await withCluster(bundle, options, terminal)
    : { subjects: { ...bundle, view: bundle.index }, errors: bundle.errors };
  const found = await judgedReport(subjects, errors, config, noneStored, matcher?.isKnown);
  const notes = [
    ...(configFile === undefined || options.config
      ? []
      : [{ source: at(configFile), message: "this configuration is used" }]),
    ...(matcher?.obsolete() ?? []).map((message) => ({ source: at(baseline ?? ""), message })),
  ];
  const report = { ...found, notes: [...notes, ...found.notes] };
  const failOn = options.failOn ?? config.check.failOn ?? "error";
  const code = await emit(report, { ...options, failOn }, terminal);
  if (writeBaseline === undefined) return code;
  await writeOutput(writeBaseline, renderBaseline(report));
  return code === 2 ? 2 : 0;
}

function at(file: string): SourcePosition {
  return { file: relative(process.cwd(), resolve(file)), line: 1, column: 1 };
}

function pathsToCheck(
  paths: readonly string[],
  { check: { paths: configured = [] } }: Config,
  configFile: string | undefined,
): readonly string[] {
  if (paths.length > 0) return paths;
  if (configured.length === 0) {
    throw new AttachguardError(
      "AG_ERR_USAGE",
      "missing required argument 'PATH': name files or folders, or check.paths in attachguard.yaml",
    );
  }
  const folder = dirname(resolve(configFile ?? ""));
  return configured.map((path) => relative(process.cwd(), join(folder, path)) || ".");
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
