import { html, type Markup } from "./escape.ts";
import type { Span, Story } from "./story.ts";

const LABELS = 108;
const MOMENT = 146;
const LANE = 34;
const TOP = 22;
const BAR = 24;
/** About as many characters of 12 px fit into one moment. */
const FITTING = 21;

/** Colours for viewers that allow no style; the style has its own for light and dark. */
const COLOURS = {
  runs: ["#cdebd7", "#2c7a4b"],
  held: ["#cfe0f5", "#2f6cb3"],
  waits: ["#f9d8d5", "#b3261e"],
  free: ["#eceef2", "#6b7484"],
} as const;

/** A story as three lanes over time, and the same as a list. */
export function timeline({ headings, lanes, steps }: Story): Markup {
  const width = LABELS + MOMENT * headings.length;
  const height = TOP + LANE * lanes.length;
  return html`<div class="scroll" tabindex="0" role="group" aria-label="Timeline"><svg class="time" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="What happens when; the list below says the same">
${headings.map((heading, at) => html`<text class="heading" x="${LABELS + at * MOMENT + 4}" y="13" font-size="12">${heading}</text><line class="grid" x1="${LABELS + at * MOMENT}" x2="${LABELS + at * MOMENT}" y1="4" y2="${height}" stroke="#d5d9e0"/>`)}
${lanes.map(({ name, spans }, at) => [html`<text x="0" y="${TOP + at * LANE + 20}" font-size="12">${name}</text>`, spans.map((span) => bar(span, TOP + at * LANE + 4))])}
</svg></div>
<ol>${steps.map((step) => html`<li>${step}</li>`)}</ol>`;
}

function bar({ from, to, text, is }: Span, top: number): Markup {
  const [fill, stroke] = COLOURS[is];
  const left = LABELS + from * MOMENT;
  const shown = text.length > FITTING * (to - from) ? `${text.slice(0, FITTING * (to - from) - 1)}…` : text;
  return html`<rect class="${is}" x="${left + 1}" y="${top}" width="${(to - from) * MOMENT - 2}" height="${BAR}" rx="3" fill="${fill}" stroke="${stroke}"/><text x="${left + 8}" y="${top + 16}" font-size="12">${shown}</text>`;
}
