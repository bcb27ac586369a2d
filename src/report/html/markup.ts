import { visible } from "../visible.ts";

/** HTML that is safe to stand where it is put; only `html` makes it. */
export class Markup {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

type Value = string | number | Markup | readonly Markup[];

/**
 * A template whose values stay text: in an element or between double quotes. Markup made by this function is put in as
 * it is. Nothing else may be said of a value: none stands in a script, a style or an address.
 */
export function html(strings: TemplateStringsArray, ...values: readonly Value[]): Markup {
  let text = strings[0] ?? "";
  for (const [at, value] of values.entries()) {
    text += rendered(value) + (strings[at + 1] ?? "");
  }
  return new Markup(text);
}

export const NOTHING = html``;

function rendered(value: Value): string {
  if (value instanceof Markup) return value.toString();
  if (Array.isArray(value)) return value.map(String).join("");
  return escaped(visible(String(value)));
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
  "`": "&#96;",
};

/** Two colons or two number signs could start a command of a CI system that prints the page. */
function escaped(text: string): string {
  return text
    .replace(/[&<>"'`]/g, (sign) => ENTITIES[sign] ?? "")
    .replaceAll("::", ":&#58;")
    .replaceAll("##", "#&#35;");
}
