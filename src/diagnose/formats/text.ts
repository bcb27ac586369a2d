import { type Painter, painter } from "../../report/paint.ts";
import { visible } from "../../report/visible.ts";
import { wrapped } from "../../report/wrap.ts";
import type { DiagnosisDocument, Step, SubjectDiagnosis, SubjectState } from "../diagnosis.ts";
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

export interface TextLayout {
  readonly colour: boolean;
  /** Columns; commands are never broken, since they are pasted. */
  readonly width: number;
}

const COLOURS: Readonly<Record<SubjectState, Parameters<Painter>[0]>> = {
  healthy: "green",
  clearing: "yellow",
  stuck: "red",
  endangered: "red",
  unknown: "yellow",
};

const WORST_FIRST: readonly SubjectState[] = ["endangered", "stuck", "unknown", "clearing", "healthy"];

/** Up to this many subjects are shown in full; beyond that the worst one, and the others in one line each. */
const TOLD_IN_FULL = 3;

/** More than these do not help at three in the morning; JSON has all. */
const MOST_EVIDENCE = 5;
const MOST_HOLDERS = 4;

/**
 * The answer for a terminal, in the order in which it is needed: what is stuck, who holds the volume, will it clear by
 * itself, what to type, how to see that it worked, how to prevent it. Ends with a newline.
 */
export function renderText(
  document: DiagnosisDocument,
  circumstances: Circumstances,
  layout: TextLayout,
): string {
  const paint = painter(layout.colour);
  const told = document.diagnoses.toSorted(
    (a, b) => WORST_FIRST.indexOf(a.state) - WORST_FIRST.indexOf(b.state),
  );
  const full = told.length > TOLD_IN_FULL + 1 ? told.slice(0, TOLD_IN_FULL) : told;
  const blocks = [
    ...(told.length > 1 ? [overview(told, paint, layout)] : []),
    ...full.map((diagnosis) => screen(diagnosis, document, paint, layout)),
    ...(full.length < told.length
      ? [
          sentence(
            `${told.length - full.length} more are listed above; attachguard diagnose KIND/NAME -n NS shows one in full.`,
            "",
            layout,
          ).join("\n"),
        ]
      : []),
    ...attachmentBlock(document, paint, layout),
    closing(document, circumstances, paint, layout),
  ];
  return `${blocks.join("\n\n")}\n`;
}

function sentence(text: string, lead: string, { width }: TextLayout): readonly string[] {
  return wrapped(visible(text), lead, width);
}

function overview(told: readonly SubjectDiagnosis[], paint: Painter, layout: TextLayout): string {
  const lines = told.flatMap((diagnosis) => {
    const { state, subject, cause } = diagnosis;
    const label = state.toUpperCase().padEnd(11);
    const [first = "", ...rest] = sentence(`${subjectText(subject)}: ${causeName(cause)}`, label, layout);
    return [paint(COLOURS[state], label) + first.slice(label.length), ...rest];
  });
  return lines.join("\n");
}

function causeName({ id, detail }: SubjectDiagnosis["cause"]): string {
  return detail === null ? id : `${id} (${detail})`;
}

function screen(
  diagnosis: SubjectDiagnosis,
  document: DiagnosisDocument,
  paint: Painter,
  layout: TextLayout,
): string {
  const { state, subject, cause, since, waiting } = diagnosis;
  const label = state.toUpperCase();
  const [first = "", ...rest] = sentence(
    state === "healthy" ? subjectText(subject) : `${subjectText(subject)}: ${causeName(cause)}`,
    `${label}  `,
    layout,
  );
  const lines = [
    paint(COLOURS[state], label) + first.slice(label.length),
    ...rest,
    ...sentence(cause.text, "  ", layout),
    ...waitingLines(waiting, since, layout),
  ];
  const section = (title: string, body: readonly string[]) =>
    body.length === 0 ? [] : ["", paint("bold", title), ...body];
  return [
    ...lines,
    ...section(
      cause.volume || state === "healthy" ? "Who holds it" : "The volume",
      holderLines(diagnosis, document, layout),
    ),
    ...(state === "healthy" ? [] : section("Will it clear by itself", clearsLines(diagnosis, layout))),
    ...section("What to type", stepLines(diagnosis, paint, layout)),
    ...section("How to see that it worked", verifyLines(diagnosis, layout)),
    ...section(preventionTitle(diagnosis), preventionLines(diagnosis, layout)),
  ].join("\n");
}

function waitingLines(
  waiting: SubjectDiagnosis["waiting"],
  since: string | null,
  layout: TextLayout,
): readonly string[] {
  if (waiting.length === 0) return since === null ? [] : [`  Since ${since}.`];
  return sentence(`Waits: ${waitingText(waiting)}${since === null ? "" : `, since ${since}`}.`, "  ", layout);
}

function waitingText(waiting: SubjectDiagnosis["waiting"]): string {
  const shown = waiting
    .slice(0, MOST_HOLDERS)
    .map(({ pod, node }) => (node === null ? `${pod}, on no node yet` : `${pod} on ${node}`));
  const more = waiting.length - shown.length;
  return `${shown.join("; ")}${more > 0 ? `; and ${more} more` : ""}`;
}

