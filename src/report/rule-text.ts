import { FIXES, type FixId } from "../policy/fixes.ts";
import type { ExplainedRule } from "../policy/rules/rule.ts";
import { painter } from "./paint.ts";
import { wrapped } from "./wrap.ts";

const WIDTH = 100;

/** All rules as a table for a terminal: id, severity, title. Ends with a newline. */
export function renderRules(rules: readonly ExplainedRule[], colour: boolean): string {
  const paint = painter(colour);
  const width = Math.max(...rules.map(({ id }) => id.length));
  const rows = rules.map(({ id, severity, title }) => {
    const label = paint(severity === "error" ? "red" : "yellow", severity.padEnd("warning".length));
    return `${paint("bold", id.padEnd(width))}  ${label}  ${title}\n`;
  });
  return `${rows.join("")}\n\`attachguard explain RULE\` says what a rule means and how to follow it.\n`;
}

/** The page of a rule for a terminal: what it means, why it happens, the ways out, examples. Ends with a newline. */
export function renderRule(rule: ExplainedRule, colour: boolean): string {
  const paint = painter(colour);
  const section = (title: string, body: string) => `${paint("bold", title)}\n${body}`;
  const blocks = [
    `${paint("bold", rule.id)}  ${paint(rule.severity === "error" ? "red" : "yellow", rule.severity)}\n${rule.title}`,
    section("When", paragraph(rule.when)),
    section("What it means", paragraph(rule.meaning)),
    section("Why it happens", paragraph(rule.cause)),
    section("How to fix it", waysOut(rule).join("\n")),
    section("Breaks the rule", block(rule.examples.fail)),
    section("Follows the rule", block(rule.examples.pass)),
    section("Sources", rule.sources.map((source) => `  - ${source}`).join("\n")),
  ];
  return `${blocks.join("\n\n")}\n`;
}

function waysOut(rule: ExplainedRule): readonly string[] {
  return rule.subject === "attachment"
    ? rule.ways.map((way) => paragraph(way, "  - "))
    : rule.fixes.map(fixText);
}

function fixText(id: FixId): string {
  const { summary, cost } = FIXES[id];
  return `${paragraph(summary, "  - ")}\n${paragraph(`Cost: ${cost}.`, "    ")}`;
}

function block(text: string): string {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => (line === "" ? "" : `    ${line}`))
    .join("\n");
}

function paragraph(text: string, lead = "  "): string {
  return wrapped(text, lead, WIDTH).join("\n");
}
