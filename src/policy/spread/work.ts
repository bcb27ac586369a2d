import type { Labels, PodAffinityTerm, SpreadConstraint, Workload } from "../model.ts";
import { MOST_EXPRESSIONS, MOST_LABELS, MOST_VALUES } from "./bounds.ts";

/** Comparisons of one expression with one workload or node: some tens of milliseconds of them. */
export const MOST_COMPARISONS = 400_000;

/** What a message says where the search for a proof was cut short. */
export const TOO_MUCH =
  "the terms were too many to check, so no proof was found; nodeName, one host in nodeSelector, or one required pod affinity term on kubernetes.io/hostname can always be checked";

/** An answer, and what finding it out took. */
export interface Kept<T extends object = object> {
  readonly answer: T;
  readonly units: number;
}

/**
 * The work that the proofs about one state of a workload may take, and what they have found so far. Users write what
 * is judged, and an answer that is late is no answer: spent means that no proof was found, never that there was one.
 */
export class Work {
  #left = MOST_COMPARISONS;
  readonly #found = new Map<string, Map<object, unknown>>();
  #paid: Set<object> | undefined;

  /** Units that may still be spent. */
  get left(): number {
    return this.#left;
  }

  /** True while there is work left after these units; once false it stays so. */
  spend(units: number): boolean {
    this.#left -= units;
    return this.#left >= 0;
  }

  /**
   * Spends what an answer took that is kept from another time, unless it was spent for it already: whether there is
   * enough for the next question must not depend on who has asked before.
   *
   * @returns false where there is not enough left, and nothing was spent
   */
  spendFor({ units, answer }: Kept): boolean {
    if (this.#paid?.has(answer)) return true;
    if (this.#left < units) return false;
    this.#left -= units;
    this.paid(answer);
    return true;
  }

  /** Notes that finding out this answer has been paid for. */
  paid(answer: object): void {
    this.#paid ??= new Set();
    this.#paid.add(answer);
  }

  /** True where something was not looked at to its end. */
  get isSpent(): boolean {
    return this.#left < 0;
  }

  /** Computes an answer about an object once. */
  once<T>(question: string, about: object, answer: () => T): T {
    let answers = this.#found.get(question);
    if (answers === undefined) {
      answers = new Map();
      this.#found.set(question, answers);
    }
    if (!answers.has(about)) answers.set(about, answer());
    return answers.get(about) as T;
  }

  /** Nothing more is proved: something is too large to be looked at at all. */
  giveUp(): void {
    this.#left = Math.min(this.#left, -1);
  }
}

interface Size {
  readonly expressions: number;
  readonly values: number;
}

/** Terms that look at pods, of whatever sort. */
type PodTerms = readonly (SpreadConstraint & Partial<PodAffinityTerm>)[] | readonly PodAffinityTerm[];

const NO_SIZE: Size = { expressions: 0, values: 0 };
const sizes = new WeakMap<PodTerms, Size>();

/** How much required pod affinity asks for. */
export function sizeOf({ template }: Workload): Size {
  return sizeOfTerms(template.placement.podAffinity);
}

function sizeOfTerms(terms: PodTerms): Size {
  if (terms.length === 0) return NO_SIZE;
  const known = sizes.get(terms);
  if (known !== undefined) return known;
  let [expressions, values] = [0, 0];
  for (const { labelSelector, namespaceSelector, namespaces, matchLabelKeys, mismatchLabelKeys } of terms) {
    expressions += 1 + matchLabelKeys.length + (mismatchLabelKeys?.length ?? 0);
    values += namespaces?.length ?? 0;
    for (const selector of [labelSelector, namespaceSelector]) {
      if (selector === undefined) continue;
      const labels = Object.keys(selector.matchLabels).length;
      expressions += labels + selector.matchExpressions.length;
      values += labels;
      for (const requirement of selector.matchExpressions) values += requirement.values.length;
    }
  }
  const size = { expressions, values };
  sizes.set(terms, size);
  return size;
}

/** Terms that ask for more than is looked at. */
export function areTooMany(terms: PodTerms): boolean {
  const { expressions, values } = sizeOfTerms(terms);
  return expressions > MOST_EXPRESSIONS || values > MOST_VALUES;
}

/** More labels than terms are compared with. */
export function hasTooManyLabels({ template: { labels } }: Workload): boolean {
  let count = 0;
  for (const _ in labels) {
    count += 1;
    if (count === FEW_LABELS) return hasMany(labels);
  }
  return false;
}

/** So many are counted each time. */
const FEW_LABELS = 100;

function hasMany(labels: Labels): boolean {
  let known = manyLabels.get(labels);
  if (known === undefined) {
    known = Object.keys(labels).length > MOST_LABELS;
    manyLabels.set(labels, known);
  }
  return known;
}

const manyLabels = new WeakMap<Labels, boolean>();

export function isTooLarge(workload: Workload): boolean {
  return hasTooManyLabels(workload) || areTooMany(workload.template.placement.podAffinity);
}
