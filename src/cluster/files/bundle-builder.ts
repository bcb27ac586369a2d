import { resolve, sep } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { unreadableModes } from "../../kube/access-modes.ts";
import { type Fact, factFrom } from "../../kube/fact.ts";
import { type TypeMeta, typeOf } from "../../kube/metadata.ts";
import { mistakenType } from "../../kube/mistaken-type.ts";
import { isRecord, list, type Raw, record } from "../../kube/raw.ts";
import { type Unjudged, unjudgedFrom } from "../../kube/unjudged.ts";
import type { SourcePosition } from "../../policy/model.ts";
import { namespaceOf } from "../cluster-index.ts";
import { Bundle, type BundleOptions } from "./bundle.ts";
import type { PlacedFact } from "./file-index.ts";
import type { InputError } from "./input-error.ts";
import { parseJson } from "./json.ts";
import { listMember, type ParsedDocument } from "./parsed-document.ts";
import { Areas, type Place } from "./place.ts";
import { sourceComments } from "./source-comments.ts";
import { parseYaml } from "./yaml.ts";

/** A text with objects, and what is known of it from elsewhere. */
export interface Stream {
  /** As it is named in positions. */
  readonly file: string;
  readonly text: string;
  /** A rendered stream: nothing outside it belongs to it, classes, drivers, volumes and nodes aside. */
  readonly closed?: boolean;
  /** Set on every object that takes one. */
  readonly namespace?: string | undefined;
  /** Why what is found here may not be what reaches the cluster. */
  readonly unrendered?: string | undefined;
  /** Where an object of the stream comes from; its own place in the text where that is not known. */
  readonly sourceOf?: (object: Raw, at: SourcePosition) => SourcePosition | undefined;
}

const MOST_UNJUDGED = 100;

/** A list may hold lists (`kubectl get -f` of several); an alias could make one hold itself. */
const MAX_LIST_DEPTH = 8;

/** The file that standard input is called by. */
const STDIN = "-";

/** Collects the facts of one stream after another. */
export class BundleBuilder {
  private readonly facts: PlacedFact[] = [];
  private readonly errors: InputError[];
  private readonly options: BundleOptions;
  private readonly areas = new Areas();
  private readonly unjudged: Unjudged[] = [];
  private unjudgedCount = 0;
  private isDump = true;
  private objects = 0;
  /** Where each object was defined first, by folder or stream, kind, namespace and name. */
  private readonly places = new Map<string, { readonly source: SourcePosition; readonly fact: Fact }>();

  constructor(errors: InputError[] = [], options: BundleOptions = {}) {
    this.errors = errors;
    this.options = options;
  }

  /**
   * Adds the documents of a stream. What cannot be read is reported and costs no other document.
   *
   * @returns how many Kubernetes objects it held, whatever their kinds
   */
  add(stream: Stream): number {
    const text = stream.text.startsWith("\uFEFF") ? stream.text.slice(1) : stream.text;
    const { documents, errors } = parseJson(stream.file, text) ?? parseYaml(stream.file, text);
    this.errors.push(...errors);
    const before = this.objects;
    const adding = new Adding(stream, text, this.areas);
    for (const document of documents) this.addValue(document.value, document, undefined, 0, adding);
    return this.objects - before;
  }

  build(): Bundle {
    return new Bundle({
      facts: this.facts,
      errors: this.errors,
      isDump: this.isDump && this.objects > 0,
      notJudged: { count: this.unjudgedCount, objects: this.unjudged },
      options: this.options,
      areas: this.areas,
    });
  }

  private addValue(
    value: unknown,
    { source, items }: Pick<ParsedDocument, "source" | "items">,
    inherited: TypeMeta | undefined,
    depth: number,
    adding: Adding,
  ): void {
    if (!isRecord(value)) return;
    const mistake = mistakenType(value, inherited);
    if (mistake !== undefined) this.report(source, mistake, true);
    const type = typeOf(value, inherited);
    if (type === undefined || mistake !== undefined) return;
    if (holdsObjects(value, type)) {
      // An alias may put one list into many places; what it holds was added the first time.
      if (depth === MAX_LIST_DEPTH || adding.lists.has(value)) return;
      adding.lists.add(value);
      const itemType = itemTypeOf(type);
      for (const [at, item] of list(value[listMember(value) ?? "items"]).entries()) {
        this.addValue(item, { source: items[at] ?? source, items: [] }, itemType, depth + 1, adding);
      }
      return;
    }
    this.objects += 1;
    const { uid, resourceVersion } = record(value.metadata);
    if (typeof uid !== "string" || typeof resourceVersion !== "string") this.isDump = false;
    const shown = adding.sourceOf(value, source);
    const fact = factFrom(value, shown, inherited);
    if (fact === undefined) {
      this.addUnjudged(unjudgedFrom(value, shown, inherited));
      return;
    }
    this.addFact(fact, value, shown, adding);
    if (fact.kind === "PersistentVolumeClaim" || fact.kind === "PersistentVolume") {
      const unreadable = unreadableModes(record(value.spec).accessModes);
      if (unreadable !== undefined)
        this.report(source, `${fact.kind} ${fact.object.name}: ${unreadable}`, false);
    }
  }

