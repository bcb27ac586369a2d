import { code, plain } from "../../report/markup.ts";
import type { DiagnosisDocument, Step, SubjectDiagnosis } from "../diagnosis.ts";
import {
  type Circumstances,
  clearsText,
  conditionText,
  factsText,
  furtherEvidence,
  holderText,
  isCommand,
  notTo,
  questionText,
  subjectText,
  summaryText,
  unreadLines,
} from "./phrasing.ts";

/** The answer for a ticket: the same sections as on a terminal, with everything that they leave out there. */
export function renderMarkdown(document: DiagnosisDocument, circumstances: Circumstances): string {
  const parts = [
    ...document.diagnoses.map((diagnosis) => subjectPart(diagnosis, document)),
    ...(document.findings.length === 0
      ? []
      : [
          `#### Attachments\n\n${document.findings
            .map(({ severity, warning }) => `- **${severity}** ${plain(warning)}`)
            .join("\n")}`,
        ]),
    [
      ...document.errors.map(
        ({ file, message }) => `- **error** ${file === null ? "" : `${code(file)}: `}${plain(message)}`,
      ),
      `- ${plain(summaryText(document))}`,
      `- ${plain(factsText(document, circumstances))}`,
      ...unreadLines(document).map((line) => `- ${plain(line)}`),
      `- attachguard ${plain(document.toolVersion)}`,
    ].join("\n"),
  ];
  return `${parts.join("\n\n")}\n`;
}

function subjectPart(diagnosis: SubjectDiagnosis, document: DiagnosisDocument): string {
  const { state, subject, cause, since, waiting, holders, questions, steps, avoid, verify, prevention } =
    diagnosis;
  const section = (title: string, lines: readonly string[]) =>
    lines.length === 0 ? [] : [`#### ${title}`, lines.join("\n")];
  return [
    `### ${state.toUpperCase()}: ${plain(subjectText(subject))} (${plain(cause.id)}${cause.detail === null ? "" : `, ${plain(cause.detail)}`})`,
    plain(cause.text) + (since === null ? "" : ` Since ${since}.`),
    ...section(
      "Waits",
      waiting.map(
        ({ namespace, pod, node }) =>
          `- ${code(`${namespace}/${pod}`)} ${node === null ? "has no node" : `on ${code(node)}`}`,
      ),
    ),
    ...section("Who holds it", [
      ...holders.map((holder) => `- ${plain(holderText(holder, document))}`),
      ...furtherEvidence(diagnosis).map((line) => `- ${plain(line)}`),
    ]),
    ...section("Will it clear by itself", [
      `- ${plain(clearsText(diagnosis))}`,
      ...questions.map((question) => `- **Question**: ${plain(questionText(question))}`),
    ]),
    ...section("What to type", [
      ...steps.map((step, index) => stepPart(step, index + 1, diagnosis)),
      ...avoid.map(({ id, why }) => `- **Do not** ${plain(notTo(id))}: ${plain(why)}.`),
    ]),
    ...section(
      "How to see that it worked",
      verify.map((line) => `- ${isCommand(line) ? code(line) : plain(line)}`),
    ),
    ...section(
      "How to prevent it",
      prevention.map(
        ({ rule, summary, cost }) => `- ${code(rule)}: ${plain(summary)}. Cost: ${plain(cost)}.`,
      ),
    ),
  ].join("\n\n");
}

function stepPart(
  { text, commands, behind, cost, danger }: Step,
  number: number,
  { questions }: SubjectDiagnosis,
): string {
  const risk = danger === null ? "" : ` **Danger**: ${plain(danger)}.`;
  return [
    `${number}. ${plain(text)} Cost: ${plain(cost)}.${risk}`,
    ...(commands.length === 0 ? [] : behind.map((id) => `   - ${plain(conditionText(id, questions))}`)),
    ...commands.map((command) => `   - ${code(command)}`),
  ].join("\n");
}
