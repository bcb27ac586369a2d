import { resolve } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { DISK_TREE } from "../../cluster/files/render/disk-tree.ts";
import type { TreeFiles } from "../../cluster/files/render/tree-files.ts";
import { AttachguardError } from "../../errors.ts";
import { choicesFor, type FixRequest, type FixSubject } from "../../fix/choices.ts";
import { type FixedFile, fixFiles } from "../../fix/fix-files.ts";
import { encoded, FixableFiles } from "../../fix/fixable-files.ts";
import { unifiedDiff } from "../../fix/unified-diff.ts";
import { writeFiles } from "../../fix/write-files.ts";
import type { FixId } from "../../policy/fixes.ts";
import type { ObjectRef, SourcePosition } from "../../policy/model.ts";
import { renderProblems } from "../../report/formats/text.ts";
import { harmless } from "../../report/harmless.ts";
import type { FailOn, Report, ReportedFinding, ReportNote } from "../../report/report.ts";
import { emit } from "../emit.ts";
import { hasColour, print, printCommands, type Terminal } from "../terminal.ts";
import { refuseIdAsPath } from "./fix-argument.ts";
import type { CheckOptions, JudgedFiles } from "./options.ts";

/** Judges the files, or another state of the disk. */
export type JudgeFiles = (stdin: Terminal["stdin"], disk?: TreeFiles) => Promise<JudgedFiles>;

/**
 * Judges files, writes ways out into them where that is safe, and prints what is left. With `--diff` nothing is
 * written, standard output gets what would change, and the report is that of the files as they are.
 *
 * @param paths those of the command line
 * @returns the exit code of what is left
 */
export async function fixAndEmit(
  paths: readonly string[],
  options: CheckOptions,
  judge: JudgeFiles,
  terminal: Terminal,
): Promise<number> {
  if (options.writeBaseline !== undefined) {
    throw new AttachguardError(
      "AG_ERR_USAGE",
      "--write-baseline accepts what --fix would fix: leave one of them out",
    );
  }
  refuseIdAsPath(paths);
  let piped = "";
  const noted = async function* () {
    piped = await text(terminal.stdin);
    yield piped;
  };
  const first = await judge(Readable.from(noted()));
  const { named, failOn, settings } = first;
  const request = requestOf(options);
  const findings = first.report.findings.filter((finding) => isToFix(finding, request, failOn));
  const choices = await choicesFor(findings, request, subjectsIn(first), settings);
  const run = await fixFiles(choices, first.report, {
    asked: request.ids,
    files: new FixableFiles(named, first.units),
    judgeAgain: async (texts) => (await judge(Readable.from([piped]), withTexts(texts))).report,
    verb: options.diff === true ? "would be fixed" : "fixed",
  });
  const notes = [...run.notes, ...unusedNotes(request, first.report)];
  if (options.diff === true) {
    return emitDiff(run.files, withNotes(first.report, notes), { ...options, failOn }, terminal);
  }
  const report = withNotes(run.report ?? first.report, notes);
  await writeFiles(run.files);
  return emit(report, { ...options, failOn }, terminal);
}

function requestOf({ fix = [true] }: CheckOptions): FixRequest {
  return { strategy: fix.includes(true), ids: new Set(fix.filter((id) => id !== true)) };
}

/** Findings that offer a named way out are fixed whatever their severity; else those that affect the exit code. */
function isToFix(
  { known, exempted, severity, fixes }: ReportedFinding,
  { ids }: FixRequest,
  failOn: FailOn,
): boolean {
  if (known || exempted !== null) return false;
  return severity === "error" || failOn === "warning" || fixes.some(({ id }) => ids.has(id));
}

/** Finds the workload that a finding is about, by where it stands. */
function subjectsIn({
  bundle,
  surroundings,
}: JudgedFiles): (finding: ReportedFinding) => FixSubject | undefined {
  const byPlace = new Map(
    bundle.workloads.map((workload) => [placeKey(workload, workload.source), workload]),
  );
  return ({ workload: ref, source }) => {
    const workload = source === null ? undefined : byPlace.get(placeKey(ref, source));
    return workload && { workload, view: bundle.viewFor(workload, surroundings) };
  };
}

function placeKey({ kind, name }: ObjectRef, source: SourcePosition | undefined): string {
  return JSON.stringify([kind, name, source?.file, source?.line, source?.column]);
}

/** The disk, with other texts in some files. */
function withTexts(texts: ReadonlyMap<string, FixedFile>): TreeFiles {
  const byReal = new Map([...texts.values()].map((fixed) => [fixed.real, fixed]));
  return {
    ...DISK_TREE,
    readFile: async (path) => {
      const fixed = texts.get(resolve(path)) ?? byReal.get(path);
      return fixed === undefined ? DISK_TREE.readFile(path) : encoded(fixed, fixed.fixed);
    },
  };
}

/** A way out that was asked for and is offered nowhere. */
function unusedNotes({ ids }: FixRequest, { findings }: Report): readonly ReportNote[] {
  const offered = new Set<FixId>(findings.flatMap(({ fixes }) => fixes.map(({ id }) => id)));
  return [...ids]
    .filter((id) => !offered.has(id))
    .map((id) => ({ source: null, message: `--fix=${id}: no finding has this fix` }));
}

function withNotes(report: Report, notes: readonly ReportNote[]): Report {
  return { ...report, notes: [...notes, ...report.notes] };
}

/** The diff alone on standard output; what is to be said goes to standard error, formats to their files. */
async function emitDiff(
  files: readonly FixedFile[],
  report: Report,
  options: CheckOptions,
  terminal: Terminal,
): Promise<number> {
  const onStdout = options.format.find(({ format, file }) => file === undefined && format !== "text");
  if (onStdout !== undefined) {
    throw new AttachguardError(
      "AG_ERR_USAGE",
      `--diff and ${onStdout.format} cannot both go to standard output: give the format a file, as in --format ${onStdout.format}=FILE`,
    );
  }
  const refused: ReportNote[] = [];
  for (const file of files) {
    const diff = unifiedDiff(file, report.inRepository);
    if (harmless(diff) === diff) await printCommands(terminal.stdout, diff);
    else refused.push({ source: { file: file.file, line: 1, column: 1 }, message: WOULD_ACT });
  }
  await print(
    terminal.stderr,
    renderProblems({ errors: [], notes: refused }, { colour: hasColour(terminal, terminal.stderr) }),
  );
  return emit(report, options, { ...terminal, stdout: terminal.stderr });
}

const WOULD_ACT =
  "its diff is not printed, since lines around the change would be taken for commands by a CI system: use --fix";
