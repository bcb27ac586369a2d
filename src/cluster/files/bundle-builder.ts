import { unreadableModes } from "../../kube/access-modes.ts";
import { type Fact, factFrom } from "../../kube/fact.ts";
import { isWorkloadKind } from "../../kube/kinds.ts";
import { type TypeMeta, typeOf } from "../../kube/metadata.ts";
import { mistakenType } from "../../kube/mistaken-type.ts";
import { isRecord, record } from "../../kube/raw.ts";
import { type Unjudged, unjudgedFrom } from "../../kube/unjudged.ts";
import type { Claim, SourcePosition, Workload } from "../../policy/model.ts";
import { ClusterIndex, COMPLETE, completenessOfFiles, namespaceOf } from "../cluster-index.ts";
import type { InputError } from "./input-error.ts";
import { parseJson } from "./json.ts";
import type { ParsedDocument } from "./parsed-document.ts";
import { parseYaml } from "./yaml.ts";

/** Everything that files said, judged together. */
export interface Bundle {
  readonly index: ClusterIndex;
  /** In the order in which they were read. */
  readonly workloads: readonly Workload[];
  readonly claims: readonly Claim[];
  /** What mounts a claim and is of a kind that is not judged. */
  readonly notJudged: NotJudged;
  readonly errors: readonly InputError[];
}

export interface NotJudged {
  readonly count: number;
  /** The first hundred of them. */
  readonly objects: readonly Unjudged[];
}

const MOST_UNJUDGED = 100;

export interface BundleOptions {
  /**
   * The Node objects among the files are all that the cluster has. Where it is not said, they are in a dump, whose
   * objects all have a uid and a resourceVersion; anywhere else they are somebody's, and prove nothing.
   */
  readonly nodesComplete?: boolean;
}

/** A list may hold lists (`kubectl get -f` of several); an alias could make one hold itself. */
const MAX_LIST_DEPTH = 8;

/** Collects the facts of one file after another. */
export class BundleBuilder {
  private readonly index: ClusterIndex;
  private readonly workloads: Workload[] = [];
  private readonly claims: Claim[] = [];
  private readonly unjudged: Unjudged[] = [];
  private unjudgedCount = 0;
  private readonly errors: InputError[];
  private isDump = true;
  /** Where each object was defined first, by kind, namespace and name. */
  private readonly places = new Map<string, SourcePosition>();

  constructor(errors: InputError[] = [], { nodesComplete }: BundleOptions = {}) {
    this.errors = errors;
    this.index = new ClusterIndex({
      fromFiles: true,
      completeness: (kind) =>
        kind === "Node" && (nodesComplete ?? this.isDump) ? COMPLETE : completenessOfFiles(kind),
    });
  }

  /** Adds the documents of a file. What cannot be read is reported and costs no other document. */
  add(file: string, text: string): void {
    const content = text.startsWith("\uFEFF") ? text.slice(1) : text;
    const { documents, errors } = parseJson(file, content) ?? parseYaml(file, content);
    this.errors.push(...errors);
    for (const document of documents) this.addValue(document.value, document, undefined, 0);
  }

  build(): Bundle {
    const notJudged = { count: this.unjudgedCount, objects: this.unjudged };
    return {
      index: this.index,
      workloads: this.workloads,
      claims: this.claims,
      notJudged,
      errors: this.errors,
    };
  }

  private addValue(
    value: unknown,
    { source, items }: Pick<ParsedDocument, "source" | "items">,
    inherited: TypeMeta | undefined,
    depth: number,
  ): void {
    if (!isRecord(value)) return;
    const mistake = mistakenType(value, inherited);
    if (mistake !== undefined) this.report(source, mistake, true);
    const type = typeOf(value, inherited);
    if (type === undefined || mistake !== undefined) return;
    if (type.kind.endsWith("List") && Array.isArray(value.items)) {
      if (depth === MAX_LIST_DEPTH) return;
      const itemType = itemTypeOf(type);
      for (const [at, item] of value.items.entries()) {
        this.addValue(item, { source: items[at] ?? source, items: [] }, itemType, depth + 1);
      }
      return;
    }
    const { uid, resourceVersion } = record(value.metadata);
    if (typeof uid !== "string" || typeof resourceVersion !== "string") this.isDump = false;
    const fact = factFrom(value, source, inherited);
    if (fact === undefined) {
      this.addUnjudged(unjudgedFrom(value, source, inherited));
      return;
    }
    this.addFact(fact, source);
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

  private addFact(fact: Fact, source: SourcePosition): void {
    const { name } = fact.object;
    const namespace = namespaceOf(fact);
    if (name === "") {
      this.report(source, `the ${fact.kind} has no metadata.name: it was not judged; give it a name`, true);
      return;
    }
    const key = JSON.stringify([fact.kind, namespace, name]);
    const first = this.places.get(key);
    if (first !== undefined) {
      const where = `${first.file}:${first.line}:${first.column}`;
      const what = `${fact.kind} ${namespace === "" ? "" : `${namespace}/`}${name}`;
      this.report(
        source,
        `${what} is already defined at ${where}, which counts; remove one of the two`,
        false,
      );
      return;
    }
    this.places.set(key, source);
    this.index.put(fact);
    if (fact.kind === "PersistentVolumeClaim") this.claims.push(fact.object);
    else if (isWorkloadKind(fact.kind)) this.workloads.push(fact.object as Workload);
  }

  private report(source: SourcePosition, message: string, fatal: boolean): void {
    this.errors.push({ ...source, message, fatal });
  }
}

/** The type that the items of a list have without repeating it; a plain `List` says nothing about them. */
function itemTypeOf({ apiVersion, kind }: TypeMeta): TypeMeta | undefined {
  return kind === "List" ? undefined : { apiVersion, kind: kind.slice(0, -"List".length) };
}