  private addUnjudged(object: Unjudged | undefined): void {
    if (object === undefined) return;
    this.unjudgedCount += 1;
    if (this.unjudged.length < MOST_UNJUDGED) this.unjudged.push(object);
  }

  private addFact(read: Fact, raw: Raw, source: SourcePosition, adding: Adding): void {
    const fact = adding.inUnit(read);
    const { name } = fact.object;
    const namespace = namespaceOf(fact);
    if (name === "") {
      this.report(source, namelessText(fact.kind, raw), true);
      return;
    }
    if (fact.kind === "StorageClass" && fact.object.provisioner === "") {
      this.report(
        source,
        `StorageClass ${name} has no provisioner: it is taken for a patch, not for a class`,
        false,
      );
      return;
    }
    const key = JSON.stringify([adding.scope, fact.kind, namespace, name]);
    const first = this.places.get(key);
    if (first !== undefined) {
      // Classes and drivers are often repeated from file to file, word for word.
      if (!("namespace" in fact.object) && isDeepStrictEqual(first.fact, fact)) return;
      const where = `${first.source.file}:${first.source.line}:${first.source.column}`;
      const what = `${fact.kind} ${namespace === "" ? "" : `${namespace}/`}${name}`;
      this.report(
        source,
        `${what} is already defined at ${where}, which counts; remove one of the two`,
        false,
      );
      return;
    }
    this.places.set(key, { source, fact });
    this.facts.push({ ...fact, place: adding.place(source) });
  }

  private report(source: SourcePosition, message: string, fatal: boolean): void {
    this.errors.push({ ...source, message, fatal });
  }
}

/** One stream while it is added. */
class Adding {
  /** Within it, the second object of a name is a duplicate. */
  readonly scope: string;
  readonly lists = new Set<object>();
  private readonly stream: Stream;
  private readonly area: Place["area"];
  private readonly comments: ReturnType<typeof sourceComments>;

  constructor(stream: Stream, text: string, areas: Areas) {
    const path = stream.file === STDIN ? STDIN : resolve(stream.file).split(sep).join("/");
    const end = path.lastIndexOf("/");
    const folder = end === -1 ? "" : path.slice(0, end).replace(/^\//, "");
    this.scope = stream.closed === true ? path : folder;
    this.stream = stream;
    this.area = areas.leaf(folder, path.slice(end + 1));
    this.comments = sourceComments(text);
  }

  sourceOf(object: Raw, at: SourcePosition): SourcePosition {
    return this.stream.sourceOf?.(object, at) ?? this.comments(at) ?? at;
  }

  place(source: SourcePosition): Place {
    return { area: this.area, closed: this.stream.closed === true, source };
  }

  /** The object with what its kustomization is known to do to it. */
  inUnit(fact: Fact): Fact {
    const { namespace, unrendered } = this.stream;
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

function holdsObjects(value: Raw, type: TypeMeta): boolean {
  if (type.kind === "Template") {
    return /^(?:template\.openshift\.io\/|v1$)/.test(type.apiVersion) && Array.isArray(value.objects);
  }
  return type.kind.endsWith("List") && Array.isArray(value.items);
}

/** The type that the items of a list have without repeating it; a plain `List` and a `Template` say nothing of them. */
function itemTypeOf({ apiVersion, kind }: TypeMeta): TypeMeta | undefined {
  return kind === "List" || kind === "Template"
    ? undefined
    : { apiVersion, kind: kind.slice(0, -"List".length) };
}

function namelessText(kind: string, raw: Raw): string {
  const { name } = record(raw.metadata);
  if (name === undefined || name === null || name === "") {
    return `the ${kind} has no metadata.name: it was not judged; give it a name`;
  }
  return `the ${kind} has a metadata.name that is no text (YAML reads y, no, on and numbers otherwise): it was not judged; put it in quotes`;
}
