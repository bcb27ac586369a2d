import { visible } from "../../report/visible.ts";
import { wrapped } from "../../report/wrap.ts";
import type { Runbook } from "./runbook.ts";

/** A runbook for people. Commands are never wrapped: they are there to be copied, after they have been read. */
export function runbookText(
  { title, intro, subject, refused, questions, steps }: Runbook,
  width: number,
): string {
  const lines = [
    subject === null ? title : `${title}: ${visible(subject)}`,
    "",
    ...wrapped(intro, "  ", width),
  ];
  if (refused !== null) lines.push("", ...wrapped(visible(refused), "  ", width));
  lines.push("", "Before you begin");
  for (const question of questions) lines.push(...wrapped(visible(question), "  ? ", width));
  for (const [at, step] of steps.entries()) {
    lines.push(
      "",
      ...wrapped(step.title, `${at + 1}. `, width),
      ...wrapped(visible(step.text), "   ", width),
    );
    for (const command of step.commands) lines.push(`     ${visible(command)}`);
    lines.push(...wrapped(`It worked when: ${visible(step.worked)}`, "   ", width));
    const back = `To go back: ${visible(step.back)}`;
    lines.push(...(/\bkubectl /.test(back) ? [`   ${back}`] : wrapped(back, "   ", width)));
  }
  return `${lines.join("\n")}\n`;
}
