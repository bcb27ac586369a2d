import { realpathSync } from "node:fs";
import { relative, resolve } from "node:path";
import { fileError, fileNote, type InputError } from "../../cluster/files/input-error.ts";
import type { TreeFiles } from "../../cluster/files/render/tree-files.ts";
import type { UnrenderedUnit } from "../../cluster/files/units.ts";
import { type LoadedTree, type LoadOptions, loadTree } from "../../cluster/files.ts";
import { type CommitTree, readCommitTree } from "../../cluster/git/commit-tree.ts";
import { type Git, openGit } from "../../cluster/git/git.ts";
import { mergeBase } from "../../cluster/git/merge-base.ts";
import { TreePair } from "../../cluster/git/tree-pair.ts";
import { AttachguardError } from "../../errors.ts";
import { planFor } from "../../fix/plan.ts";
import { judgeVersions } from "../../judge/compared.ts";
import { plural } from "../../policy/phrasing.ts";
import { baselineMatcher } from "../../report/baseline.ts";
import { noneStored } from "../../report/commands.ts";
import { emit } from "../emit.ts";
import { type FileOptions, loadOptions, toolboxFor, worldNote } from "../file-options.ts";
import { reportOf, settingsOf } from "../judged-report.ts";
import { type Tell, withProgress } from "../progress.ts";
import { repositoryAbove } from "../repository.ts";
import type { Terminal } from "../terminal.ts";
import { configOfBase, textOfBase } from "./base-settings.ts";
import { at, isFixing, pathsToCheck, surroundingsOf, withSettings } from "./check.ts";
import type { CheckOptions, JudgedFiles } from "./options.ts";

export interface BaseOptions extends CheckOptions {
  /** A branch, tag or commit. */
  readonly base: string;
  readonly allowUnrendered?: true;
}

/**
 * Judges what the working tree changes since its merge base with a reference, as the webhook will when it is applied,
 * and prints the report. Nothing of the repository is run, nothing fetched and nothing written; the older tree is in
 * memory, and what is rendered of it is in a private folder that is removed afterwards.
 *
 * @returns the exit code of the contract: only what the change adds counts.
 * @throws AttachguardError AG_ERR_GIT where the repository cannot be read, AG_ERR_USAGE, and as `check`
 */
export async function checkBase(
  paths: readonly string[],
  options: BaseOptions,
  terminal: Terminal,
): Promise<number> {
  refuseContradictions(paths, options);
  const top = repositoryOf(paths);
  const git = await openGit(top, terminal.env);
  const before = await treeOfBase(git, options.base);
  try {
    const judge = (disk?: TreeFiles) => judgeChange(paths, options, terminal, { top, before, disk });
    if (isFixing(options)) {
      const { fixAndEmit } = await import("./fix.ts");
      return await fixAndEmit(paths, options, (_, disk) => judge(disk), terminal);
    }
    const { report, failOn } = await judge();
    return await emit(report, { ...options, failOn }, terminal);
  } finally {
    before.close();
  }
}

function refuseContradictions(paths: readonly string[], { writeBaseline }: BaseOptions): void {
  if (paths.includes("-")) {
    throw new AttachguardError(
      "AG_ERR_USAGE",
      "standard input has no earlier version to compare with: name files or folders with --base",
    );
  }
  if (writeBaseline !== undefined) {
    throw new AttachguardError(
      "AG_ERR_USAGE",
      "--write-baseline accepts everything that is found, and --base looks only at a change: leave one of them out",
    );
  }
}

/** The one repository that all paths lie in. */
function repositoryOf(paths: readonly string[]): string {
  const tops = (paths.length === 0 ? ["."] : paths).map((path) => ({ path, top: repositoryAbove(path) }));
  const [first] = tops;
  if (first?.top === undefined) {
    throw new AttachguardError(
      "AG_ERR_GIT",
      `${first?.path} is not in a git repository, so there is no base: run it where the files are checked out, or leave --base out`,
    );
  }
  const other = tops.find(({ top }) => top !== first.top);
  if (other !== undefined) {
    throw new AttachguardError(
      "AG_ERR_USAGE",
      `${first.path} and ${other.path} are in different repositories, and a base is one commit of one repository: check each by itself`,
    );
  }
  return realpathSync.native(first.top);
}

