import { html, type Markup } from "./escape.ts";

/** A command is shown whole or not at all. */
const LONGEST = 4_000;

/** Something to type or to write, with a button that copies just what is seen. */
export function command(text: string): Markup {
  if (text.length > LONGEST)
    return html`<p class="soft">It is too long to be shown here; <code>--format json</code> has it.</p>`;
  return html`<div class="command"><code>${text}</code><button type="button" class="copy" hidden>Copy</button></div>`;
}
