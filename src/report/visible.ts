/**
 * A line of text that is safe to print: names and messages come from files of others, and a control character in
 * them could move the cursor or hide a line on a terminal, or start a new line in a log; a
 * bidirectional one could show the text in another order than it has.
 */
export function visible(line: string): string {
  return line.replace(
    /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
