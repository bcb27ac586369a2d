import { exitCodeOf } from "../../diagnose/diagnose.ts";
import type { DiagnosisDocument } from "../../diagnose/diagnosis.ts";
import type { Facts, Sighting } from "../../diagnose/facts.ts";
import { summaryText } from "../../diagnose/formats/phrasing.ts";
import type { RawReading } from "../../diagnose/project.ts";
import { AttachguardError, messageOf } from "../../errors.ts";
import { print, type Terminal } from "../terminal.ts";

/** A look that has been judged. */
export interface Told {
  readonly document: DiagnosisDocument;
  readonly code: 0 | 1 | 2;
  readonly sightings: readonly Sighting[];
  readonly readings: readonly RawReading[];
  readonly facts: Facts;
}

export interface Watching {
  /** Looks again, given what earlier looks have seen. */
  readonly look: (
    sightings: ReadonlyMap<string, Sighting>,
    dangers: ReadonlySet<string> | undefined,
  ) => Promise<Told & { readonly dangers: ReadonlySet<string> }>;
  readonly show: (document: DiagnosisDocument, facts: Facts) => Promise<void>;
  readonly terminal: Terminal;
  readonly wait: (milliseconds: number) => Promise<void>;
}

/** Between two looks. */
const EVERY = 10_000;
/** Looks without a change after which a line says that there was none: one minute. */
const QUIET_LOOKS = 6;
/** How many looks in a row may fail: the API server may be restarting. */
const MOST_FAILURES = 12;

/**
 * Looks until everything that was asked about is healthy: a new screen when the answer changes, one line per minute
 * otherwise. Also ends where the subject is gone or can no longer be read.
 *
 * @throws AttachguardError AG_ERR_API_SERVER where the API server stays away for two minutes
 */
export async function watchDiagnosis({ look, show, terminal, wait }: Watching): Promise<Told> {
  const sightings = new Map<string, Sighting>();
  let dangers: ReadonlySet<string> | undefined;
  let shown: string | undefined;
  let quiet = 0;
  let failures = 0;
  for (;;) {
    const told = await look(sightings, dangers).catch((thrown: unknown) => {
      failures += 1;
      if (!isPassing(thrown) || shown === undefined || failures > MOST_FAILURES) throw thrown;
      return messageOf(thrown);
    });
    if (typeof told === "string") {
      await print(terminal.stderr, `${told}; trying again\n`);
    } else {
      failures = 0;
      dangers = told.dangers;
      // What has left that state must be seen twice again.
      sightings.clear();
      for (const sighting of told.sightings) sightings.set(sighting.uid, sighting);
      const answer = answerOf(told.document);
      if (answer !== shown) {
        shown = answer;
        quiet = 0;
        await show(told.document, told.facts);
      } else {
        quiet += 1;
        if (quiet % QUIET_LOOKS === 0)
          await print(
            terminal.stdout,
            `${told.document.facts.time}  no change. ${summaryText(told.document)}\n`,
          );
      }
      if (isOver(told)) return told;
    }
    await wait(EVERY);
  }
}

/** The watch waits for what is clearing: it ends only where nothing is left to clear, or nothing can be seen. */
function isOver({ document }: Told): boolean {
  const { clearing, stuck, endangered, unknown } = document.summary;
  return exitCodeOf(document) === 2 || clearing + stuck + endangered + unknown === 0;
}

function isPassing(thrown: unknown): boolean {
  return thrown instanceof AttachguardError && thrown.code === "AG_ERR_API_SERVER";
}

/** What makes a new screen: not the time, nor how long it will take. */
function answerOf({ diagnoses, findings, errors, facts }: DiagnosisDocument): string {
  const told = diagnoses.map(({ subject, state, cause, waiting, holders, questions, steps }) => [
    subject,
    state,
    cause.id,
    cause.detail,
    waiting,
    holders,
    questions.map(({ id }) => id),
    steps.map(({ id, behind }) => [id, behind]),
  ]);
  const found = findings.map(({ rule, severity, attachment }) => [rule, severity, attachment]);
  return JSON.stringify([
    told,
    found,
    errors,
    facts.read.map(({ kind, namespace, state }) => [kind, namespace, state]),
  ]);
}
