import { AttachguardError } from "../errors.ts";
import type { Finding } from "../policy/finding.ts";
import { EXPLAINED_RULES } from "../policy/rules/index.ts";
import { noneStored } from "../report/commands.ts";
import { renderProblems } from "../report/formats/text.ts";
import { FORMATS, type Format, rendererOf } from "../report/formats.ts";
import { harmless } from "../report/harmless.ts";
import { explainFinding } from "../report/message.ts";
import { exitCodeOf, type FailOn, type RenderOptions } from "../report/report.ts";
import { renderRule } from "../report/rule-text.ts";
import { inFull, type Report } from "./report.ts";

/**
 * A report in one of the formats of the command line. Nothing in it can start a command of a CI system, except where
 * the format is meant to (`github`).
 *
 * @param options by default without colour, 80 columns wide, failing on errors
 * @throws AttachguardError AG_ERR_USAGE where there is no such format
 */
export async function render(
  report: Report,
  format: Format,
  options: Partial<RenderOptions> = {},
): Promise<string> {
  if (!FORMATS.includes(format)) {
    throw new AttachguardError(
      "AG_ERR_USAGE",
      `there is no format ${JSON.stringify(format)}: expected one of ${FORMATS.join(", ")}`,
    );
  }
  const renderer = await rendererOf(format);
  const all: RenderOptions = {
    colour: false,
    width: 80,
    failOn: "error",
    includeExempted: false,
    detail: "full",
    all: false,
    ...options,
  };
  const full = inFull(report);
  const problems = format === "text" ? renderProblems(full, all) : "";
  const text = problems + renderer.render(full, all);
  return renderer.holdsCommands ? text : harmless(text);
}

/**
 * A finding in full, as in a denial: what will go wrong, why, and the fixes with their costs and patches.
 *
 * @param docsUrl where the pages of the rules are published, ending in a slash
 */
export function explain(
  finding: Finding,
  { docsUrl = null }: { readonly docsUrl?: string | null } = {},
): string {
  return harmless(explainFinding(finding, { docsUrl, isStored: noneStored }));
}

/**
 * The text of a rule, as `attachguard explain RULE` prints it.
 *
 * @throws AttachguardError AG_ERR_USAGE where there is no such rule
 */
export function explainRule(id: string): string {
  const rule = EXPLAINED_RULES.find((known) => known.id === id);
  if (rule === undefined) {
    throw new AttachguardError("AG_ERR_USAGE", `there is no rule ${JSON.stringify(id)}`);
  }
  return renderRule(rule, false);
}

/** 2 where something could not be read, 1 where a finding that counts is at or above `failOn`, else 0. */
export function exitCode(report: Report, failOn: FailOn = "error"): 0 | 1 | 2 {
  return exitCodeOf(inFull(report), failOn);
}
