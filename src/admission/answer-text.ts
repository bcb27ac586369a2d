/** The API server cuts every warning to this once a response's warnings exceed their budget (`endpoints/filters/warning.go`). */
const WARNING_RUNES = 256;
/** What the API server passes on for one response, over all webhooks. */
const WARNINGS_RUNES = 4096;

/**
 * Control characters, which make the API server drop a warning silently, and those that change the direction of text.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]+/g;

/** Printable ASCII with single spaces within: nothing to remove, as in most names and sentences. */
const PLAIN = /^(?:[!-~]+(?: [!-~]+)*)?$/;

/** The text on one line, without control characters, valid as UTF-8, cut to a number of characters. */
export function oneLine(text: string, limit = WARNING_RUNES): string {
  if (text.length <= limit && PLAIN.test(text)) return text;
  const line = text.toWellFormed().replace(CONTROL, " ").replace(/ {2,}/g, " ").trim();
  return cut(line, limit);
}

/** Like `oneLine`, for a text that may have several lines, such as the message of a denial. */
export function severalLines(text: string, limit: number): string {
  return cut(
    text
      .split("\n")
      .map((line) => line.toWellFormed().replace(CONTROL, " ").trimEnd())
      .join("\n")
      .trim(),
    limit,
  );
}

/**
 * Warnings in a form that the API server passes on whole: one line each, none twice, together within its budget. The
 * last one counts those that do not fit.
 */
export function fitWarnings(warnings: readonly string[]): readonly string[] {
  const lines = [...new Set(warnings.map((warning) => oneLine(warning)))].filter((line) => line !== "");
  // No text has more characters than units.
  if (lines.reduce((units, line) => units + line.length, 0) <= WARNINGS_RUNES) return lines;
  const fitting: string[] = [];
  let left = WARNINGS_RUNES;
  for (const [at, line] of lines.entries()) {
    const more = lines.length - at;
    const last = `and ${more} more; see the log of attachguard`;
    const needed = runes(line) + (more > 1 ? last.length : 0);
    if (needed > left) {
      fitting.push(last);
      break;
    }
    fitting.push(line);
    left -= runes(line);
  }
  return fitting;
}

function runes(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

function cut(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const characters = Array.from(text.slice(0, limit * 2));
  return characters.length <= limit && text.length <= limit * 2
    ? text
    : `${characters
        .slice(0, limit - 1)
        .join("")
        .trimEnd()}…`;
}
