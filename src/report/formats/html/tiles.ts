import type { Report } from "../../report.ts";
import { clipped, html, type Markup, NOTHING } from "./escape.ts";

interface Tile {
  readonly name: string;
  readonly count: number;
  /** How bad a number other than 0 is. */
  readonly tone?: "bad" | "care";
}

/** The numbers that people look for first. */
export function tiles(report: Report): Markup {
  const { workloads, summary, audit, compared } = report;
  const inState = (state: string) => workloads.filter((each) => each.state === state).length;
  const held = workloads.filter(({ factors }) => factors.reach === "node" || factors.reach === "pod").length;
  return row([
    { name: "workloads with volumes", count: workloads.length },
    { name: "on a volume that only one node or one pod may hold", count: held },
    ...(audit === null ? [] : [{ name: "stuck now", count: inState("stuck"), tone: "bad" as const }]),
    { name: "latent: would get stuck", count: inState("latent"), tone: "care" },
    { name: "healthy", count: inState("healthy") },
    { name: "errors", count: summary.errors, tone: "bad" },
    { name: "warnings", count: summary.warnings, tone: "care" },
    { name: "exempted", count: summary.exempted },
    ...(compared ? [{ name: "known before", count: summary.known }] : []),
  ]);
}

/** What became of findings since an earlier report. */
export function sinceTiles({ since }: Report): Markup {
  if (since === null) return NOTHING;
  return html`<section aria-labelledby="since"><h2 id="since" class="quiet">Since ${clipped(since.time, 60)}</h2>
${row(
  [
    { name: "new", count: since.new, tone: "bad" },
    { name: "worse", count: since.graver, tone: "bad" },
    { name: "unchanged", count: since.unchanged },
    { name: "fixed", count: since.fixed },
    { name: "not comparable", count: since.notComparable, tone: "care" },
  ],
  "tiles small",
)}
${since.reasons.length === 0 ? NOTHING : html`<ul>${since.reasons.slice(0, 20).map((reason) => html`<li>${clipped(reason)}</li>`)}</ul>`}
</section>`;
}

function row(shown: readonly Tile[], size = "tiles"): Markup {
  return html`<dl class="${size}">
${shown.map(({ name, count, tone }) => html`<div${tone !== undefined && count > 0 ? html` class="${tone}"` : NOTHING}><dt>${name}</dt><dd>${count}</dd></div>\n`)}</dl>`;
}
