import { harmless } from "./harmless.ts";
import { visible } from "./visible.ts";

/** A code span that its text cannot close: its fence is longer than any run of backticks inside. */
export function code(text: string): string {
  const line = harmless(visible(text));
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  const space = longest > 0 ? " " : "";
  return `${fence}${space}${line}${space}${fence}`;
}

/** Text that stays text: no markup, mention, reference or HTML of its own. */
export function plain(text: string): string {
  return harmless(visible(text)).replace(/[\\`*_{}[\]<>#|~@!]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
