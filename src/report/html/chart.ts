import type { Tally } from "../audit-overview.ts";
import { html, type Markup, NOTHING } from "./markup.ts";

const SHOWN = 12;
const WIDTH = 640;
const LABELS = 220;
const ROW = 24;

/** Errors and warnings by name, as horizontal bars; the numbers stand beside them, so that nothing hangs on colour. */
export function barChart(title: string, rows: Tally): Markup {
  if (rows.length === 0) return NOTHING;
  const shown = rows.slice(0, SHOWN);
  const most = Math.max(...shown.map(([, errors, warnings]) => errors + warnings), 1);
  const scale = (count: number) => Math.round(((WIDTH - LABELS - 110) * count) / most);
  const height = shown.length * ROW + 8;
  const bars = shown.map(([name, errors, warnings], at) => {
    const y = at * ROW + 4;
    const end = LABELS + scale(errors) + scale(warnings) + 6;
    return html`<text x="0" y="${y + 14}">${short(name)}</text><rect class="bar-error" x="${LABELS}" y="${y + 2}" width="${scale(errors)}" height="16"/><rect class="bar-warning" x="${LABELS + scale(errors)}" y="${y + 2}" width="${scale(warnings)}" height="16"/><text class="small" x="${end}" y="${y + 14}">${errors} / ${warnings}</text>`;
  });
  const rest = rows.length - shown.length;
  const more = rest > 0 ? html`<p class="dim">and ${rest} more</p>` : NOTHING;
  return html`<h3>${title}</h3><svg role="img" aria-label="${title}: errors and warnings" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}">${bars}</svg>${more}`;
}

const MOST_LETTERS = 28;

function short(name: string): string {
  return name.length > MOST_LETTERS ? `${name.slice(0, MOST_LETTERS - 1)}…` : name;
}
