import type { Fact } from "../../kube/fact.ts";
import type { Unjudged } from "../../kube/unjudged.ts";
import type { Claim, Node, SourcePosition, Workload } from "../../policy/model.ts";
import type { ClusterView } from "../../policy/view.ts";
import { ClusterIndex, COMPLETE, completenessOfFiles } from "../cluster-index.ts";
import { FileIndex, type PlacedFact } from "./file-index.ts";
import { FileView } from "./file-view.ts";
import type { InputError } from "./input-error.ts";
import type { Areas, Place } from "./place.ts";

export interface BundleOptions {
  /**
   * What the files do not hold does not exist. Where it is not set: only in a dump, whose objects all have a uid and a
   * resourceVersion.
   */
  readonly closed?: boolean;
  /** The Node objects among the files are all that the cluster has; else as `closed`. */
  readonly nodesComplete?: boolean;
  /** Every node of the cluster, whatever the files hold. */
  readonly nodes?: readonly Node[];
}

/** The first hundred of them, and how many there are. */
export interface NotJudgedObjects {
  readonly count: number;
  readonly objects: readonly Unjudged[];
}

interface BundleParts {
  readonly facts: readonly PlacedFact[];
  readonly errors: readonly InputError[];
  readonly isDump: boolean;
  readonly notJudged: NotJudgedObjects;
  readonly options: BundleOptions;
  readonly areas: Areas;
}

const NOWHERE: SourcePosition = { file: "", line: 1, column: 1 };

/** Everything read from the files, judged together. */
export class Bundle {
  /** In the order in which they were read. */
  readonly workloads: readonly Workload[];
  readonly claims: readonly Claim[];
  /** What mounts a claim and is of a kind that is not judged. */
  readonly notJudged: NotJudgedObjects;
  readonly errors: readonly InputError[];
  /** Every object has a uid and a resourceVersion: this is a dump of a cluster. */
  readonly isDump: boolean;
  /** Every object of a judged kind, in the order in which they were read. */
  readonly facts: readonly PlacedFact[];
  readonly #options: BundleOptions;
  readonly #root: Place;
  #byName: ClusterIndex | undefined;
  #byPlace: FileIndex | undefined;
  #seenNodes: readonly Node[] | undefined;

  constructor({ facts, errors, isDump, notJudged, options, areas }: BundleParts) {
    this.#root = { area: areas.leaf("", ""), closed: false, source: NOWHERE };
    this.notJudged = notJudged;
    this.facts = facts;
    this.errors = errors;
    this.isDump = isDump;
    this.#options = options;
    const workloads: Workload[] = [];
    const claims: Claim[] = [];
    for (const { kind, object } of facts) {
      if (kind === "PersistentVolumeClaim") claims.push(object);
      else if ("template" in object) workloads.push(object);
    }
    this.workloads = workloads;
    this.claims = claims;
  }

  /** True where what the files do not hold does not exist. */
  get closed(): boolean {
    return this.#options.closed ?? this.isDump;
  }

  /** The files as one cluster: of two objects of one namespace and name the first counts, wherever they stand. */
  get index(): ClusterIndex {
    if (this.#byName === undefined) {
      const { closed } = this;
      const nodes = this.#options.nodesComplete ?? closed;
      const index = new ClusterIndex({
        fromFiles: true,
        completeness: (kind) => ((kind === "Node" ? nodes : closed) ? COMPLETE : completenessOfFiles(kind)),
      });
      for (const { place: _place, read: _read, root: _root, ...fact } of this.facts) {
        const namespace = "namespace" in fact.object ? fact.object.namespace : "";
        if (!index.has(fact.kind, namespace, fact.object.name)) index.put(fact as never);
      }
      this.#byName = index;
    }
    return this.#byName;
  }

  /**
   * The files seen from where one of their objects stands; what it refers to is the nearest of its name.
   *
   * @param object one of the bundle's; without one they are seen from above all of them
   * @param surroundings the cluster that the files are applied to
   */
  viewFor(object: Fact["object"] | undefined, surroundings?: ClusterView): ClusterView {
    const index = this.#places;
    return new FileView(index, (object && index.placeOf(object)) ?? this.#root, {
      closed: this.closed,
      nodes: this.#allNodes,
      surroundings,
    });
  }

  /** The Node objects among the files, the first of each name, sorted. */
  get nodes(): readonly Node[] {
    const byName = new Map<string, Node>();
    for (const node of this.#places.all("Node")) if (!byName.has(node.name)) byName.set(node.name, node);
    return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  get #places(): FileIndex {
    this.#byPlace ??= new FileIndex(this.facts);
    return this.#byPlace;
  }

  get #allNodes(): readonly Node[] | undefined {
    const { nodes, nodesComplete = this.closed } = this.#options;
    if (nodes !== undefined) return nodes;
    if (nodesComplete) this.#seenNodes ??= this.nodes;
    return this.#seenNodes;
  }
}
