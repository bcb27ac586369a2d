import { html, type Markup } from "./escape.ts";

/** A command is shown whole or not at all. */
const LONGEST = 4_000;

/** A command or a piece of YAML, with a button that copies exactly what is shown. */
export function command(text: string): Markup {
  if (text.length > LONGEST)
    return html`<p class="soft">It is too long to be shown here; <code>--format json</code> has it.</p>`;
  return html`<div class="command"><code>${text}</code><button type="button" class="copy" hidden>Copy</button></div>`;
}
