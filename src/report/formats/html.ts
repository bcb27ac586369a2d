import { plural } from "../../policy/phrasing.ts";
import type { RenderOptions, Report } from "../report.ts";
import { chart } from "./html/chart.ts";
import { details } from "./html/details.ts";
import { clipped, html, Markup, NOTHING } from "./html/escape.ts";
import { type Listed, listed } from "./html/listed.ts";
import { overviewSections } from "./html/overview-sections.ts";
import { page } from "./html/page.ts";
import { problems } from "./html/problems.ts";
import { rows } from "./html/rows.ts";
import { sinceTiles, tiles } from "./html/tiles.ts";

/** How many findings are shown in full; the others are only rows. */
const DETAILED = 200;
/** What all details together may take, in bytes. */
const DETAILS_BYTES = 4_000_000;

/** One self-contained page: the numbers, the worst, every finding as a row, and the worst in full. */
export function renderHtml(
  report: Report,
  options: Pick<RenderOptions, "all" | "includeExempted"> = { all: false, includeExempted: false },
): string {
  const all = listed(report, options);
  const detailed = detailsOf(all, report);
  const clusters = report.findings.some(({ cluster }) => cluster !== null);
  const title = titleOf(report);
  const counted = all.filter(({ standing }) => standing === "error" || standing === "warning");
  const where =
    counted.length === 0
      ? NOTHING
      : html`<section aria-labelledby="where"><h2 id="where">Where: by namespace and rule</h2>${chart(counted.map(({ finding }) => finding))}</section>`;
  return page(
    `attachguard: ${title}`,
    html`<a class="skip" href="#content">Skip to the report</a>
<header><h1>${title}</h1>
<p class="soft">${subtitle(report)}</p>
<nav aria-label="Sections"><ul><li><a href="#content">Summary</a></li>${counted.length === 0 ? NOTHING : html`<li><a href="#where">Where</a></li>`}${all.length === 0 ? NOTHING : html`<li><a href="#findings">Findings</a></li><li><a href="#details">Details</a></li>`}</ul></nav></header>
<main id="content">
${tiles(report)}
${sinceTiles(report)}
${overviewSections(report, all, where)}
${all.length === 0 ? html`<p>Nothing was found in ${plural(report.summary.workloads, "workload")}.</p>` : findingSections(all, detailed, clusters)}
${problems(report)}
</main>
<div id="said" role="status"></div>`,
  );
}

function findingSections(
  all: readonly Listed[],
  detailed: ReadonlyMap<Listed, string>,
  clusters: boolean,
): Markup {
  const rest = all.length - detailed.size;
  return html`<section aria-labelledby="findings"><h2 id="findings">All findings (${all.length})</h2>
${rows(all, new Set(detailed.keys()), clusters)}</section>
<section aria-labelledby="details"><h2 id="details">Details${rest > 0 ? ` of the worst ${detailed.size}` : ""}</h2>
${new Markup([...detailed.values()].join(""))}
${rest > 0 ? html`<p class="soft">${plural(rest, "more finding")} without details here; <code>--format json</code> has all.</p>` : NOTHING}</section>`;
}

function detailsOf(all: readonly Listed[], report: Report): ReadonlyMap<Listed, string> {
  const made = new Map<Listed, string>();
  let bytes = 0;
  for (const each of all.slice(0, DETAILED)) {
    const { text } = details(each, report);
    bytes += Buffer.byteLength(text);
    if (bytes > DETAILS_BYTES) break;
    made.set(each, text);
  }
  return made;
}

function titleOf({ audit, clusters, workloads }: Report): string {
  if (audit === null) return `Check of ${plural(workloads.length, "workload")}`;
  const names = clusters.slice(0, 10).map(({ context, uid }) => clipped(context ?? uid ?? "a dump", 120));
  const more = clusters.length - names.length;
  return `Audit of ${names.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

function subtitle({ audit, toolVersion }: Report): string {
  const scope = [
    ...(audit?.scope.namespace == null ? [] : [`namespace ${clipped(audit.scope.namespace, 120)}`]),
    ...(audit?.scope.selector == null ? [] : [`selector ${clipped(audit.scope.selector, 200)}`]),
  ];
  return [...(audit === null ? [] : [`at ${audit.time}`]), ...scope, `attachguard ${toolVersion}`].join(
    " · ",
  );
}