function holderLines(
  diagnosis: SubjectDiagnosis,
  document: DiagnosisDocument,
  layout: TextLayout,
): readonly string[] {
  const { holders, cause, state } = diagnosis;
  const evidence = furtherEvidence(diagnosis);
  const shown = holders.slice(0, MOST_HOLDERS);
  const more = holders.length - shown.length;
  const nobody = cause.volume && state !== "healthy" && holders.length === 0;
  return [
    ...shown.flatMap((holder) => sentence(`${holderText(holder, document)}.`, "  ", layout)),
    ...(more > 0 ? [`  and ${more} more (--format json has all)`] : []),
    ...(nobody
      ? [cause.id === "claim-not-usable" ? "  Nobody: there is no volume." : "  Nobody that can be seen."]
      : []),
    ...evidence.slice(0, MOST_EVIDENCE).flatMap((line) => sentence(line, "  - ", layout)),
    ...(evidence.length > MOST_EVIDENCE
      ? [`  - and ${evidence.length - MOST_EVIDENCE} more facts (--format json has all)`]
      : []),
  ];
}

function clearsLines(diagnosis: SubjectDiagnosis, layout: TextLayout): readonly string[] {
  const { questions } = diagnosis;
  return [
    ...sentence(clearsText(diagnosis), "  ", layout),
    ...questions.flatMap((question) => sentence(questionText(question), "  ? ", layout)),
  ];
}

function stepLines(diagnosis: SubjectDiagnosis, paint: Painter, layout: TextLayout): readonly string[] {
  const { steps, avoid } = diagnosis;
  return [
    ...steps.flatMap((step, index) => oneStep(step, index + 1, diagnosis, paint, layout)),
    ...avoid.flatMap(({ id, why }) => {
      const lead = "  Do not ";
      const [first = "", ...rest] = sentence(`${notTo(id)}: ${why}.`, lead, layout);
      return [`  ${paint("red", "Do not")} ${first.slice(lead.length)}`, ...rest];
    }),
  ];
}

function oneStep(
  { text, commands, behind, cost, danger }: Step,
  number: number,
  { questions }: SubjectDiagnosis,
  paint: Painter,
  layout: TextLayout,
): readonly string[] {
  const lead = `  ${number}. `;
  const indent = " ".repeat(lead.length);
  const price = cost === "nothing" ? "" : ` Cost: ${cost}.`;
  const risk = danger === null ? "" : ` Danger: ${danger}.`;
  return [
    ...sentence(`${text}${price}${risk}`, lead, layout),
    ...(commands.length === 0
      ? []
      : behind.flatMap((id) => sentence(conditionText(id, questions), indent, layout))),
    ...commands.map((command) => `${indent}  ${paint("cyan", visible(command))}`),
  ];
}

function verifyLines({ verify, steps }: SubjectDiagnosis, layout: TextLayout): readonly string[] {
  if (steps.length === 0) return [];
  // What is typed to wait shows it as well: once is enough.
  const typed = new Set(steps.flatMap(({ commands }) => commands));
  return verify
    .filter((line) => !typed.has(line))
    .flatMap((line) => (isCommand(line) ? [`    ${visible(line)}`] : sentence(line, "  ", layout)));
}

function preventionTitle({ state, cause }: SubjectDiagnosis): string {
  if (state === "healthy") return "Healthy now, but";
  return cause.volume ? "How to prevent it" : "What else can go wrong";
}

/** What can go wrong is said where it has not; where it has, it stands above. */
function preventionLines({ prevention, cause }: SubjectDiagnosis, layout: TextLayout): readonly string[] {
  const byFinding = Map.groupBy(prevention, ({ rule, finding }) => `${rule}: ${finding}`);
  return [...byFinding.values()].flatMap(([first, ...others]) => {
    if (first === undefined) return [];
    const { rule, finding, summary, cost } = first;
    const more = others.length === 0 ? "" : ` Or ${others.map(({ id }) => id).join(", ")}.`;
    const fix = `${summary}. Cost: ${cost}.${more}`;
    const lead = `attachguard explain ${rule}:`;
    return cause.volume
      ? sentence(`${lead} ${fix}`, "  - ", layout)
      : [...sentence(`${lead} ${finding}`, "  - ", layout), ...sentence(fix, "    ", layout)];
  });
}

function attachmentBlock(
  { findings, diagnoses }: DiagnosisDocument,
  paint: Painter,
  layout: TextLayout,
): readonly string[] {
  if (findings.length === 0) return [];
  const told = diagnoses.length === 1 ? (diagnoses[0]?.cause.text ?? "") : "";
  const lines = findings.flatMap(({ rule, severity, warning, attachment, evidence }) => {
    const label = `  ${severity === "error" ? "ERROR" : "WARNING"}  `;
    const isTold =
      told.includes(evidence[0] ?? warning) || told.includes(`${attachment.name} on ${attachment.node} is`);
    const [first = "", ...rest] = sentence(
      isTold && severity === "warning" ? `${rule}, as said above` : warning,
      label,
      layout,
    );
    return [paint(severity === "error" ? "red" : "yellow", label) + first.slice(label.length), ...rest];
  });
  return [[paint("bold", "Attachments"), ...new Set(lines)].join("\n")];
}

function closing(
  document: DiagnosisDocument,
  circumstances: Circumstances,
  paint: Painter,
  layout: TextLayout,
): string {
  const { kubeconfig } = circumstances;
  const lines = [
    ...document.errors.flatMap(({ file, message }) =>
      sentence(`${file === null ? "" : `${file}: `}${message}`, "error: ", layout),
    ),
    ...(document.diagnoses.length === 1 && document.errors.length === 0 ? [] : [summaryText(document)]),
    ...sentence(factsText(document, circumstances), "", layout).map((line) => paint("dim", line)),
    ...(kubeconfig === null || document.facts.source !== "live"
      ? []
      : sentence(`The commands need KUBECONFIG=${kubeconfig} too.`, "", layout)),
    ...unreadLines(document).flatMap((line) => sentence(line, "", layout)),
  ];
  return lines.join("\n");
}
