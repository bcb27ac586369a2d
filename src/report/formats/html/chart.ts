import type { ReportedFinding } from "../../report.ts";
import { clipped, html, type Markup, NOTHING } from "./escape.ts";

/** Namespaces that get a bar; the rest is counted. */
const SHOWN = 15;
/** Colours of rules; a rule beyond them shares the last. */
const COLOURS = ["#2f6cb3", "#c77700", "#7448a8", "#00788a", "#9a3b74", "#2c7a4b", "#b3261e", "#6b7484"];
const LABELS = 190;
const BARS = 430;
const NUMBERS = 60;
const ROW = 22;
const LEGEND_ROW = 18;
/** About as many characters of 12 px fit beside a bar. */
const FITTING = 27;

interface Counted {
  readonly namespace: string;
  readonly total: number;
  readonly byRule: ReadonlyMap<string, number>;
}

/** How many findings of which rule each namespace has, as stacked bars, and the same as a table. */
export function chart(findings: readonly ReportedFinding[]): Markup {
  const namespaces = counted(findings);
  if (namespaces.length === 0) return NOTHING;
  const rules = [...tallied(findings.map(({ rule }) => rule))]
    .toSorted((a, b) => b[1] - a[1])
    .map(([rule]) => rule);
  const shown = namespaces.slice(0, SHOWN);
  const more = namespaces.length - shown.length;
  return html`${svg(shown, rules)}
${more > 0 ? html`<p class="soft">and ${more} more namespaces</p>` : NOTHING}
<details><summary>The same in numbers</summary><div class="scroll" tabindex="0" role="group" aria-label="Findings by namespace and rule"><table>
<caption>Findings by namespace and rule</caption>
<thead><tr><th scope="col">Namespace</th>${rules.map((rule) => html`<th scope="col" class="number">${rule}</th>`)}<th scope="col" class="number">All</th></tr></thead>
<tbody>${shown.map(({ namespace, total, byRule }) => html`<tr><th scope="row">${clipped(namespace, 70)}</th>${rules.map((rule) => html`<td class="number">${byRule.get(rule) ?? 0}</td>`)}<td class="number">${total}</td></tr>\n`)}</tbody>
</table></div></details>`;
}

function svg(namespaces: readonly Counted[], rules: readonly string[]): Markup {
  const most = Math.max(...namespaces.map(({ total }) => total));
  const top = Math.ceil(rules.length / 3) * LEGEND_ROW + 8;
  const width = LABELS + BARS + NUMBERS;
  const height = top + namespaces.length * ROW;
  return html`<div class="scroll" tabindex="0" role="group" aria-label="Chart by namespace and rule"><svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="Findings by namespace and rule; the table below has the numbers">
${rules.map((rule, at) => legend(rule, at))}
${namespaces.map((each, at) => row(each, rules, most, top + at * ROW))}
</svg></div>`;
}

function legend(rule: string, at: number): Markup {
  const x = (at % 3) * 226;
  const y = Math.floor(at / 3) * LEGEND_ROW;
  return html`<rect ${colour(at)} x="${x}" y="${y + 2}" width="11" height="11"/><text x="${x + 17}" y="${y + 12}" font-size="12">${rule}</text>`;
}

function row(
  { namespace, total, byRule }: Counted,
  rules: readonly string[],
  most: number,
  y: number,
): Markup {
  let x = LABELS;
  const parts = rules.flatMap((rule, at) => {
    const count = byRule.get(rule) ?? 0;
    if (count === 0) return [];
    const width = (count / most) * BARS;
    const part = html`<rect ${colour(at)} x="${x.toFixed(1)}" y="${y + 3}" width="${Math.max(width - 1, 1).toFixed(1)}" height="${ROW - 7}"><title>${rule}: ${count}</title></rect>`;
    x += width;
    return [part];
  });
  return html`<text x="${LABELS - 8}" y="${y + 15}" text-anchor="end" font-size="12">${clipped(namespace, FITTING)}</text>${parts}<text x="${(x + 6).toFixed(1)}" y="${y + 15}" font-size="12">${total}</text>`;
}

function colour(at: number): Markup {
  const used = Math.min(at, COLOURS.length - 1);
  return html`class="c${used}" fill="${COLOURS[used] ?? ""}"`;
}

function counted(findings: readonly ReportedFinding[]): readonly Counted[] {
  return [...Map.groupBy(findings, ({ workload }) => workload.namespace)]
    .map(([namespace, of]) => ({
      namespace: namespace || "none",
      total: of.length,
      byRule: tallied(of.map(({ rule }) => rule)),
    }))
    .toSorted((a, b) => b.total - a.total || (a.namespace < b.namespace ? -1 : 1));
}

function tallied(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}
