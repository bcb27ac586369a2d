import { stepsOf } from "../../commands.ts";
import { exemptionText, groundsOf, rulePage, sentenceOf, storagePage } from "../../message.ts";
import type { Report, ReportedFinding } from "../../report.ts";
import { command } from "./command.ts";
import { clipped, html, type Markup, NOTHING, webAddress } from "./escape.ts";
import { type Listed, placeName } from "./listed.ts";
import { storyOf } from "./story.ts";
import { timeline } from "./timeline.ts";

/** Sentences of evidence, steps of a way out, claims; more are counted. */
const SHOWN = 20;

/** A finding with all its details, folded. */
export function details({ finding, state, standing, anchor }: Listed, report: Report): Markup {
  const story = storyOf(finding);
  return html`<details class="finding" id="${anchor}">
<summary><h3><span class="${standing === "error" ? "bad" : standing === "warning" ? "care" : "soft"}">${standing}</span> ${clipped(placeName(finding), 200)} <code>${finding.rule}</code></h3>${state === "stuck" ? html` <strong class="bad">stuck now</strong>` : NOTHING}</summary>
<div>
<p>${clipped(sentenceOf(finding))}</p>
${finding.exempted === null ? NOTHING : html`<p>${clipped(exemptionText(finding.exempted))}</p>`}
${story === null ? NOTHING : html`<h4>What happens when</h4>${timeline(story)}`}
<h4>Why</h4>
${list(groundsOf(finding))}
${claims(finding, report)}
${finding.fixes.length === 0 ? NOTHING : html`<h4>How to fix it, the cheapest first</h4><ol class="ways">${finding.fixes.map((fix) => way(fix, finding, report))}</ol>`}
<p class="soft">${source(finding, report)}Rule ${ruleLink(finding.rule, report)}: <code>attachguard explain ${finding.rule}</code>. <a href="#${anchor}">Link to this finding</a></p>
</div>
</details>
`;
}

/** The rule's id, with its page where one is configured. */
function ruleLink(rule: string, { telling }: Report): Markup {
  return linked(html`<code>${rule}</code>`, webAddress(rulePage(rule, telling)));
}

function linked(text: Markup | string, address: string | null): Markup {
  return address === null ? html`${text}` : html`<a href="${address}" rel="noreferrer">${text}</a>`;
}

function way(fix: ReportedFinding["fixes"][number], finding: ReportedFinding, { telling }: Report): Markup {
  const steps = stepsOf(fix, telling, finding);
  return html`<li>${clipped(fix.summary)}. <span class="soft">Cost: ${clipped(fix.cost)}.</span>${steps.slice(0, SHOWN).map(({ where, what }) => html`<div class="soft">${clipped(where, 200)}:</div>${command(what)}`)}${steps.length > SHOWN ? html`<p>and ${steps.length - SHOWN} more</p>` : NOTHING}</li>`;
}

function claims({ claims }: ReportedFinding, { telling }: Report): Markup {
  if (claims.length === 0) return NOTHING;
  const more = claims.length - SHOWN;
  return html`<div class="scroll" tabindex="0" role="group" aria-label="Claims"><table><caption>Claims</caption><thead><tr><th scope="col">Claim</th><th scope="col">Who may hold it</th><th scope="col">Access modes</th><th scope="col">Volume</th><th scope="col">Class</th><th scope="col">Driver</th></tr></thead>
<tbody>${claims
    .slice(0, SHOWN)
    .map((claim) => ({ ...claim, page: webAddress(storagePage(claim, telling)) }))
    .map(
      ({ name, reach, accessModes, volume, storageClass, provisioner, page }) =>
        html`<tr><th scope="row">${clipped(name, 260)}</th><td>${REACH[reach]}</td><td>${clipped(accessModes.join(", "), 100)}</td><td>${clipped(volume ?? "not bound", 260)}</td><td>${clipped(storageClass ?? "none", 260)}</td><td>${linked(clipped(provisioner ?? "not known", 260), page)}</td></tr>`,
    )}</tbody></table></div>${more > 0 ? html`<p>and ${more} more</p>` : NOTHING}`;
}

const REACH = {
  pod: "one pod",
  node: "one node",
  unknown: "not known",
  unenforced: "one node, and nothing enforces it",
  many: "many nodes",
} as const;

function list(items: readonly string[]): Markup {
  const more = items.length - SHOWN;
  return html`<ul>${items.slice(0, SHOWN).map((item) => html`<li>${clipped(item)}</li>`)}${more > 0 ? html`<li>and ${more} more</li>` : NOTHING}</ul>`;
}

function source({ place }: ReportedFinding, { inRepository }: Report): Markup {
  return place === null
    ? NOTHING
    : html`<code>${clipped(inRepository(place.file), 300)}:${place.line}</code>. `;
}
