import { type AuditOverview, auditOverview, type Tally, whyWorst } from "../../audit-overview.ts";
import { stepsOf } from "../../commands.ts";
import type { JudgedWorkload, Report } from "../../report.ts";
import { command } from "./command.ts";
import { clipped, html, type Markup, NOTHING } from "./escape.ts";
import { type Listed, placeName } from "./listed.ts";

/** Entries of a list; the rest is counted. */
const SHOWN = 50;
const TALLIED = 10;

/** The overview of an audit, below the numbers. */
export function overviewSections(report: Report, all: readonly Listed[], where: Markup): Markup {
  if (report.audit === null) return where;
  const overview = auditOverview(report, Date.parse(report.audit.time));
  return html`<div class="columns">${worst(overview, all)}<div>${where}${tallies(overview)}</div></div>${recreate(overview, report)}${storage(overview)}${exempted(overview)}`;
}

function because(workload: JudgedWorkload): Markup {
  const why = whyWorst(workload);
  return why === null ? NOTHING : html`<br><span class="soft">${clipped(why)}</span>`;
}

function worst({ worst, beyondWorst }: AuditOverview, all: readonly Listed[]): Markup {
  if (worst.length === 0) return NOTHING;
  const anchors = new Map(all.toReversed().map(({ finding, anchor }) => [placeName(finding), anchor]));
  return html`<section aria-labelledby="worst"><h2 id="worst">Worst first</h2>
<table><thead><tr><th scope="col">State</th><th scope="col">Workload</th></tr></thead><tbody>
${worst.map((each) => html`<tr><td class="${each.state === "stuck" ? "bad" : each.state === "latent" ? "care" : "soft"}">${each.state}</td><th scope="row">${linked(each, anchors)}${because(each)}</th></tr>\n`)}</tbody></table>${beyondWorst > 0 ? html`<p class="soft">and ${beyondWorst} more with findings</p>` : NOTHING}</section>`;
}

function linked(workload: JudgedWorkload, anchors: ReadonlyMap<string, string>): Markup {
  const name = placeName(workload);
  const anchor = anchors.get(name);
  return anchor === undefined
    ? html`${clipped(name, 260)}`
    : html`<a href="#${anchor}">${clipped(name, 260)}</a>`;
}

function tallies({ byDriver, byClass }: AuditOverview): Markup {
  if (byDriver.length + byClass.length === 0) return NOTHING;
  return html`<section aria-labelledby="storage-of"><h2 id="storage-of">By storage</h2>${tally("Driver", byDriver)}${tally("Storage class", byClass)}</section>`;
}

function tally(title: string, of: Tally): Markup {
  if (of.length === 0) return NOTHING;
  const more = of.length - TALLIED;
  return html`<table><thead><tr><th scope="col">${title}</th><th scope="col" class="number">Errors</th><th scope="col" class="number">Warnings</th></tr></thead><tbody>
${of.slice(0, TALLIED).map(([name, errors, warnings]) => html`<tr><th scope="row">${clipped(name, 120)}</th><td class="number">${errors}</td><td class="number">${warnings}</td></tr>\n`)}</tbody></table>${more > 0 ? html`<p class="soft">and ${more} more</p>` : NOTHING}`;
}

function recreate({ fixedByRecreate }: AuditOverview, { telling }: Report): Markup {
  if (fixedByRecreate.length === 0) return NOTHING;
  return html`<section aria-labelledby="recreate"><h2 id="recreate">Fixed by strategy Recreate alone (${fixedByRecreate.length})</h2>
<p>The cost is brief downtime at each rollout. Each command changes one workload.</p>
${folded(
  "commands",
  fixedByRecreate
    .map(({ workload, fix }) =>
      stepsOf(fix, telling, workload).map(({ what }) => [
        workload.cluster === null
          ? NOTHING
          : html`<div class="soft">${clipped(workload.cluster, 120)}:</div>`,
        command(what),
      ]),
    )
    .map((each) => html`${each}`),
)}</section>`;
}

function folded(what: string, items: readonly Markup[]): Markup {
  const more = items.length - SHOWN;
  const rest =
    more > 0 ? html`<p class="soft">and ${more} more; <code>--format json</code> has all</p>` : NOTHING;
  return html`${items.slice(0, 3)}${items.length > 3 ? html`<details><summary>More ${what}</summary>${items.slice(3, SHOWN)}${rest}</details>` : NOTHING}`;
}

function storage({ needStorage }: AuditOverview): Markup {
  if (needStorage.length === 0) return NOTHING;
  const more = needStorage.length - SHOWN;
  return html`<section aria-labelledby="other-storage"><h2 id="other-storage">Need other storage (${needStorage.length})</h2>
<p>No change to the workload or its autoscaler fixes these.</p>
<ul>${needStorage.slice(0, SHOWN).map((each) => html`<li>${clipped(placeName(each), 260)}</li>`)}${more > 0 ? html`<li>and ${more} more</li>` : NOTHING}</ul></section>`;
}

function exempted({ exempted, expiring }: AuditOverview): Markup {
  if (exempted.length === 0) return NOTHING;
  const soon = new Set(expiring.map(({ finding }) => finding));
  const first = exempted.toSorted((a, b) => Number(soon.has(b)) - Number(soon.has(a)));
  const more = exempted.length - SHOWN;
  return html`<section aria-labelledby="exempted"><h2 id="exempted">Exempted (${exempted.length}, of which ${expiring.length} expire within 14 days)</h2>
<div class="scroll" tabindex="0" role="group" aria-label="Exemptions"><table><thead><tr><th scope="col">Workload</th><th scope="col">Rule</th><th scope="col">By</th><th scope="col">Expires</th><th scope="col">Reason</th></tr></thead><tbody>
${first.slice(0, SHOWN).map((finding) => html`<tr><th scope="row">${clipped(placeName(finding), 260)}</th><td>${finding.rule}</td><td>${finding.exempted?.by ?? ""}</td><td>${clipped(finding.exempted?.until ?? "no expiry", 40)}${soon.has(finding) ? html` <strong class="care">soon</strong>` : NOTHING}</td><td>${clipped(finding.exempted?.reason ?? "", 300)}</td></tr>\n`)}</tbody></table></div>${more > 0 ? html`<p class="soft">and ${more} more, in the table of findings</p>` : NOTHING}</section>`;
}
