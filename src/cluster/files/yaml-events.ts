import { EVENT_ID, type Event, parseEvents, YAMLException } from "js-yaml";

/** Deeper than any manifest, and far from the end of the stack. `kubectl` gives up at 10,000. */
const MOST_LEVELS = 1000;

/** All that one document may be parsed again for, in characters, so that no document holds up a run. */
const MOST_PARSED_ANEW = 32 * 1024 * 1024;

/** A document as the parser's events, whose offsets count in `source`. */
export interface YamlEvents {
  readonly events: Event[];
  /** The text with indented continuation lines. */
  readonly source: string;
  /** By how many columns a line (from 0) of `source` was indented. */
  readonly indented: ReadonlyMap<number, number>;
}

/**
 * Parses a document. The library insists that lines of a flow collection or a quoted scalar are indented deeper than
 * what they belong to, and have no tabs; libyaml and with it kubectl do not, and the white space means nothing there.
 * So a line that is refused for that alone is indented (its tabs replaced), and the document is parsed again; and a
 * comment that follows a quote or a bracket without a space is taken out.
 *
 * @throws YAMLException where it is broken
 */
export function eventsOf(text: string): YamlEvents {
  const indented = new Map<number, number>();
  const untabbed = new Set<number>();
  let source = text;
  let budget = Math.max(MOST_PARSED_ANEW, text.length * 4);
  for (;;) {
    try {
      return { events: parseEvents(source, { maxDepth: MOST_LEVELS }), source, indented };
    } catch (error) {
      budget -= source.length;
      const repaired = budget < 0 ? undefined : repair(source, error, indented, untabbed);
      if (repaired === undefined) throw error;
      source = repaired;
    }
  }
}

function repair(
  source: string,
  error: unknown,
  indented: Map<number, number>,
  untabbed: Set<number>,
): string | undefined {
  if (!(error instanceof YAMLException) || error.mark === undefined) return undefined;
  const { position, line } = error.mark;
  if (source[position] === "#" && /["'\]}]/.test(source[position - 1] ?? "")) {
    const comment = /^.*/.exec(source.slice(position))?.[0] ?? "";
    return source.slice(0, position) + " ".repeat(comment.length) + source.slice(position + comment.length);
  }
  if (error.reason !== "deficient indentation") return undefined;
  const lineStart = source.lastIndexOf("\n", position - 1) + 1;
  const tab = separatingTab(source, lineStart, position);
  if (tab !== undefined && !untabbed.has(tab)) {
    untabbed.add(tab);
    return `${source.slice(0, tab)} ${source.slice(tab + 1)}`;
  }
  // A lone CR ends a line for the library too: then the line it names is not the one found here.
  if (indented.has(line) || source.slice(lineStart, position).trim() !== "") return undefined;
  const indent = deepest(source) + 1;
  indented.set(line, indent);
  return source.slice(0, lineStart) + " ".repeat(indent) + source.slice(lineStart);
}

/** A tab between tokens of a line: the one just before the place, else the first that follows white space or a sign. */
function separatingTab(source: string, lineStart: number, position: number): number | undefined {
  const before = source.slice(lineStart, position);
  const run = /\t[ \t]*$/.exec(before) ?? /(?<=^|[\s:,[{-])\t/.exec(before);
  return run === null ? undefined : lineStart + run.index;
}

function deepest(source: string): number {
  let most = 0;
  for (const [spaces] of source.matchAll(/^ +/gm)) most = Math.max(most, spaces.length);
  return Math.min(most, MOST_LEVELS);
}

/** What aliases may make of one document, in nodes. */
const MOST_EXPANDED = 1_000_000;

/** An alias that would make a document endless, or so large that reading it takes minutes; with its offset. */
export interface AliasProblem {
  readonly offset: number;
  readonly problem: string;
}

/** Adds up what a document would be with every alias written out; linear in the number of events. */
export function aliasProblem({ events, source }: YamlEvents): AliasProblem | undefined {
  const sizes = new Map<string, number | undefined>();
  const open: { anchor: string | undefined; size: number }[] = [];
  const add = (size: number): void => {
    const parent = open.at(-1);
    if (parent !== undefined) parent.size += size;
  };
  for (const event of events) {
    if (event.type === EVENT_ID.POP) {
      const { anchor, size } = open.pop() ?? { anchor: undefined, size: 0 };
      if (anchor !== undefined) sizes.set(anchor, size);
      add(size);
    } else if (event.type === EVENT_ID.DOCUMENT) {
      sizes.clear();
      open.push({ anchor: undefined, size: 0 });
    } else {
      const name = source.slice(event.anchorStart, event.anchorEnd);
      if (event.type === EVENT_ID.ALIAS) {
        const offset = event.anchorStart - 1;
        if (!sizes.has(name)) return { offset, problem: `there is no anchor ${name}` };
        const size = sizes.get(name);
        if (size === undefined) return { offset, problem: `anchor ${name} contains itself` };
        if (size > MOST_EXPANDED) return { offset, problem: "its aliases would make it endlessly large" };
        add(size);
      } else {
        const anchor = event.anchorStart === -1 ? undefined : name;
        if (event.type === EVENT_ID.SCALAR) {
          if (anchor !== undefined) sizes.set(anchor, 1);
          add(1);
        } else {
          if (anchor !== undefined) sizes.set(anchor, undefined);
          open.push({ anchor, size: 1 });
        }
      }
    }
    if ((open.at(-1)?.size ?? 0) > MOST_EXPANDED && sizes.size > 0) {
      return { offset: 0, problem: "its aliases would make it endlessly large" };
    }
  }
  return undefined;
}

/** Where a node stands; -1 for an event that has no place of its own. */
export function startOf(event: Event): number {
  switch (event.type) {
    case EVENT_ID.MAPPING:
    case EVENT_ID.SEQUENCE:
      return event.start;
    case EVENT_ID.SCALAR:
      return event.valueStart;
    case EVENT_ID.ALIAS:
      return event.anchorStart - 1;
    default:
      return -1;
  }
}
