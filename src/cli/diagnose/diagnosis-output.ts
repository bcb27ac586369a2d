import type { DiagnosisDocument } from "../../diagnose/diagnosis.ts";
import { renderJson } from "../../diagnose/formats/json.ts";
import { renderMarkdown } from "../../diagnose/formats/markdown.ts";
import type { Circumstances } from "../../diagnose/formats/phrasing.ts";
import { renderText } from "../../diagnose/formats/text.ts";
import { version } from "../../version.ts";
import { type Output, routed, writeOutput } from "../outputs.ts";
import { hasColour, print, type Terminal, widthOf } from "../terminal.ts";

export const DIAGNOSIS_FORMATS = ["text", "json", "markdown"] as const;
export type DiagnosisFormat = (typeof DIAGNOSIS_FORMATS)[number];

/** The width for a file, or for a pipe without one. */
const PLAIN = { colour: false, width: 80 } as const;

/**
 * Prints a diagnosis in every format that was asked for: at most one to standard output, the others to files. The text
 * is for people, and goes to standard error where another format has standard output.
 *
 * @throws AttachguardError AG_ERR_USAGE where two formats go to standard output, AG_ERR_INPUT where a file cannot be
 * written
 */
export async function emitDiagnosis(
  document: DiagnosisDocument,
  circumstances: Circumstances,
  asked: readonly Output<DiagnosisFormat>[],
  terminal: Terminal,
): Promise<void> {
  const { outputs, onStdout } = routed(asked);
  const people = onStdout === undefined ? terminal.stdout : terminal.stderr;
  const layout = { colour: hasColour(terminal, people), width: Math.min(widthOf(people), MOST_COLUMNS) };
  await print(people, renderText(document, circumstances, layout));
  for (const { format, file } of outputs) {
    const text = rendered(format, document, circumstances);
    if (file === undefined) await print(terminal.stdout, text);
    else await writeOutput(file, text);
  }
}

/** Longer lines are hard to read. */
const MOST_COLUMNS = 100;

function rendered(
  format: DiagnosisFormat,
  document: DiagnosisDocument,
  circumstances: Circumstances,
): string {
  switch (format) {
    case "json":
      return renderJson(document);
    case "markdown":
      return renderMarkdown(document, circumstances);
    case "text":
      return renderText(document, circumstances, PLAIN);
  }
}

/** The JSON object for a run that failed as a whole: nothing was read, and why. */
export function failedDiagnosis(message: string, now: Date): string {
  const nothing: DiagnosisDocument = {
    schemaVersion: 2,
    kind: "Diagnosis",
    toolVersion: version(),
    facts: { source: "live", time: now.toISOString(), context: null, clusterUid: null, read: [] },
    diagnoses: [],
    attachments: [],
    findings: [],
    errors: [{ file: null, message }],
    summary: { healthy: 0, clearing: 0, stuck: 0, endangered: 0, unknown: 0 },
  };
  return renderJson(nothing);
}