async function treeOfBase(git: Git, ref: string): Promise<CommitTree> {
  return readCommitTree(git, await mergeBase(git, ref));
}

interface Base {
  readonly top: string;
  readonly before: CommitTree;
  /** The working tree as it will be; by default, as it is. */
  readonly disk: TreeFiles | undefined;
}

async function judgeChange(
  paths: readonly string[],
  options: BaseOptions,
  terminal: Terminal,
  { top, before, disk }: Base,
): Promise<JudgedFiles> {
  const pair = new TreePair(before, top, disk);
  const { config, file, notes } = await configOfBase(options.config, pair);
  const baseline = options.baseline === undefined ? undefined : await textOfBase(options.baseline, pair);
  const matcher =
    baseline?.text === undefined ? undefined : baselineMatcher(options.baseline ?? "", baseline.text);
  const named = pathsToCheck(paths, config, options.config, file);
  const { trees, surroundings, errors, compared } = await withProgress(terminal, async (tell) => {
    const trees = await readBoth(named, withSettings(options, config), terminal, pair, tell);
    const { surroundings, errors } = await surroundingsOf(options, terminal, tell);
    tell("judging the change");
    const compared = await judgeVersions(
      { before: trees.before.bundle, after: trees.now.bundle, surroundings },
      settingsOf(config),
      { all: options.all === true, planFor },
    );
    return { trees, surroundings, errors, compared };
  });
  const render = options.render ?? config.check.render;
  const unrendered = await touchedUnrendered(trees.now, pair);
  const isAllowed = options.allowUnrendered === true || render === "never";
  const problems = [
    ...(await problemsOf(
      trees.now,
      unrendered,
      isAllowed,
      pair,
      options.strict === true || render === "always",
    )),
    ...(await problemsOfBefore(trees, pair)),
    ...[...pair.nested].map((folder) => fileNote(folder, NESTED)),
    ...errors,
    ...worldNote(trees.now.bundle, options),
  ];
  const found = await reportOf(compared, {
    problems,
    config,
    isStored: noneStored,
    readFile: (path) => pair.now.readFile(path),
    notJudged: trees.now.bundle.notJudged.objects,
    isKnown: (fingerprint, finding) =>
      compared.known.has(finding) || matcher?.isKnown(fingerprint, finding) === true,
    change: { reservation: reservationOf(unrendered, isAllowed, render === "never") },
  });
  const report = {
    ...found,
    notes: [
      ...notes,
      ...(baseline?.notes ?? []),
      ...(matcher?.obsolete() ?? []).map((message) => ({ source: at(options.baseline ?? ""), message })),
      ...found.notes,
    ],
  };
  const failOn = options.failOn ?? config.check.failOn ?? "error";
  const { bundle, units } = trees.now;
  return { report, bundle, units, surroundings, named, failOn, settings: settingsOf(config) };
}

const NESTED =
  "it is another repository (a submodule), which is not part of the base: it was left out; check it by itself";

interface BothTrees {
  readonly now: LoadedTree;
  readonly before: LoadedTree;
}

/** Reads the working tree, then what differs in the commit. */
async function readBoth(
  named: readonly string[],
  options: FileOptions,
  terminal: Terminal,
  pair: TreePair,
  tell: Tell,
): Promise<BothTrees> {
  const { render = "auto" } = options;
  const common = await loadOptions(named, { ...options, render: "never" }, terminal, tell);
  const rendering = render === "never" ? undefined : await renderersFor(named, terminal, pair);
  const now = await loadTree(named, {
    ...common,
    tree: pair.now,
    shared: pair.sharing,
    ...(rendering === undefined ? {} : { render, renderer: rendering.ofNow }),
  });
  const there: string[] = [];
  for (const path of named) if ((await pair.before.stat(resolve(path))) !== undefined) there.push(path);
  const before = await loadTree(there, {
    ...common,
    strict: false,
    tree: pair.before,
    shared: pair.shared,
    leftOutUnrendered: new Set(now.units.rendered.map(({ root }) => root.real)),
    ...(rendering === undefined ? {} : { render: "auto", renderer: rendering.ofBefore }),
  });
  return { now, before };
}

