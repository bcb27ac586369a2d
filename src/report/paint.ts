const CODES = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const;

export type Painter = (style: keyof typeof CODES, text: string) => string;

/** Wraps text in ANSI styles, or leaves it as it is. */
export function painter(colour: boolean): Painter {
  if (!colour) return (_style, text) => text;
  return (style, text) => `\u001b[${CODES[style][0]}m${text}\u001b[${CODES[style][1]}m`;
}
