import type { FixTarget } from "../policy/fixes.ts";
import type { SourcePosition } from "../policy/model.ts";
import { nameOf } from "../policy/phrasing.ts";
import { knownValue } from "../policy/view.ts";
import { noneStored, stepsOf } from "../report/commands.ts";
import { composed } from "../report/merge-patch.ts";
import type { Report, ReportedFinding, ReportNote } from "../report/report.ts";
import type { Choice } from "./choices.ts";
import { editObjects } from "./edit-object.ts";
import type { FixableFile, FixableFiles } from "./fixable-files.ts";

/** A file with its new text. */
export interface FixedFile extends FixableFile {
  readonly fixed: string;
}

export interface FixRun {
  /** What is to be written; nothing has been written yet. */
  readonly files: readonly FixedFile[];
  /** What was done, what was not, and why. */
  readonly notes: readonly ReportNote[];
  /** What is found with these files written; `undefined` where there are none. */
  readonly report: Report | undefined;
}

/** Judges everything again, with these texts in place of the files', by absolute path. */
export type JudgeAgain = (texts: ReadonlyMap<string, FixedFile>) => Promise<Report>;

export interface FixMeans {
  /** Ids that the caller has named: for these it is enough that an error has become a warning. */
  readonly asked: ReadonlySet<string>;
  readonly files: FixableFiles;
  readonly judgeAgain: JudgeAgain;
  /** The note on a workload whose fixes are kept. */
  readonly verb: "fixed" | "would be fixed";
}

/**
 * Writes ways out into texts, and judges everything again with them: a workload's are kept where the findings they are
 * to fix are gone, and nothing new is found. What is not safe is left out, with the reason and the patch.
 *
 * @param before what was found
 */
export async function fixFiles(
  choices: readonly Choice[],
  before: Report,
  { asked, files, judgeAgain, verb }: FixMeans,
): Promise<FixRun> {
  const notes: ReportNote[] = [];
  let kept: readonly Choice[] = choices;
  // Each round leaves at least one of them out.
  while (kept.length > 0) {
    const edit = await editsOf(kept, files);
    const refused = kept.filter((choice) => edit.refused.has(choice));
    if (refused.length === 0) {
      if (edit.texts.size === 0) break;
      const after = await judgeAgain(edit.texts);
      const failed = failedOf(kept, before, after, asked);
      if (failed.size === 0) {
        notes.push(...kept.map((choice) => doneNote(choice, after, verb)));
        return { files: [...edit.texts.values()], notes, report: after };
      }
      for (const [choice, why] of failed) notes.push(...leftNotes(choice, why));
      kept = kept.filter((choice) => !failed.has(choice));
      continue;
    }
    for (const choice of refused) notes.push(...leftNotes(choice, edit.refused.get(choice) ?? ""));
    kept = kept.filter((choice) => !edit.refused.has(choice));
  }
  return { files: [], notes, report: undefined };
}

interface Edits {
  /** By absolute path. */
  readonly texts: ReadonlyMap<string, FixedFile>;
  readonly refused: ReadonlyMap<Choice, string>;
}

interface PatchAt {
  readonly at: SourcePosition;
  patch: FixTarget["patch"];
  readonly choices: Choice[];
}

async function editsOf(choices: readonly Choice[], files: FixableFiles): Promise<Edits> {
  const refused = new Map<Choice, string>();
  const byFile = new Map<string, { readonly file: FixableFile; readonly patches: Map<string, PatchAt> }>();
  for (const choice of choices) {
    for (const target of choice.fixes.flatMap(({ targets }) => targets)) {
      const at = placeOf(target, choice);
      if (at === undefined) {
        refused.set(choice, `${nameOf(target.object)} is in none of the files`);
        continue;
      }
      const file = await files.open(at.file);
      if ("why" in file) {
        refused.set(choice, file.why);
        continue;
      }
      const { patches } = byFile.get(file.path) ?? { patches: new Map<string, PatchAt>() };
      byFile.set(file.path, { file, patches });
      const key = `${at.line}:${at.column}`;
      const known = patches.get(key);
      if (known === undefined) patches.set(key, { at, patch: target.patch, choices: [choice] });
      else {
        known.patch = composed(known.patch, target.patch);
        known.choices.push(choice);
      }
    }
  }
  const texts = new Map<string, FixedFile>();
  for (const { file, patches } of byFile.values()) {
    const edits = [...patches.values()].toSorted(backwards);
    const edited = editObjects(file.text, edits);
    for (const [at, why] of edited.refused.entries()) {
      if (why !== undefined) for (const choice of edits[at]?.choices ?? []) refused.set(choice, why);
    }
    if (edited.text !== file.text) texts.set(file.path, { ...file, fixed: edited.text });
  }
  return { texts, refused };
}

