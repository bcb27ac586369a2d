import { nearest } from "../config/nearest.ts";
import { AttachguardError } from "../errors.ts";
import { EXPLAINED_RULES } from "../policy/rules/index.ts";
import { renderRule, renderRules } from "../report/rule-text.ts";
import { hasColour, print, type Terminal } from "./terminal.ts";

/**
 * Prints the page of a rule, or the table of all rules where none is named.
 *
 * @throws AttachguardError AG_ERR_USAGE for a rule that does not exist, with the nearest name.
 */
export async function explain(id: string | undefined, terminal: Terminal): Promise<number> {
  const colour = hasColour(terminal, terminal.stdout);
  if (id === undefined) {
    await print(terminal.stdout, renderRules(EXPLAINED_RULES, colour));
    return 0;
  }
  const rule = EXPLAINED_RULES.find((known) => known.id === id);
  if (rule === undefined) throw unknownRule(id);
  await print(terminal.stdout, renderRule(rule, colour));
  return 0;
}

function unknownRule(id: string): AttachguardError {
  const guess = nearest(
    id,
    EXPLAINED_RULES.map((rule) => rule.id),
  );
  const hint = guess === undefined ? "" : ` Did you mean ${guess}?`;
  return new AttachguardError(
    "AG_ERR_USAGE",
    `there is no rule '${id}'.${hint} \`attachguard explain\` lists all rules`,
  );
}
