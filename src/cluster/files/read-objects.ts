import { unreadableModes } from "../../kube/access-modes.ts";
import { type ChartRelease, chartReleaseFrom } from "../../kube/chart-release.ts";
import { type Fact, factFrom } from "../../kube/fact.ts";
import { type TypeMeta, typeOf } from "../../kube/metadata.ts";
import { mistakenType } from "../../kube/mistaken-type.ts";
import { isRecord, list, type Raw, record } from "../../kube/raw.ts";
import { withParameters } from "../../kube/template-parameters.ts";
import { type Unjudged, unjudgedFrom } from "../../kube/unjudged.ts";
import type { SourcePosition } from "../../policy/model.ts";
import type { InputError } from "./input-error.ts";
import { parseJson } from "./json.ts";
import { listMember, type ParsedDocument } from "./parsed-document.ts";
import { sourceComments } from "./source-comments.ts";
import { parseYaml } from "./yaml.ts";

/** A text with objects, and what is known of it from elsewhere. */
export interface TextWithObjects {
  /** As it is named in positions. */
  readonly file: string;
  readonly text: string;
  /** Where an object of the text comes from; its own place in the text where that is not known. */
  readonly sourceOf?: (object: Raw, at: SourcePosition) => SourcePosition | undefined;
  /** Keep each object as it is written, to be compared with another version of it. */
  readonly keepWritten?: boolean;
}

/** An object of a judged kind, as it was read. */
export interface ReadObject {
  readonly fact: Fact;
  /** Where it comes from, for people. */
  readonly source: SourcePosition;
  /** As it is written; `undefined` unless that was asked for. */
  readonly written: Raw | undefined;
}

/** What a text holds, before its surroundings are known. */
export interface ReadObjects {
  /** How many Kubernetes objects, whatever their kinds. */
  readonly count: number;
  /** Every one of them has a uid and a resourceVersion. */
  readonly isDump: boolean;
  /** In the order of the text; an error stands where it was found. */
  readonly entries: readonly (ReadObject | InputError)[];
  readonly unjudged: readonly Unjudged[];
  readonly chartReleases: readonly ChartRelease[];
}

export function isError(entry: ReadObject | InputError): entry is InputError {
  return "message" in entry;
}

/** A list may hold lists (`kubectl get -f` of several); an alias could make one hold itself. */
const MAX_LIST_DEPTH = 8;

/** Reads the objects of a text. What cannot be read is reported and costs no other document. */
export function readObjects(from: TextWithObjects): ReadObjects {
  const text = from.text.startsWith("\uFEFF") ? from.text.slice(1) : from.text;
  const { documents, errors } = parseJson(from.file, text) ?? parseYaml(from.file, text);
  const reading = new Reading(from, text, errors);
  for (const document of documents) reading.addValue(document.value, document, undefined, 0);
  // Keeping this does not keep the text alive.
  return reading.found;
}

/** Like `readObjects`, for an already parsed value. @param file how positions name it */
export function readValue(value: unknown, file: string): ReadObjects {
  const reading = new Reading({ file, text: "", keepWritten: true }, "", []);
  reading.addValue(value, { source: { file, line: 1, column: 1 }, items: [] }, undefined, 0);
  return reading.found;
}

class Reading {
  readonly #entries: (ReadObject | InputError)[];
  readonly #unjudged: Unjudged[] = [];
  readonly #chartReleases: ChartRelease[] = [];
  #count = 0;
  #isDump = true;
  readonly #lists = new Set<object>();
  readonly #from: TextWithObjects;
  readonly #comments: ReturnType<typeof sourceComments>;

  constructor(from: TextWithObjects, text: string, errors: readonly InputError[]) {
    this.#from = from;
    this.#entries = [...errors];
    this.#comments = sourceComments(text);
  }

  get found(): ReadObjects {
    return {
      count: this.#count,
      isDump: this.#isDump,
      entries: this.#entries,
      unjudged: this.#unjudged,
      chartReleases: this.#chartReleases,
    };
  }

  addValue(
    value: unknown,
    { source, items }: Pick<ParsedDocument, "source" | "items">,
    inherited: TypeMeta | undefined,
    depth: number,
  ): void {
    if (!isRecord(value)) return;
    const mistake = mistakenType(value, inherited);
    if (mistake !== undefined) this.#report(source, mistake, true);
    const type = typeOf(value, inherited);
    if (type === undefined || mistake !== undefined) return;
    if (holdsObjects(value, type)) {
      // An alias may put one list into many places; what it holds was added the first time.
      if (depth === MAX_LIST_DEPTH || this.#lists.has(value)) return;
      this.#lists.add(value);
      const itemType = itemTypeOf(type);
      const members = list(value[listMember(value) ?? "items"]);
      const made = type.kind === "Template" ? withParameters(value, members) : members;
      for (const [at, item] of made.entries()) {
        this.addValue(item, { source: items[at] ?? source, items: [] }, itemType, depth + 1);
      }
      return;
    }
    this.#count += 1;
    const { uid, resourceVersion } = record(value.metadata);
    if (typeof uid !== "string" || typeof resourceVersion !== "string") this.#isDump = false;
    const shown = this.#from.sourceOf?.(value, source) ?? this.#comments(source) ?? source;
    const fact = factFrom(value, shown, inherited);
    if (fact !== undefined) this.#addFact(fact, value, shown, source);
    else {
      const unjudged = unjudgedFrom(value, shown, inherited);
      if (unjudged !== undefined) this.#unjudged.push(unjudged);
      const release = chartReleaseFrom(value, shown, inherited);
      if (release !== undefined) this.#chartReleases.push(release);
    }
  }

  #addFact(fact: Fact, raw: Raw, source: SourcePosition, at: SourcePosition): void {
    const { kind, object } = fact;
    if (object.name === "") this.#report(source, namelessText(kind, raw), true);
    else if (kind === "StorageClass" && object.provisioner === "") {
      const message = `StorageClass ${object.name} has no provisioner: it is taken for a patch, not for a class`;
      this.#report(source, message, false);
    } else {
      this.#entries.push({ fact, source, written: this.#from.keepWritten === true ? raw : undefined });
    }
    if (kind === "PersistentVolumeClaim" || kind === "PersistentVolume") {
      const unreadable = unreadableModes(record(raw.spec).accessModes);
      if (unreadable !== undefined) this.#report(at, `${kind} ${object.name}: ${unreadable}`, false);
    }
  }

  #report(source: SourcePosition, message: string, fatal: boolean): void {
    this.#entries.push({ ...source, message, fatal });
  }
}

function holdsObjects(value: Raw, type: TypeMeta): boolean {
  if (type.kind === "Template") {
    return /^(?:template\.openshift\.io\/|v1$)/.test(type.apiVersion) && Array.isArray(value.objects);
  }
  return type.kind.endsWith("List") && Array.isArray(value.items);
}

/** The type that the items of a list have without repeating it; a plain `List` and a `Template` do not state it. */
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
  return `the ${kind} has a metadata.name that is not text (YAML reads y, no, on and numbers otherwise): it was not judged; put it in quotes`;
}