function backwards(a: PatchAt, b: PatchAt): number {
  return b.at.line - a.at.line || b.at.column - a.at.column;
}

function placeOf({ object }: FixTarget, { workload, view }: Choice): SourcePosition | undefined {
  if (object.kind === workload.kind && object.name === workload.name) return workload.source;
  const autoscalers = knownValue(view.autoscalersOf(workload)) ?? [];
  return autoscalers.find(({ kind, name }) => kind === object.kind && name === object.name)?.source;
}

function failedOf(
  choices: readonly Choice[],
  before: Report,
  after: Report,
  asked: ReadonlySet<string>,
): ReadonlyMap<Choice, string> {
  const failed = new Map<Choice, string>();
  if (after.errors.length > before.errors.length) {
    for (const choice of choices) failed.set(choice, "with it the files can no longer be read");
    return failed;
  }
  const left = Map.groupBy(after.findings, keyOf);
  for (const choice of choices) {
    const mayStay = choice.fixes.some(({ id }) => asked.has(id));
    const stays = choice.findings.find((finding) =>
      (left.get(keyOf(finding)) ?? []).some(
        ({ severity }) => !(mayStay && severity === "warning" && finding.severity === "error"),
      ),
    );
    if (stays !== undefined) failed.set(choice, `${stays.rule} would still be found`);
  }
  const known = new Map(before.findings.map((finding) => [keyOf(finding), finding]));
  for (const finding of after.findings) {
    const old = known.get(keyOf(finding));
    if (old !== undefined && !(finding.severity === "error" && old.severity === "warning")) continue;
    const own = choices.filter(({ workload }) => isAbout(finding, workload));
    for (const choice of own.length > 0 ? own : choices) {
      failed.set(choice, `${finding.rule} of ${nameOf(finding.workload)} would result from it`);
    }
  }
  return failed;
}

function keyOf({ rule, workload: { kind, namespace, name }, source }: ReportedFinding): string {
  return JSON.stringify([rule, kind, namespace, name, source?.file]);
}

function isAbout({ workload }: ReportedFinding, { kind, name }: { kind: string; name: string }): boolean {
  return workload.kind === kind && workload.name === name;
}

function doneNote({ workload, fixes, findings }: Choice, after: Report, verb: FixMeans["verb"]): ReportNote {
  const left = new Set(after.findings.map(keyOf));
  const softened = findings.some((finding) => left.has(keyOf(finding)));
  const rest = softened ? " (a warning remains)" : "";
  return {
    source: workload.source ?? null,
    message: `${nameOf(workload)}: ${verb} by ${fixes.map(({ id }) => id).join(" and ")}${rest}${twoSteps(fixes)}`,
  };
}

/** Applying both at once stops the controller where a rollout is unfinished (semantics S50). */
function twoSteps(fixes: Choice["fixes"]): string {
  const targets = fixes.flatMap((fix) => fix.targets).filter(({ object }) => object.kind === "Deployment");
  const sets = (field: string) => targets.some(({ patch }) => Object.hasOwn(patch.spec ?? {}, field));
  return sets("replicas") && sets("strategy")
    ? "; where it runs already, apply the number of replicas first and the strategy afterwards: both at once stop its controller while a rollout is unfinished"
    : "";
}

function leftNotes({ workload, fixes }: Choice, why: string): readonly ReportNote[] {
  return fixes.map((fix) => {
    const steps = stepsOf(fix, { isStored: noneStored }, { workload, cluster: null })
      .filter(({ precaution }) => precaution !== true)
      .map(({ where, what }) => `${where}: ${what}`);
    const patch = steps.length === 0 ? "" : `; ${steps.join("; ")}`;
    return {
      source: workload.source ?? null,
      message: `${nameOf(workload)}: ${fix.id} was not written, since ${why}${patch}`,
    };
  });
}
