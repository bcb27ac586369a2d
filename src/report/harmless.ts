/**
 * Text from manifests, clusters and file names must not start a command of a CI system that reads what is printed:
 * GitHub's and Azure's `##[…]` and `##vso[…]` count anywhere in a line, TeamCity's `##teamcity[…]` too, and GitHub's
 * `::…::` at the start of a line (actions/runner, `ActionCommand.cs`).
 */
const ANYWHERE = /##(?=(?:vso|teamcity)?\[)/gi;

/** What ends a line for any of them. */
const LINE_START = /(^|[\n\r\v\f\u0085\u2028\u2029])(\s*):(?=:)/g;

/** What every such sequence begins with; nearly all names and texts have neither. */
const MAY_ACT = /##|::/;

/** The text with such sequences broken up by a space. */
export function harmless(text: string): string {
  if (!MAY_ACT.test(text)) return text;
  return text.replace(ANYWHERE, "# #").replace(LINE_START, "$1$2: ");
}

/** JSON in which no such sequence appears literally; a JSON parser reads the same values. */
export function harmlessJson(json: string): string {
  return json
    .replace(ANYWHERE, "\\u0023#")
    .replace(/[\u0085\u2028\u2029]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
