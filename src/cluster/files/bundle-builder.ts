import { resolve, sep } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { ChartRelease } from "../../kube/chart-release.ts";
import type { Fact } from "../../kube/fact.ts";
import type { Unjudged } from "../../kube/unjudged.ts";
import type { SourcePosition } from "../../policy/model.ts";
import { namespaceOf } from "../cluster-index.ts";
import { Bundle, type BundleOptions } from "./bundle.ts";
import type { PlacedFact } from "./file-index.ts";
import type { InputError } from "./input-error.ts";
import { Areas, type Place } from "./place.ts";
import {
  isError,
  type ReadObject,
  type ReadObjects,
  readObjects,
  type TextWithObjects,
} from "./read-objects.ts";

/** Where a stream of objects stands, and what is known of it from elsewhere. */
export interface Standing {
  /** As it is named in positions. */
  readonly file: string;
  /** A rendered stream: nothing outside it belongs to it, classes, drivers, volumes and nodes aside. */
  readonly closed?: boolean;
  /** Set on every object that takes one. */
  readonly namespace?: string | undefined;
  /** Why what is found here may not be what reaches the cluster. */
  readonly unrendered?: string | undefined;
}

/** A text with objects where it stands. */
export type Stream = Standing & TextWithObjects;

const MOST_UNJUDGED = 100;

/** The file name given to standard input. */
const STDIN = "-";

/** Collects the facts of one stream after another. */
export class BundleBuilder {
  readonly #facts: PlacedFact[] = [];
  readonly #errors: InputError[];
  readonly #options: BundleOptions;
  readonly #areas = new Areas();
  readonly #unjudged: Unjudged[] = [];
  #unjudgedCount = 0;
  readonly #chartReleases: ChartRelease[] = [];
  #isDump = true;
  #objects = 0;
  /** Where each object was defined first, by folder or stream, kind, namespace and name. */
  readonly #places = new Map<string, { readonly source: SourcePosition; readonly fact: Fact }>();

  constructor(errors: InputError[] = [], options: BundleOptions = {}) {
    this.#errors = errors;
    this.#options = options;
  }

  /**
   * Adds the documents of a stream. What cannot be read is reported and costs no other document.
   *
   * @returns how many Kubernetes objects it held, whatever their kinds
   */
  add(stream: Stream): number {
    return this.addRead(stream, readObjects(stream));
  }

  /**
   * Adds what was read of a stream before, be it for another bundle.
   *
   * @returns as `add`
   */
  addRead(standing: Standing, { entries, unjudged, chartReleases, count, isDump }: ReadObjects): number {
    const adding = new Adding(standing, this.#areas);
    for (const entry of entries) {
      if (isError(entry)) this.#errors.push(entry);
      else this.#addObject(entry, adding);
    }
    for (const object of unjudged) {
      this.#unjudgedCount += 1;
      if (this.#unjudged.length < MOST_UNJUDGED) this.#unjudged.push(object);
    }
    for (const release of chartReleases) this.#chartReleases.push(release);
    if (!isDump) this.#isDump = false;
    this.#objects += count;
    return count;
  }

  /** The objects that have a chart installed, which the files do not hold; none in a dump, where what it makes is too. */
  get chartReleases(): readonly ChartRelease[] {
    return this.#isDump ? [] : this.#chartReleases;
  }

  build(): Bundle {
    return new Bundle({
      facts: this.#facts,
      errors: this.#errors,
      isDump: this.#isDump && this.#objects > 0,
      notJudged: { count: this.#unjudgedCount, objects: this.#unjudged },
      options: this.#options,
      areas: this.#areas,
    });
  }

  #addObject(read: ReadObject, adding: Adding): void {
    const { source } = read;
    const fact = adding.inUnit(read.fact);
    const { name } = fact.object;
    const namespace = namespaceOf(fact);
    const key = JSON.stringify([adding.scope, fact.kind, namespace, name]);
    const first = this.#places.get(key);
    if (first !== undefined) {
      // Classes and drivers are often repeated from file to file, word for word.
      if (!("namespace" in fact.object) && isDeepStrictEqual(first.fact, fact)) return;
      const where = `${first.source.file}:${first.source.line}:${first.source.column}`;
      const what = `${fact.kind} ${namespace === "" ? "" : `${namespace}/`}${name}`;
      const message = `${what} is already defined at ${where}, and that one counts; remove one of the two`;
      this.#errors.push({ ...source, message, fatal: false });
      return;
    }
    this.#places.set(key, { source, fact });
    this.#facts.push({ ...fact, place: adding.place(source), read, root: adding.scope });
  }
}

/** One stream while it is added. */
class Adding {
  /** Within it, the second object of a name is a duplicate. */
  readonly scope: string;
  readonly #standing: Standing;
  readonly #area: Place["area"];

  constructor(standing: Standing, areas: Areas) {
    const path = standing.file === STDIN ? STDIN : resolve(standing.file).split(sep).join("/");
    const end = path.lastIndexOf("/");
    const folder = end === -1 ? "" : path.slice(0, end).replace(/^\//, "");
    this.scope = standing.closed === true ? path : folder;
    this.#standing = standing;
    this.#area = areas.leaf(folder, path.slice(end + 1));
  }

  place(source: SourcePosition): Place {
    return { area: this.#area, closed: this.#standing.closed === true, source };
  }

  /** The object with what its kustomization is known to do to it. */
  inUnit(fact: Fact): Fact {
    const { namespace, unrendered } = this.#standing;
    const takesNamespace = namespace !== undefined && "namespace" in fact.object;
    if (!takesNamespace && unrendered === undefined) return fact;
    const object = {
      ...fact.object,
      ...(takesNamespace ? { namespace } : {}),
      ...(unrendered === undefined ? {} : { unrendered }),
    };
    return { kind: fact.kind, object } as Fact;
  }
}
