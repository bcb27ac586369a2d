import { CHOMPING_MODE, COLLECTION_STYLE, EVENT_ID, type Event, getScalarValue, SCALAR_STYLE } from "js-yaml";
import type { YamlEvents } from "./yaml-events.ts";

/** A node of a document and the piece of text that it is; offsets count in the text that was parsed. */
export type YamlNode = Place &
  (
    | { readonly type: "mapping"; readonly flow: boolean; readonly members: readonly YamlMember[] }
    | { readonly type: "sequence"; readonly flow: boolean; readonly items: readonly YamlNode[] }
    | {
        readonly type: "scalar";
        readonly value: string;
        readonly style: "plain" | "single-quoted" | "double-quoted" | "block";
        /** True where nothing is written. */
        readonly empty: boolean;
      }
    | { readonly type: "alias" }
  );

interface Place {
  /** The first character, quotes and brackets included, an anchor or tag before it not. */
  readonly start: number;
  /** Behind the last character that is no white space; of a block scalar that keeps its blank lines, behind those. */
  readonly end: number;
  /** The anchor that it has, or that it names as an alias; `undefined`: none. */
  readonly anchor: string | undefined;
  /** True where a tag stands before it. */
  readonly tagged: boolean;
}

export interface YamlMember {
  readonly key: YamlNode;
  readonly value: YamlNode;
}

/** One document: its outermost node, and the anchors that aliases in it name. */
export interface YamlDocument {
  readonly root: YamlNode;
  readonly aliased: ReadonlySet<string>;
}

/** The documents of parsed events as trees. Empty documents are left out. */
export function documentTrees({ events, source }: YamlEvents): readonly YamlDocument[] {
  const reading = new TreeReading(events, source);
  const documents: YamlDocument[] = [];
  for (let root = reading.nextDocument(); root !== undefined; root = reading.nextDocument()) {
    documents.push({ root, aliased: reading.aliased });
  }
  return documents;
}

class TreeReading {
  aliased = new Set<string>();
  #at = 0;
  readonly #events: readonly Event[];
  readonly #source: string;

  constructor(events: readonly Event[], source: string) {
    this.#events = events;
    this.#source = source;
  }

  nextDocument(): YamlNode | undefined {
    while (this.#at < this.#events.length) {
      const event = this.#events[this.#at];
      if (event?.type === EVENT_ID.DOCUMENT || event?.type === EVENT_ID.POP) this.#at += 1;
      else {
        this.aliased = new Set();
        return this.#node(0);
      }
    }
    return undefined;
  }

  /** @param from where the text that may belong to the node begins */
  #node(from: number): YamlNode {
    const event = this.#events[this.#at] as Event;
    this.#at += 1;
    switch (event.type) {
      case EVENT_ID.MAPPING: {
        const members: YamlMember[] = [];
        let end = event.start;
        while (this.#events[this.#at]?.type !== EVENT_ID.POP) {
          const key = this.#node(end);
          const value = this.#node(this.#behindColon(key.end));
          members.push({ key, value });
          end = value.end;
        }
        this.#at += 1;
        const flow = event.style === COLLECTION_STYLE.FLOW;
        if (flow) end = this.#behind("}", members.length === 0 ? event.start + 1 : end);
        return { type: "mapping", flow, members, ...this.#place(event, event.start, end) };
      }
      case EVENT_ID.SEQUENCE: {
        const items: YamlNode[] = [];
        const flow = event.style === COLLECTION_STYLE.FLOW;
        let end = event.start;
        while (this.#events[this.#at]?.type !== EVENT_ID.POP) {
          const item = this.#node(flow ? end : this.#behind("-", end));
          items.push(item);
          end = item.end;
        }
        this.#at += 1;
        if (flow) end = this.#behind("]", items.length === 0 ? event.start + 1 : end);
        return { type: "sequence", flow, items, ...this.#place(event, event.start, end) };
      }
      case EVENT_ID.SCALAR: {
        if (event.valueStart === -1) {
          const end = Math.max(from, event.anchorEnd, event.tagEnd);
          return { type: "scalar", value: "", style: "plain", empty: true, ...this.#place(event, end, end) };
        }
        const style = STYLES[event.style];
        const quote = style === "single-quoted" || style === "double-quoted" ? 1 : 0;
        const raw = this.#source.slice(event.valueStart, event.valueEnd);
        const written = event.chomping === CHOMPING_MODE.KEEP ? raw.replace(/\r?\n$/, "") : raw.trimEnd();
        const end = event.valueStart + written.length;
        return {
          type: "scalar",
          value: getScalarValue(this.#source, event),
          style,
          empty: false,
          ...this.#place(event, event.valueStart - quote, quote === 0 ? end : event.valueEnd + 1),
        };
      }
      case EVENT_ID.ALIAS: {
        const anchor = this.#source.slice(event.anchorStart, event.anchorEnd);
        this.aliased.add(anchor);
        return { type: "alias", start: event.anchorStart - 1, end: event.anchorEnd, anchor, tagged: false };
      }
      default:
        throw new Error("an event where a node should be");
    }
  }

  #place(
    event: { readonly anchorStart: number; readonly anchorEnd: number; readonly tagStart: number },
    start: number,
    end: number,
  ): Place {
    const anchor =
      event.anchorStart === -1 ? undefined : this.#source.slice(event.anchorStart, event.anchorEnd);
    return { start, end, anchor, tagged: event.tagStart !== -1 };
  }

  #behindColon(from: number): number {
    return this.#behind(":", from);
  }

  /** The offset behind the next sign that stands in no comment; `from` where there is none on the way. */
  #behind(sign: string, from: number): number {
    for (let at = from; at < this.#source.length; at += 1) {
      const character = this.#source[at] as string;
      if (character === sign) return at + 1;
      if (character === "#" && /\s/.test(this.#source[at - 1] ?? " ")) {
        const newline = this.#source.indexOf("\n", at);
        if (newline === -1) return from;
        at = newline;
      } else if (!/[\s,]/.test(character)) return from;
    }
    return from;
  }
}

const STYLES = {
  [SCALAR_STYLE.PLAIN]: "plain",
  [SCALAR_STYLE.SINGLE_QUOTED]: "single-quoted",
  [SCALAR_STYLE.DOUBLE_QUOTED]: "double-quoted",
  [SCALAR_STYLE.LITERAL_BLOCK]: "block",
  [SCALAR_STYLE.FOLDED_BLOCK]: "block",
} as const;
