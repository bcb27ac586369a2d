import { FIXES, type FixId } from "../src/policy/fixes.ts";
import { EXPLAINED_RULES } from "../src/policy/rules/index.ts";
import type { ExplainedRule } from "../src/policy/rules/rule.ts";

const HEAD = "<!-- Generated from src/policy/rules by docs/generate.ts; do not edit. -->";

/** One page a rule and an index, by their path below docs/. */
export function rulePages(): Readonly<Record<string, string>> {
  return Object.fromEntries([
    ["rules/README.md", indexPage()],
    ...EXPLAINED_RULES.map((rule) => [`rules/${rule.id}.md`, rulePage(rule)]),
  ]);
}

function indexPage(): string {
  const rows = EXPLAINED_RULES.map(
    ({ id, severity, title }) => `| [${id}](${id}.md) | ${severity} | ${title} |`,
  );
  return `${HEAD}

# Rules

The severity is the highest that a rule gives; its page says when it is lower. \`attachguard explain RULE\` prints the same pages.

| rule | severity | what is wrong |
|---|---|---|
${rows.join("\n")}
`;
}

function rulePage(rule: ExplainedRule): string {
  return `${HEAD}

# ${rule.title}

Rule \`${rule.id}\`, severity ${rule.severity}, judges ${SUBJECTS[rule.subject]}.

${rule.when}

## What it means

${rule.meaning}

## Why it happens

${rule.cause}

## How to fix it

${waysOut(rule).join("\n")}

## Breaks the rule

\`\`\`yaml
${rule.examples.fail.trimEnd()}
\`\`\`

## Follows the rule

\`\`\`yaml
${rule.examples.pass.trimEnd()}
\`\`\`

## Sources

${rule.sources.map((source) => `- ${source}`).join("\n")}
`;
}

const SUBJECTS = {
  workload: "workloads",
  claim: "claims",
  attachment: "the attachments of a cluster, in `diagnose` and `audit` only",
} as const;

function waysOut(rule: ExplainedRule): readonly string[] {
  return rule.subject === "attachment" ? rule.ways.map((way) => `- ${way}`) : rule.fixes.map(fixItem);
}

function fixItem(id: FixId): string {
  const { summary, cost } = FIXES[id];
  return `- **${id}**: ${summary}. Cost: ${cost}.`;
}
