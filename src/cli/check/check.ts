import { dirname, join, relative, resolve } from "node:path";
import type { InputError } from "../../cluster/files/input-error.ts";
import type { TreeFiles } from "../../cluster/files/render/tree-files.ts";
import { type Bundle, loadFiles, loadTree } from "../../cluster/files.ts";
import type { Config } from "../../config/model.ts";
import { AttachguardError } from "../../errors.ts";
import type { Subjects } from "../../judge/all.ts";
import { immutableInCluster } from "../../judge/immutable-live.ts";
import type { SourcePosition } from "../../policy/model.ts";
import { plural } from "../../policy/phrasing.ts";
import type { ClusterView } from "../../policy/view.ts";
import { baselineMatcher, renderBaseline } from "../../report/baseline.ts";
import { noneStored } from "../../report/commands.ts";
import type { ReportNote } from "../../report/report.ts";
import { emit } from "../emit.ts";
import { type FileOptions, loadOptions, worldNote } from "../file-options.ts";
import { readInput } from "../input-file.ts";
import { judgedReport, settingsOf } from "../judged-report.ts";
import { writeOutput } from "../outputs.ts";
import { type Tell, withProgress } from "../progress.ts";
import { print, type Terminal } from "../terminal.ts";
import { assumedClasses } from "./assumed-classes.ts";
import { checkConfig } from "./config.ts";
import type { CheckOptions, JudgedFiles } from "./options.ts";

/** True where ways out are to be written, or shown as a diff. */
export function isFixing({ fix, diff }: CheckOptions): boolean {
  return fix !== undefined || diff === true;
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
  const baselineText = baseline === undefined ? undefined : await readInput(baseline);
  const named = pathsToCheck(paths, config, options.config, configFile);
  const around = await withProgress(terminal, (tell) => surroundingsOf(options, terminal, tell));
  const judge = (stdin?: Terminal["stdin"], tree?: TreeFiles) =>
    judgeFiles({
      ...{ named, options, config, configFile, around, tree },
      terminal: stdin === undefined ? terminal : { ...terminal, stdin },
      ...(baseline === undefined || baselineText === undefined
        ? {}
        : { baseline: { file: baseline, text: baselineText } }),
    });
  if (isFixing(options)) {
    const { fixAndEmit } = await import("./fix.ts");
    return fixAndEmit(paths, options, judge, terminal);
  }
  const { report, failOn, bundle, surroundings } = await judge();
  const code = await emit(report, { ...options, failOn }, terminal);
  if (surroundings === undefined && !bundle.closed && options.quiet !== true) {
    await print(terminal.stderr, assumedClasses(report));
  }
  if (writeBaseline === undefined) return code;
  await writeOutput(writeBaseline, renderBaseline(report));
  const accepted = plural(report.findings.filter(({ exempted }) => exempted === null).length, "finding");
  await print(
    terminal.stderr,
    `${writeBaseline}: ${accepted} accepted; from now on check with --baseline ${writeBaseline}\n`,
  );
  return code === 2 ? 2 : 0;
}

/** Everything that judging the files once depends on. */
interface Look {
  readonly named: readonly string[];
  readonly options: CheckOptions;
  readonly config: Config;
  readonly configFile: string | undefined;
  readonly around: Surroundings;
  readonly baseline?: { readonly file: string; readonly text: string };
  readonly terminal: Terminal;
  /** By default, the disk. */
  readonly tree: TreeFiles | undefined;
}

async function judgeFiles({
  named,
  options,
  config,
  configFile,
  around: { surroundings, errors },
  baseline,
  terminal,
  tree,
}: Look): Promise<JudgedFiles> {
  const matcher = baseline && baselineMatcher(baseline.file, baseline.text);
  const { bundle, units, found } = await withProgress(terminal, async (tell) => {
    const settings = await loadOptions(named, withSettings(options, config), terminal, tell, tree);
    const { bundle, units } = await loadTree(named, settings);
    const found = await judgedReport({
      subjects: {
        ...subjectsIn(bundle, surroundings),
        onWorkload: (done) => tell("judging workloads", done, bundle.workloads.length),
      },
      problems: [...bundle.errors, ...errors, ...worldNote(bundle, options)],
      config,
      isStored: noneStored,
      readFile: tree && ((path) => tree.readFile(path)),
      notJudged: bundle.notJudged.objects,
      ...(matcher === undefined ? {} : { isKnown: matcher.isKnown }),
    });
    return { bundle, units, found };
  });
  const notes = [
    ...(configFile === undefined || options.config
      ? []
      : [{ source: at(configFile), message: "this configuration is used" }]),
    ...(matcher?.obsolete() ?? []).map((message) => ({ source: at(baseline?.file ?? ""), message })),
  ];
  const failOn = options.failOn ?? config.check.failOn ?? "error";
  const immutable =
    surroundings === undefined ? [] : await immutableNotesFor(bundle, surroundings, options, terminal);
  const report = { ...found, notes: [...notes, ...immutable, ...found.notes] };
  return { report, bundle, units, surroundings, named, failOn, settings: settingsOf(config) };
}

