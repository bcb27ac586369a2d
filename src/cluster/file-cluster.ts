import { FACT_KINDS } from "../kube/kinds.ts";
import type { Workload } from "../policy/model.ts";
import type { KindStatus, Prepared, Wanted, WholeCluster } from "./cluster.ts";
import { ClusterIndex } from "./cluster-index.ts";
import { type InputError, loadFiles } from "./files.ts";

/** Files used as the cluster: read once at the start, and complete as far as files can be. */
export class FileCluster implements WholeCluster {
  readonly #paths: readonly string[];
  readonly #stdin: NodeJS.ReadableStream | undefined;
  #index = new ClusterIndex({ fromFiles: true });
  #isRead = false;
  #problems: readonly InputError[] = [];
  /** Files are read once, so that every review can be given the same list. */
  #kinds: readonly KindStatus[] | undefined;

  constructor(paths: readonly string[], stdin?: NodeJS.ReadableStream) {
    this.#paths = paths;
    this.#stdin = stdin;
  }

  get view(): ClusterIndex {
    return this.#index;
  }

  workloads(): Iterable<Workload> {
    return this.#index.workloads();
  }

  /** What could not be read as written; the caller decides whether a fatal one stops the server. */
  get errors(): readonly InputError[] {
    return this.#problems;
  }

  /** Never rejects; what went wrong is in `errors`. */
  async start(): Promise<void> {
    const bundle = await loadFiles(this.#paths, { stdin: this.#stdin });
    this.#index = bundle.index;
    this.#problems = bundle.errors;
    this.#isRead = true;
    this.#kinds = undefined;
  }

  /** There is nothing else to look up: the standing view has everything. */
  async prepare(_wanted: Wanted, _signal: AbortSignal): Promise<Prepared> {
    return { view: this.#index, cutShort: false };
  }

  status(): readonly KindStatus[] {
    this.#kinds ??= FACT_KINDS.map((kind) => ({
      kind,
      state: this.#isRead ? "synced" : "waiting",
      objects: this.#index.count(kind),
      ageSeconds: undefined,
      problem: undefined,
    }));
    return this.#kinds;
  }

  async close(): Promise<void> {}
}
