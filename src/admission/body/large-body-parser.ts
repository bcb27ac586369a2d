import { Worker } from "node:worker_threads";
import {
  MOST_EXPRESSIONS,
  MOST_LABELS,
  MOST_NODE_EXPRESSIONS,
  MOST_NODE_VALUES,
  MOST_VALUES,
} from "../../policy/spread/bounds.ts";
import { MOST_CLAIMS } from "../../policy/template-claims.ts";
import { type Compact, type CompactBounds, compactReviews } from "./compact-review.ts";
import { JsonScan } from "./json-scan.ts";

/** The outcome for a large body. */
export type Compacted =
  | Compact
  /** It would have taken more memory than it may. */
  | { readonly state: "out-of-memory" }
  | { readonly state: "late" };

interface Job {
  readonly blocks: readonly Uint8Array<ArrayBuffer>[];
  readonly until: number;
  readonly done: (compacted: Compacted) => void;
}

/**
 * Measured: the largest pair of objects that an API server can store takes about 90 MiB of it, so anything that needs
 * more is not a review.
 */
const HEAP_MIB = 128;
const YOUNG_MIB = 16;
/**
 * Two objects of 1.5 MiB hold at most 1.6 million values (an empty string, or an empty term, is two bytes in etcd);
 * what has more is no review of objects that can be stored.
 */
export const MOST_BODY_VALUES = 2_000_000;
/** One more of each than policy looks at. */
const BOUNDS: CompactBounds = {
  labels: MOST_LABELS + 1,
  podTerms: MOST_EXPRESSIONS + MOST_VALUES + 1,
  nodeExpressions: MOST_NODE_EXPRESSIONS + 1,
  nodeValues: MOST_NODE_VALUES + 1,
  claimTemplates: MOST_CLAIMS + 1,
  values: MOST_BODY_VALUES,
};

/**
 * Parses large bodies away from the thread that answers, one after the other, with a heap of its own: a body that
 * exhausts it ends the worker, and the next one gets a new worker. The result is the review as text again, without
 * escapes and without what no verdict reads, so that parsing it takes a fraction of the time.
 */
export class LargeBodyParser {
  #worker: Worker | undefined;
  #current: Job | undefined;
  readonly #queue: Job[] = [];
  /** Before which no other result is handed over, in milliseconds of `performance.now()`. */
  #restsUntil = 0;

  /**
   * @param blocks the body; they are handed over and empty afterwards
   * @param until when the answer becomes useless, in milliseconds of `performance.now()`
   */
  compact(blocks: readonly Uint8Array<ArrayBuffer>[], until: number): Promise<Compacted> {
    const { promise, resolve } = Promise.withResolvers<Compacted>();
    const timer = setTimeout(
      () => {
        const waiting = this.#queue.indexOf(job);
        if (waiting !== -1) this.#queue.splice(waiting, 1);
        job.done({ state: "late" });
        if (this.#current === job) this.#replace();
      },
      Math.max(0, until - performance.now()),
    );
    const job: Job = {
      blocks,
      until,
      done: (compacted) => {
        clearTimeout(timer);
        resolve(compacted);
      },
    };
    this.#queue.push(job);
    this.#next();
    return promise;
  }

  async close(): Promise<void> {
    for (const job of this.#queue.splice(0)) job.done({ state: "late" });
    const worker = this.#worker;
    this.#worker = undefined;
    this.#current?.done({ state: "late" });
    this.#current = undefined;
    await worker?.terminate();
  }

  #next(): void {
    if (this.#current !== undefined) return;
    const job = this.#queue.shift();
    if (job === undefined) return;
    this.#current = job;
    this.#worker ??= this.#start();
    this.#worker.postMessage(
      job.blocks,
      job.blocks.map(({ buffer }) => buffer),
    );
  }

  #start(): Worker {
    // As text: in the published package all modules are joined into a few files, and none is the worker's own.
    const worker = new Worker(`(${compactReviews})(${JsonScan})`, {
      eval: true,
      execArgv: [],
      env: {},
      workerData: BOUNDS,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB, maxYoungGenerationSizeMb: YOUNG_MIB },
    });
    worker.unref();
    worker.on("message", (compacted: Compacted) => this.#finish(worker, compacted));
    worker.on("error", () => this.#replace(worker));
    return worker;
  }

  #finish(worker: Worker, compacted: Compacted): void {
    if (worker !== this.#worker) return;
    const job = this.#current;
    const rest = this.#restsUntil - performance.now();
    if (rest > 0 && job !== undefined) {
      setTimeout(
        () => this.#finish(worker, compacted),
        Math.max(0, Math.min(rest, job.until - performance.now())),
      ).unref();
      return;
    }
    this.#current = undefined;
    job?.done(compacted);
    const began = performance.now();
    // It is read in one turn and judged in the next; as long again belongs to others.
    setImmediate(() =>
      setImmediate(() => {
        this.#restsUntil = 2 * performance.now() - began;
      }),
    );
    this.#next();
  }

  /** Gives up a worker that ran out of memory or is too slow. */
  #replace(failed = this.#worker): void {
    if (failed === undefined || failed !== this.#worker) return;
    this.#worker = undefined;
    void failed.terminate();
    const job = this.#current;
    this.#current = undefined;
    job?.done({ state: "out-of-memory" });
    this.#next();
  }
}
