import { RUNBOOKS, type Runbook } from "../src/diagnose/runbooks/runbook.ts";
import { RUNBOOK_SOURCES } from "../src/diagnose/runbooks/runbooks.ts";

/** A page for each runbook, as `attachguard runbook` prints it without names, by path below `docs/`. */
export function runbookPages(): Readonly<Record<string, string>> {
  const pages = RUNBOOKS.map((id) => RUNBOOK_SOURCES[id].page);
  return {
    "runbooks/README.md": overview(pages),
    ...Object.fromEntries(pages.map((page) => [`runbooks/${page.id}.md`, pageOf(page)])),
  };
}

function overview(pages: readonly Runbook[]): string {
  const rows = pages.map(({ id, title, intro }) => `| [${id}](${id}.md) | ${title} | ${intro} |`);
  return `# Runbooks

\`attachguard runbook RUNBOOK NAME -n NS\` prints the steps with the names of one object filled in, from the cluster or (\`--from\`) from files or a dump. Nothing is executed. Every command that changes something identifies its object by uid or by its previous state, or follows a command that shows it first. Where a name or number would have to be guessed, the page is printed without commands, with the reason and exit code 1.

| runbook | what it does | for whom, and what it costs |
|---|---|---|
${rows.join("\n")}
`;
}

function pageOf({ title, intro, id, questions, steps }: Runbook): string {
  const parts = [
    `# ${title}`,
    intro,
    `\`attachguard runbook ${id} NAME -n NS\` prints this for one object.`,
    `## Before you begin\n\n${questions.map((question) => `- ${question}`).join("\n")}`,
    ...steps.map(
      (step, at) =>
        `## ${at + 1}. ${step.title}\n\n${step.text}\n\n- **It worked when:** ${step.worked}\n- **To go back:** ${step.back}`,
    ),
  ];
  return `${parts.join("\n\n")}\n`;
}