async function immutableNotesFor(
  { facts }: Bundle,
  cluster: ClusterView,
  { live, kubeconfig, context }: CheckOptions,
  { env }: Terminal,
): Promise<readonly ReportNote[]> {
  const notes = immutableInCluster(facts, cluster);
  if (notes.length === 0 || live !== true) return notes;
  // Only where there is something to say: one more request, of a kind that no verdict reads.
  const { snapshotClassesIn } = await import("../../cluster/live/snapshot-classes.ts");
  return immutableInCluster(facts, cluster, await snapshotClassesIn({ kubeconfig, context, env }));
}

/** The command line wins over the configuration; excludes of both apply. */
export function withSettings(options: CheckOptions, { check }: Config): FileOptions {
  const { render = check.render, nodes = check.nodes?.toString(), exclude = [] } = options;
  return {
    ...options,
    ...(render === undefined ? {} : { render }),
    ...(nodes === undefined ? {} : { nodes }),
    exclude: [...exclude, ...(check.exclude ?? [])],
  };
}

/** The text of a whole file, by its path from the working folder. */
export function at(file: string): SourcePosition {
  return { file: relative(process.cwd(), resolve(file)), line: 1, column: 1 };
}

/**
 * What is checked: what the command line names, else what the configuration names, else the folder of an
 * `attachguard.yaml` that was found.
 *
 * @param asked the configuration that the command line asks for
 * @param configFile the one that is used, or that a change adds
 * @throws AttachguardError AG_ERR_USAGE where none of them says
 */
export function pathsToCheck(
  paths: readonly string[],
  { check: { paths: configured = [] } }: Config,
  asked: CheckOptions["config"],
  configFile: string | undefined,
): readonly string[] {
  if (paths.length > 0) return paths;
  if (configured.length === 0) {
    if (asked === undefined && configFile !== undefined)
      return [relative(process.cwd(), dirname(resolve(configFile))) || "."];
    throw new AttachguardError(
      "AG_ERR_USAGE",
      "missing required argument 'PATH': name files or folders, or check.paths in attachguard.yaml",
    );
  }
  const folder = dirname(resolve(configFile ?? ""));
  return configured.map((path) => relative(process.cwd(), join(folder, path)) || ".");
}

export interface Surroundings {
  readonly surroundings: ClusterView | undefined;
  readonly errors: readonly InputError[];
}

/** What the files would be applied to: the live cluster, or a dump that only serves as surroundings. */
export async function surroundingsOf(
  options: CheckOptions,
  terminal: Terminal,
  tell: Tell,
): Promise<Surroundings> {
  if (options.clusterFacts !== undefined) {
    if (options.live === true) {
      throw new AttachguardError(
        "AG_ERR_USAGE",
        "--live and --cluster-facts both say what the cluster holds: leave one of them out",
      );
    }
    const { index, errors } = await loadFiles([options.clusterFacts]);
    return { surroundings: index, errors };
  }
  if (options.live !== true) return { surroundings: undefined, errors: [] };
  tell("reading the cluster");
  const { readLiveFacts } = await import("../live.ts");
  const { index, errors } = await readLiveFacts(options, terminal);
  return { surroundings: index, errors };
}

function subjectsIn(bundle: Bundle, surroundings: ClusterView | undefined): Subjects {
  const { workloads, claims } = bundle;
  return {
    workloads,
    claims,
    view: bundle.viewFor(undefined, surroundings),
    viewFor: (object) => bundle.viewFor(object, surroundings),
  };
}
