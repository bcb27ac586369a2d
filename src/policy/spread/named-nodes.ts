import type { Node, NodeSelectorTerm, Placement, Requirement } from "../model.ts";
import { NODE_NAME_FIELD } from "../nodes.ts";
import { labelOf } from "../selectors.ts";
import { NODE_NAME } from "./constraints.ts";

/** Places in a list of nodes. */
type Places = readonly number[];

/** Finds nodes by what tells them apart: their names, and labels with many values. */
export class NamedNodes {
  readonly #nodes: readonly Node[];
  readonly #identifying: ReadonlySet<string>;
  /** By label key (or `NODE_NAME`) and value, for the keys that somebody asked for. */
  readonly #byKey = new Map<string, ReadonlyMap<string | undefined, Places>>();

  /** @param identifying the labels with many values */
  constructor(nodes: readonly Node[], identifying: ReadonlySet<string>) {
    this.#nodes = nodes;
    this.#identifying = identifying;
  }

  /**
   * The nodes among which those are that satisfy a placement and the node affinity of volumes, in the order of the list;
   * `undefined` where none of these asks for certain ones, or for so many that they are no fewer than all. Users may ask
   * for the same nodes thousands of times: more places than there are nodes are never gone through.
   */
  candidatesFor(
    { nodeName, nodeSelector, nodeAffinity }: Placement,
    volumes: readonly (readonly NodeSelectorTerm[])[],
  ): readonly Node[] | undefined {
    let fewest: Places | undefined;
    const consider = (find: (fewerThan: number) => Places | undefined): void => {
      fewest = find(fewest?.length ?? this.#nodes.length) ?? fewest;
    };
    const considerOne = (key: string, value: string): void =>
      consider((fewerThan) => merged(this.#with(key, [value]), fewerThan));
    if (nodeName !== undefined) considerOne(NODE_NAME, nodeName);
    for (const key in nodeSelector) {
      if (this.#identifying.has(key)) considerOne(key, nodeSelector[key] as string);
    }
    for (const terms of nodeAffinity === undefined ? volumes : [nodeAffinity, ...volumes]) {
      consider((fewerThan) => this.#withOneOf(terms, fewerThan));
    }
    return fewest?.map((at) => this.#nodes[at] as Node);
  }

  /** Of alternatives, all that one of them asks for; `undefined` where one asks for none in particular. */
  #withOneOf(terms: readonly NodeSelectorTerm[], fewerThan: number): Places | undefined {
    const found: Places[] = [];
    for (const term of terms) {
      const ofTerm = this.#withAll(term);
      if (ofTerm === undefined) return undefined;
      for (const places of ofTerm) found.push(places);
    }
    return merged(found, fewerThan);
  }

  /** By the requirement of a term that asks for the fewest. */
  #withAll({ matchExpressions, matchFields }: NodeSelectorTerm): readonly Places[] | undefined {
    // A term without any requirement matches no node.
    if (matchExpressions.length + matchFields.length === 0) return [];
    let fewest: readonly Places[] | undefined;
    for (const requirement of [...matchExpressions, ...matchFields.filter(isOfName).map(asName)]) {
      const { key, operator, values } = requirement;
      if (operator !== "In" || (key !== NODE_NAME && !this.#identifying.has(key))) continue;
      const found = this.#with(key, values);
      if (fewest === undefined || countIn(found) < countIn(fewest)) fewest = found;
    }
    return fewest;
  }

  /** The places for each of these values that some node has. */
  #with(key: string, values: readonly string[]): readonly Places[] {
    let places = this.#byKey.get(key);
    if (places === undefined) {
      places = Map.groupBy(this.#nodes.keys(), (at) => {
        const { name, labels } = this.#nodes[at] as Node;
        return key === NODE_NAME ? name : labelOf(labels, key);
      });
      this.#byKey.set(key, places);
    }
    const found: Places[] = [];
    for (const value of new Set(values)) {
      const ofValue = places.get(value);
      if (ofValue !== undefined) found.push(ofValue);
    }
    return found;
  }
}

function countIn(found: readonly Places[]): number {
  return found.reduce((sum, { length }) => sum + length, 0);
}

/** All of these places, each once and in order; `undefined` where they are not fewer than so many, counted as they are given. */
function merged(found: readonly Places[], fewerThan: number): Places | undefined {
  if (countIn(found) >= fewerThan) return undefined;
  const [first, ...others] = found;
  if (first === undefined || others.length === 0) return first ?? [];
  return [...new Set(found.flat())].sort((a, b) => a - b);
}

function isOfName({ key }: Requirement): boolean {
  return key === NODE_NAME_FIELD;
}

function asName(requirement: Requirement): Requirement {
  return { ...requirement, key: NODE_NAME };
}