type Rendering = Record<"ofNow" | "ofBefore", NonNullable<LoadOptions["renderer"]>>;

async function renderersFor(
  named: readonly string[],
  terminal: Terminal,
  pair: TreePair,
): Promise<Rendering> {
  const { ToolRenderer } = await import("../../cluster/files/render/tool-renderer.ts");
  const toolbox = await toolboxFor(named, terminal);
  const ofNow = new ToolRenderer(toolbox, pair.now);
  const ofBefore = new ToolRenderer(toolbox, pair.before, (real) => pair.contentBefore(real));
  return { ofNow, ofBefore: pair.rendererOfBefore(ofNow, ofBefore) };
}

/** The kustomizations and charts that the change touches and that were not rendered. */
async function touchedUnrendered({ units }: LoadedTree, pair: TreePair): Promise<readonly UnrenderedUnit[]> {
  const touched: UnrenderedUnit[] = [];
  for (const unit of units.unrendered) if (await pair.isTouched(unit.request)) touched.push(unit);
  return touched;
}

/**
 * What is wrong with the working tree. What the change does not touch was wrong before, and is only noted.
 *
 * @param strict everything counts
 */
async function problemsOf(
  { bundle }: LoadedTree,
  unrendered: readonly UnrenderedUnit[],
  isAllowed: boolean,
  pair: TreePair,
  strict: boolean,
): Promise<readonly InputError[]> {
  const problems: InputError[] = [];
  for (const error of bundle.errors) {
    const known = error.fatal && !strict && (await pair.isSame(error.file));
    const message = known ? `${error.message} (already so before this change)` : error.message;
    problems.push(known ? { ...error, message, fatal: false } : error);
  }
  if (isAllowed) return problems;
  const refused = unrendered.map(({ root, kind, why }) =>
    fileError(
      root.path,
      `the change touches this ${kind}, which was not rendered (${why.reason}): ${why.remedy}; --allow-unrendered lets it pass`,
    ),
  );
  const isRefused = (file: string) => refused.some((error) => error.file === file);
  return [...problems.filter(({ file, fatal }) => fatal || !isRefused(file)), ...refused];
}

/** What could not be read in the older tree, and is therefore judged as new. */
async function problemsOfBefore({ now, before }: BothTrees, pair: TreePair): Promise<readonly InputError[]> {
  const broken: InputError[] = [];
  for (const { file, line, message, fatal } of before.bundle.errors) {
    // What cannot be read in either tree is reported for the working tree.
    if (!fatal || (await pair.isSame(file))) continue;
    broken.push(fileNote(file, `in the base, ${message} (line ${line}): what it held is judged as new`));
  }
  const rendered = new Set(now.units.rendered.map(({ root }) => root.real));
  const newly = before.units.unrendered
    .filter(({ root }) => rendered.has(root.real))
    .map(({ root, kind, why }) =>
      fileNote(root.path, `the base's ${kind} was not rendered (${why.reason}): all of it is judged as new`),
    );
  return [...broken, ...newly];
}

function reservationOf(
  unrendered: readonly UnrenderedUnit[],
  isAllowed: boolean,
  isNever: boolean,
): string | null {
  if (unrendered.length === 0 || !isAllowed) return null;
  const names = unrendered.map(({ root }) => relative(process.cwd(), resolve(root.path)) || ".");
  const shown = names.slice(0, 3).join(", ") + (names.length > 3 ? ", …" : "");
  const why = isNever ? "--render never" : "--allow-unrendered";
  return `${plural(names.length, "changed kustomization or chart")} not rendered (${why}), so not judged as applied: ${shown}.`;
}
