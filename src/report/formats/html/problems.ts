import { nameOf } from "../../../policy/phrasing.ts";
import type { Report } from "../../report.ts";
import { clipped, html, type Markup, NOTHING } from "./escape.ts";

const SHOWN = 50;

/** What was not judged, and why: never left out. */
export function problems({ errors, notes, notJudged, audit, inRepository }: Report): Markup {
  const where = (file: string, line: number) => (file === "" ? "" : `${inRepository(file)}:${line}: `);
  const unread = (audit?.read ?? []).filter(({ state }) => state === "unread");
  const parts = [
    list(
      "Not judged because of errors",
      errors.map(({ file, line, message }) => where(file, line) + message),
    ),
    list(
      "Not read, so not judged or only in part",
      unread.map(({ kind, why }) => kind + (why === null ? "" : `: ${why}`)),
    ),
    list(
      "Of a kind that is not judged",
      notJudged.map(({ object }) => nameOf(object)),
    ),
    list(
      "Notes",
      notes.map(({ source, message }) => (source === null ? "" : where(source.file, source.line)) + message),
    ),
  ].filter((part) => part !== NOTHING);
  if (parts.length === 0) return NOTHING;
  return html`<section aria-labelledby="not-judged"><h2 id="not-judged">Not judged, and notes</h2>${parts}</section>`;
}

function list(title: string, items: readonly string[]): Markup {
  if (items.length === 0) return NOTHING;
  const more = items.length - SHOWN;
  return html`<h3>${title} (${items.length})</h3><ul>${items.slice(0, SHOWN).map((item) => html`<li>${clipped(item)}</li>`)}${more > 0 ? html`<li>and ${more} more</li>` : NOTHING}</ul>`;
}
