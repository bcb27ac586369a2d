import { nameOf, plural } from "../../policy/phrasing.ts";
import type { FromLog, LoggedKey } from "../log-facts.ts";
import { type Painter, painter } from "../paint.ts";
import { visible } from "../visible.ts";
import { wrapped } from "../wrap.ts";

const SHOWN = 20;
const NOW: Readonly<Record<NonNullable<LoggedKey["now"]>, string>> = {
  yes: "still holds",
  no: "no longer holds",
  unknown: "not known whether it still holds",
};

/** What the logs of a webhook in mode audit or warn say about mode enforce, as blocks for a terminal. */
export function logBlocks(
  log: FromLog,
  { colour, width }: { readonly colour: boolean; readonly width: number },
): readonly string[] {
  const paint = painter(colour);
  return [
    headline(log, width, paint),
    ...rulesBlock(log),
    ...objectsBlock(log, paint),
    nextBlock(log, width, paint),
  ];
}

function headline(log: FromLog, width: number, paint: Painter): string {
  const { requests, dryRuns, ignoredLines, first, last, keys, beyond } = log;
  const open = keys.filter(({ now }) => now !== "no");
  const answer =
    keys.length + beyond === 0
      ? "Nothing would have been denied."
      : `${plural(countOf(keys) + beyond, "denial")}, for ${plural(new Set(keys.map(objectOf)).size, "object")}` +
        `${keys.some(({ now }) => now !== null) ? `, ${new Set(open.map(objectOf)).size} of them not known to be fixed` : ""}.`;
  const rest = [
    ...(dryRuns > 0 ? [`${plural(dryRuns, "dry run")} counted separately`] : []),
    ...(ignoredLines > 0 ? [`${plural(ignoredLines, "line")} that are something else or cut off`] : []),
    ...(beyond > 0 ? [`${plural(beyond, "denial")} of objects beyond the first 50000`] : []),
  ];
  const span = first === null || last === null ? "" : `, ${day(first)} to ${day(last)}`;
  return [
    paint("bold", `Can I switch to enforce? ${plural(requests, "request")} judged${span}`),
    ...wrapped(answer, "", width),
    ...rest.flatMap((each) => wrapped(each, "  - ", width)),
  ].join("\n");
}

function rulesBlock({ keys }: FromLog): readonly string[] {
  if (keys.length === 0) return [];
  const byRule = Map.groupBy(keys, ({ rule }) => rule);
  const rows = [...byRule].map(([rule, own]) => [rule, own.length, countOf(own)] as const);
  const width = Math.max("rule".length, ...rows.map(([rule]) => rule.length));
  return [
    [
      `${"rule".padEnd(width)}  objects  denials`,
      ...rows
        .toSorted((a, b) => b[2] - a[2] || (a[0] < b[0] ? -1 : 1))
        .map(([rule, objects, denials]) =>
          [rule.padEnd(width), String(objects).padStart(7), String(denials).padStart(7)].join("  "),
        ),
    ].join("\n"),
  ];
}

function objectsBlock({ keys }: FromLog, paint: Painter): readonly string[] {
  if (keys.length === 0) return [];
  const rows = keys.slice(0, SHOWN).map((key) => {
    const { rule, count, possibly, first, last, now, users } = key;
    const times = `${plural(count, "time")}${possibly === 0 ? "" : possibly === count ? ", possibly" : `, ${possibly} of them possibly`}`;
    const when = first === last ? day(first) : `${day(first)} to ${day(last)}`;
    const state = now === null ? "" : `, ${paint(now === "no" ? "green" : "yellow", NOW[now])}`;
    const who = users === null ? "" : `, by ${users.map(visible).join(", ")}`;
    return `  ${objectOf(key)} [${rule}]: ${times}, ${when}${state}${who}`;
  });
  const more = keys.length - rows.length;
  return [
    [
      paint("bold", "To fix or exempt first"),
      ...rows,
      ...(more > 0 ? [`  and ${more} more; --format json has all`] : []),
    ].join("\n"),
  ];
}

function nextBlock({ keys }: FromLog, width: number, paint: Painter): string {
  const open = keys.filter(({ now }) => now !== "no");
  if (open.length === 0) {
    const text =
      keys.length === 0
        ? "According to this log, mode enforce would have stopped nobody."
        : "According to this log and the objects as they are now, nothing is left to fix.";
    return wrapped(text, "", width).join("\n");
  }
  const asked = keys.some(({ now }) => now !== null);
  const lines = [
    "Fix: attachguard explain RULE has the fixes for each rule.",
    "Exempt: annotations attachguard.dev/ignore and attachguard.dev/reason on the workload, or exemptions by namespace.",
    ...(asked ? [] : ["To see whether that still holds, run it again with --context or --from."]),
  ];
  return [paint("bold", "Before enforce"), ...lines.flatMap((each) => wrapped(each, "  ", width))].join("\n");
}

function countOf(keys: readonly LoggedKey[]): number {
  return keys.reduce((sum, { count }) => sum + count, 0);
}

function objectOf(key: LoggedKey): string {
  return visible(nameOf(key));
}

function day(time: string): string {
  return time.slice(0, 10);
}
