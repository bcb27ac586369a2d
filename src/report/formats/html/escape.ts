import { visible } from "../../visible.ts";

/** HTML that was made here; everything else is text until it has been escaped. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type Value = Markup | string | number | readonly Value[];

/**
 * HTML from a template: values are escaped, for text and for quoted attributes alike, unless they are `Markup`. An
 * unquoted attribute, an event handler or the inside of a script or style must never hold a value.
 */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Markup {
  let text = parts[0] ?? "";
  for (const [at, value] of values.entries()) text += textOf(value) + (parts[at + 1] ?? "");
  return new Markup(text);
}

export const NOTHING = new Markup("");

function textOf(value: Value): string {
  if (value instanceof Markup) return value.text;
  if (typeof value === "number") return String(value);
  return typeof value === "string" ? escaped(value) : value.map(textOf).join("");
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
  "##": "&#35;&#35;",
  "::": "&#58;:",
};

/**
 * The last two start commands of CI systems that read what is printed (`harmless.ts`): written as entities, the page is
 * the same wherever it is printed. Lone surrogates cannot be encoded in UTF-8.
 */
function escaped(text: string): string {
  return visible(text.toWellFormed()).replace(/[&<>"']|##|::/g, (sign) => ENTITIES[sign] ?? "");
}

/** More of one text than this helps nobody, and could fill the page. */
const LONGEST = 600;

/** A text whose length others decide, cut. */
export function clipped(text: string, length = LONGEST): string {
  return text.length <= length ? text : `${text.slice(0, length - 1).toWellFormed()}…`;
}

/** An address that a link may lead to; null for everything that is not a web address. */
export function webAddress(address: string | null): string | null {
  return address !== null && /^https?:\/\//i.test(address) && URL.canParse(address)
    ? new URL(address).href
    : null;
}
