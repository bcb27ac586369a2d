import { nameOf, plural } from "../../policy/phrasing.ts";
import type { NotJudged } from "../report.ts";

/** More objects than these are counted. */
const SHOWN = 10;

/** `2 more objects mount a claim and were not judged: …`: what a report has no verdict on. */
export function notJudgedText(objects: readonly NotJudged[]): string {
  const [mount, was] = objects.length === 1 ? ["mounts", "was"] : ["mount", "were"];
  const shown = objects.slice(0, SHOWN).map(({ object }) => nameOf(object));
  const rest = objects.length - shown.length;
  const names = shown.join(", ") + (rest > 0 ? ` and ${rest} more` : "");
  return `${plural(objects.length, "more object")} ${mount} a claim and ${was} not judged: ${names}`;
}
