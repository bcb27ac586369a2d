import { stepsOf } from "../commands.ts";
import { exemptionText, groundsOf, rulePage, sentenceOf } from "../message.ts";
import type { Report, ReportedFinding } from "../report.ts";
import { html, type Markup, NOTHING } from "./markup.ts";
import { timeline } from "./timeline.ts";

/** Findings that are told with evidence, timeline and ways out. */
const MOST_TOLD = 200;
/** Findings that have a row; the rest is counted. */
const MOST_ROWS = 20_000;

/** The findings, the gravest first, as a table that can be filtered, and the gravest of them in full. */
export function findingsPart(findings: readonly ReportedFinding[], report: Report): Markup {
  if (findings.length === 0) return html`<h2>Findings</h2><p>Nothing was found.</p>`;
  const told = findings.slice(0, MOST_TOLD);
  const rows = findings.slice(0, MOST_ROWS);
  const several = report.clusters.length > 1;
  const rest = findings.length - rows.length;
  return html`<h2 id="findings">Findings</h2>
${filters(findings)}
<p class="dim" id="count" aria-live="polite"></p>
<div class="scroll" tabindex="0" role="region" aria-label="Findings"><table><caption>${findings.length} findings, the gravest first${rest > 0 ? `; ${rest} have no row` : ""}</caption>
<thead><tr>${several ? head("cluster") : NOTHING}${["severity", "namespace", "workload", "rule", "claims"].map(head)}<th scope="col">what</th></tr></thead>
<tbody class="rows">${rows.map((finding, at) => row(finding, at < MOST_TOLD, several))}</tbody></table></div>
<h2>In full${findings.length > told.length ? `: the gravest ${told.length}` : ""}</h2>
${told.map((finding) => inFull(finding, report))}`;
}

function head(name: string): Markup {
  return html`<th scope="col"><button type="button">${name}</button></th>`;
}

function filters(findings: readonly ReportedFinding[]): Markup {
  const names = (of: (finding: ReportedFinding) => string) => [...new Set(findings.map(of))].sort();
  return html`<form><label>search<input name="search" type="search"></label>${choice("severity", ["error", "warning", "exempted"])}${choice(
    "namespace",
    names(({ workload }) => workload.namespace),
  )}${choice(
    "rule",
    names(({ rule }) => rule),
  )}</form>`;
}

function choice(name: string, values: readonly string[]): Markup {
  return html`<label>${name}<select name="${name}"><option value="">all</option>${values.map((value) => html`<option value="${value}">${value}</option>`)}</select></label>`;
}

function severityOf({ severity, exempted }: ReportedFinding): string {
  return exempted === null ? severity : "exempted";
}

function row(finding: ReportedFinding, isTold: boolean, several: boolean): Markup {
  const { workload, rule, claims, brief, cluster } = finding;
  const severity = severityOf(finding);
  const name = `${workload.kind} ${workload.name}`;
  const link = isTold ? html`<a href="#${idOf(finding)}">${name}</a>` : html`${name}`;
  const names = claims.map((claim) => claim.name).join(", ");
  return html`<tr data-severity="${severity}" data-namespace="${workload.namespace}" data-rule="${rule}">${several ? html`<td>${cluster ?? ""}</td>` : NOTHING}<td class="${severity}">${severity}</td><td>${workload.namespace}</td><td>${link}</td><td>${rule}</td><td>${names}</td><td>${brief}</td></tr>
`;
}

/** A fingerprint is hexadecimal: it can stand in an address and an id as it is. */
function idOf({ fingerprint, cluster }: ReportedFinding): string {
  return `f-${fingerprint.slice(0, 16)}${cluster === null ? "" : `-${Buffer.from(cluster).toString("hex").slice(0, 32)}`}`;
}

function inFull(finding: ReportedFinding, { telling, inRepository }: Report): Markup {
  const { workload, rule, place, exempted, fixes, cluster } = finding;
  const page = rulePage(rule, telling);
  const severity = severityOf(finding);
  const title = `${workload.kind} ${workload.namespace}/${workload.name}`;
  const where = place === null ? NOTHING : html`<p class="dim">${inRepository(place.file)}:${place.line}</p>`;
  const ways = fixes.map((fix) => {
    const steps = stepsOf(fix, telling.isStored, workload);
    return html`<li>${fix.summary}. <span class="dim">Cost: ${fix.cost}.</span>${steps.map(({ where: at, what }) => html`<p class="dim">${at}</p><pre>${what}</pre><button type="button" class="copy">copy</button>`)}</li>`;
  });
  return html`<details id="${idOf(finding)}"><summary><span class="${severity}">${severity}</span> <strong>${title}</strong> ${cluster ?? ""} <code>${rule}</code></summary>
<p>${sentenceOf(finding)}</p>${exempted === null ? NOTHING : html`<p>${exemptionText(exempted)}</p>`}${where}
${timeline(finding)}
<h3>Why</h3><ul>${groundsOf(finding).map((each) => html`<li>${each}</li>`)}</ul>
<h3>Ways out</h3><ol>${ways}</ol>
<p class="dim">More: attachguard explain ${rule}${page === null ? NOTHING : html` or <a href="${page}">${page}</a>`}</p></details>
`;
}
