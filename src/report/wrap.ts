/**
 * Breaks a text at spaces into lines of at most this many columns; a longer word gets its own line. The first line
 * begins with the lead, later ones are indented by its width.
 */
export function wrapped(text: string, lead: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = lead;
  for (const word of text.split(" ")) {
    if (line.length + word.length > width && line.trim() !== lead.trim()) {
      lines.push(line.trimEnd());
      line = " ".repeat(lead.length);
    }
    line += `${word} `;
  }
  return [...lines, line.trimEnd()];
}
