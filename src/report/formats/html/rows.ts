import { FIXES } from "../../../policy/fixes.ts";
import { clipped, html, Markup, NOTHING } from "./escape.ts";
import type { Listed } from "./listed.ts";

const MOST_ROWS = 20_000;
/** What all rows together may take, in bytes; names can be long, and the page is to stay below 15 MB. */
const MOST_BYTES = 9_000_000;
/** A list to choose from is of no use beyond this. */
const MOST_CHOICES = 500;

/** Every finding as a row, with what filters them; what does not fit is counted. */
export function rows(all: readonly Listed[], linked: ReadonlySet<Listed>, clusters: boolean): Markup {
  const lines: string[] = [];
  let bytes = 0;
  for (const each of all.slice(0, MOST_ROWS)) {
    const line = row(each, linked.has(each), clusters).text;
    bytes += Buffer.byteLength(line);
    if (bytes > MOST_BYTES) break;
    lines.push(line);
  }
  const shown = all.slice(0, lines.length);
  const missing = all.length - lines.length;
  return html`${filters(shown, clusters)}
<p><output id="count" aria-live="polite">${shown.length} of ${shown.length} shown</output>${missing > 0 ? html`; ${missing} more did not fit here, the worst are shown; <code>--format json</code> has all` : NOTHING}</p>
<div class="scroll rows" tabindex="0" role="group" aria-label="All findings"><table>
<caption>Findings, the worst first</caption>
<thead><tr><th scope="col" class="narrow" data-key="severity">Severity</th><th scope="col" class="narrow folding" data-key="state">State</th>${clusters ? html`<th scope="col" class="extra" data-key="cluster">Cluster</th>` : NOTHING}<th scope="col" data-key="namespace">Namespace</th><th scope="col" data-key="workload">Workload</th><th scope="col" class="middle" data-key="rule">Rule</th><th scope="col" class="extra" data-key="claims">Claims</th><th scope="col" class="extra" data-key="way">Cheapest fix</th></tr></thead>
<tbody id="findings-body">
${new Markup(lines.join(""))}</tbody>
</table></div>`;
}

function row({ finding, state, standing, anchor }: Listed, linked: boolean, clusters: boolean): Markup {
  const { workload, cluster, rule, claims, fixes } = finding;
  const name = clipped(`${workload.kind} ${workload.name}`, 260);
  const [fix] = fixes;
  const [first, ...others] = claims;
  const claim =
    first === undefined
      ? ""
      : `${clipped(first.name, 120)}${others.length > 0 ? ` and ${others.length} more` : ""}`;
  const start = linked ? html`<tr>` : html`<tr id="${anchor}">`;
  return html`${start}<td>${standing}</td><td class="folding">${state}</td>${clusters ? html`<td class="extra">${clipped(cluster ?? "", 120)}</td>` : NOTHING}<td>${clipped(workload.namespace, 120)}</td><td>${linked ? html`<a href="#${anchor}">${name}</a>` : name}</td><td>${rule}</td><td class="extra">${claim}</td><td class="extra">${fix === undefined ? "" : FIXES[fix.id].short}</td></tr>
`;
}

/** Hidden until the script runs: without it they do nothing. */
function filters(shown: readonly Listed[], clusters: boolean): Markup {
  const choices = (name: string, label: string, of: (each: Listed) => string) => {
    const values = [...new Set(shown.map(of))].toSorted().slice(0, MOST_CHOICES);
    return html`<label>${label}<select name="${name}"><option value="">all</option>${values.map((value) => html`<option value="${value}">${value}</option>`)}</select></label>`;
  };
  return html`<form id="filters" hidden>
<label>Search<input type="search" name="q" autocomplete="off" spellcheck="false"></label>
${choices("severity", "Severity", ({ standing }) => standing)}
${choices("state", "State", ({ state }) => state)}
${clusters ? choices("cluster", "Cluster", ({ finding }) => clipped(finding.cluster ?? "", 120)) : NOTHING}
${choices("namespace", "Namespace", ({ finding }) => clipped(finding.workload.namespace, 120))}
${choices("rule", "Rule", ({ finding }) => finding.rule)}
<button type="reset">Show all</button>
</form>`;
}
