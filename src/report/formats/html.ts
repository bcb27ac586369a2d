import { createHash } from "node:crypto";
import { plural } from "../../policy/phrasing.ts";
import { auditOverview } from "../audit-overview.ts";
import { barChart } from "../html/chart.ts";
import { findingsPart } from "../html/findings.ts";
import { html, Markup, NOTHING } from "../html/markup.ts";
import { SCRIPT } from "../html/script.ts";
import { STYLE } from "../html/style.ts";
import type { Report } from "../report.ts";
import { gravestFirst } from "./told.ts";

/** Nothing but this page's own style and script; no request to anywhere. */
const POLICY = [
  "default-src 'none'",
  `style-src '${hashOf(STYLE)}'`,
  `script-src '${hashOf(SCRIPT)}'`,
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** One self-contained page, which reads without scripts and styles too. */
export function renderHtml(report: Report): string {
  const { audit } = report;
  const findings = gravestFirst(report.findings.filter(({ known }) => !known));
  const overview = auditOverview(report, audit === null ? 0 : Date.parse(audit.time));
  const clusters = report.clusters.map(({ context, uid }) => context ?? uid ?? "a dump").join(", ");
  const title = audit === null ? "attachguard: check" : `attachguard: audit of ${clusters}`;
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${new Markup(POLICY)}"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title}</title><style>${new Markup(STYLE)}</style></head>
<body><header><h1>${title}</h1><p class="dim">${audit === null ? "" : `${audit.time}, `}attachguard ${report.toolVersion}${scopeText(report)}</p></header>
<main>
${tiles(report)}
${sinceText(report)}
${problems(report)}
<h2>Where</h2>
${barChart("By namespace", overview.byNamespace)}
${barChart("By rule", overview.byRule)}
${barChart("By driver", overview.byDriver)}
<p class="dim">Numbers are errors / warnings.</p>
${findingsPart(findings, report)}
</main><script>${new Markup(SCRIPT)}</script></body></html>
`;
  return page.toString();
}

function hashOf(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}

function scopeText({ audit }: Report): string {
  if (audit === null) return "";
  const { namespace, selector } = audit.scope;
  return `${namespace === null ? "" : `, namespace ${namespace}`}${selector === null ? "" : `, selector ${selector}`}`;
}

function tiles({ workloads, summary }: Report): Markup {
  const held = workloads.filter(({ factors }) => factors.reach === "node" || factors.reach === "pod").length;
  const state = (name: string) => workloads.filter((workload) => workload.state === name).length;
  const rows = [
    [workloads.length, "workloads with volumes", ""],
    [held, "on a volume of one node or pod", ""],
    [state("stuck"), "stuck now", "error"],
    [state("latent"), "would get stuck", "error"],
    [summary.errors, "errors", "error"],
    [summary.warnings, "warnings", "warning"],
    [summary.exempted, "exempted", ""],
  ] as const;
  return html`<ul class="tiles">${rows.map(([count, name, kind]) => html`<li><b class="${count === 0 ? "" : kind}">${count}</b>${name}</li>`)}</ul>`;
}

function sinceText({ since }: Report): Markup {
  if (since === null) return NOTHING;
  return html`<p>Since ${since.time}: ${since.new} new, ${since.fixed} fixed, ${since.graver} graver, ${since.unchanged} unchanged, ${since.notComparable} not comparable.</p>`;
}

/** More of them than these are counted. */
const PROBLEMS_SHOWN = 50;

function problems({ errors, notes, audit, notJudged }: Report): Markup {
  const unread = (audit?.read ?? []).filter(({ state }) => state === "unread");
  const lines = [
    ...errors.map(({ file, line, message }) => `${file === "" ? "" : `${file}:${line}: `}${message}`),
    ...unread.map(({ kind, why }) => `${kind} objects were not read${why === null ? "" : ` (${why})`}`),
    ...(notJudged.length === 0
      ? []
      : [`${plural(notJudged.length, "object")} of other kinds mount a claim and were not judged`]),
    ...notes.map(({ message }) => message),
  ];
  if (lines.length === 0) return NOTHING;
  const rest = lines.length - PROBLEMS_SHOWN;
  return html`<details><summary>${plural(lines.length, "note")} on what was read</summary><ul>${lines.slice(0, PROBLEMS_SHOWN).map((line) => html`<li>${line}</li>`)}${rest > 0 ? html`<li>and ${rest} more</li>` : NOTHING}</ul></details>`;
}
