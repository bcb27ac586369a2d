import type { Node, NodeSelectorTerm, Placement, Requirement } from "../model.ts";
import { NODE_NAME_FIELD } from "../nodes.ts";
import { labelOf } from "../selectors.ts";
import { NODE_NAME } from "./constraints.ts";

/** Finds nodes by what tells them apart: their names, and labels with many values. Nodes stand for their places in a list. */
export class NamedNodes {
  readonly #nodes: readonly Node[];
  readonly #identifying: ReadonlySet<string>;
  /** By label key (or `NODE_NAME`) and value, for the keys that somebody asked for. */
  readonly #byKey = new Map<string, ReadonlyMap<string | undefined, readonly number[]>>();

  /** @param identifying the labels with many values */
  constructor(nodes: readonly Node[], identifying: ReadonlySet<string>) {
    this.#nodes = nodes;
    this.#identifying = identifying;
  }

  /**
   * The nodes among which those are that satisfy a placement and the node affinity of volumes, in the order of the list;
   * `undefined` where none of these asks for certain ones.
   */
  candidatesFor(
    { nodeName, nodeSelector, nodeAffinity }: Placement,
    volumes: readonly (readonly NodeSelectorTerm[])[],
  ): readonly Node[] | undefined {
    let fewest: readonly number[] | undefined;
    const consider = (found: readonly number[] | undefined): void => {
      if (found !== undefined && (fewest === undefined || found.length < fewest.length)) fewest = found;
    };
    if (nodeName !== undefined) consider(this.#with(NODE_NAME, [nodeName]));
    for (const key in nodeSelector) {
      if (this.#identifying.has(key)) consider(this.#with(key, [nodeSelector[key] as string]));
    }
    if (nodeAffinity !== undefined) consider(this.#withOneOf(nodeAffinity));
    for (const terms of volumes) consider(this.#withOneOf(terms));
    return fewest?.map((at) => this.#nodes[at] as Node);
  }

  /** Of alternatives, all that one of them asks for; `undefined` where one asks for none in particular. */
  #withOneOf(terms: readonly NodeSelectorTerm[]): readonly number[] | undefined {
    const all = new Set<number>();
    for (const term of terms) {
      const found = this.#withAll(term);
      if (found === undefined) return undefined;
      for (const at of found) all.add(at);
    }
    return [...all].sort((a, b) => a - b);
  }

  /** By the requirement of a term that asks for the fewest. */
  #withAll({ matchExpressions, matchFields }: NodeSelectorTerm): readonly number[] | undefined {
    // A term without any requirement matches no node.
    if (matchExpressions.length + matchFields.length === 0) return [];
    let fewest: readonly number[] | undefined;
    for (const requirement of [...matchExpressions, ...matchFields.filter(isOfName).map(asName)]) {
      const { key, operator, values } = requirement;
      if (operator !== "In" || (key !== NODE_NAME && !this.#identifying.has(key))) continue;
      const found = this.#with(key, values);
      if (fewest === undefined || found.length < fewest.length) fewest = found;
    }
    return fewest;
  }

  #with(key: string, values: readonly string[]): readonly number[] {
    let places = this.#byKey.get(key);
    if (places === undefined) {
      places = Map.groupBy(this.#nodes.keys(), (at) => {
        const { name, labels } = this.#nodes[at] as Node;
        return key === NODE_NAME ? name : labelOf(labels, key);
      });
      this.#byKey.set(key, places);
    }
    return values.flatMap((value) => places.get(value) ?? []);
  }
}

function isOfName({ key }: Requirement): boolean {
  return key === NODE_NAME_FIELD;
}

function asName(requirement: Requirement): Requirement {
  return { ...requirement, key: NODE_NAME };
}
