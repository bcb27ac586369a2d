import { Worker } from "node:worker_threads";

/** What became of a large body. */
export type Compacted =
  | { readonly state: "text"; readonly text: string }
  | { readonly state: "malformed" }
  | { readonly state: "too-deep" }
  /** It would have taken more memory than it may. */
  | { readonly state: "out-of-memory" }
  | { readonly state: "late" };

interface Job {
  readonly blocks: readonly Uint8Array<ArrayBuffer>[];
  readonly until: number;
  readonly done: (compacted: Compacted) => void;
}

/**
 * Measured: the largest pair of objects that an API server can store takes about 90 MiB of it, so that what needs
 * more is no review.
 */
const HEAP_MIB = 128;
const YOUNG_MIB = 16;

/**
 * Parses large bodies away from the thread that answers, one after the other, with a heap of its own: a body that
 * explodes ends the worker, and the next one gets a new worker. What comes back is the review as text again, without
 * escapes and without what no verdict reads, so that parsing that takes a fraction.
 */
export class LargeBodyParser {
  #worker: Worker | undefined;
  #current: Job | undefined;
  readonly #queue: Job[] = [];

  /**
   * @param blocks the body; they are handed over and empty afterwards
   * @param until when the answer is of no use any more, in milliseconds of `performance.now()`
   */
  compact(blocks: readonly Uint8Array<ArrayBuffer>[], until: number): Promise<Compacted> {
    const { promise, resolve } = Promise.withResolvers<Compacted>();
    const timer = setTimeout(() => {
      const waiting = this.#queue.indexOf(job);
      if (waiting !== -1) this.#queue.splice(waiting, 1);
      job.done({ state: "late" });
      if (this.#current === job) this.#replace();
    }, until - performance.now());
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
    const worker = new Worker(`(${compactMessages.toString()})()`, {
      eval: true,
      execArgv: [],
      env: {},
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
    this.#current = undefined;
    job?.done(compacted);
    this.#next();
  }

  /** A worker that ran out of memory, or that is too slow, is given up. */
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

/** What the worker runs; it sees nothing of this module. */
function compactMessages(): void {
  const port = process.getBuiltinModule("node:worker_threads").parentPort;
  const { createHash } = process.getBuiltinModule("node:crypto");
  type Raw = Record<string, unknown>;
  // No verdict reads these, but whether a template was changed depends on them: a digest takes their place.
  const unreadOfContainer = [
    "env",
    "envFrom",
    "command",
    "args",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "lifecycle",
    "resources",
  ];
  const unreadVolumes = ["emptyDir", "configMap", "secret", "projected", "downwardAPI"];
  const isRaw = (value: unknown): value is Raw => typeof value === "object" && value !== null;
  const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
  const digest = (values: readonly unknown[]): string =>
    createHash("sha256").update(JSON.stringify(values)).digest("base64");
  const pruneAnnotations = (metadata: unknown): readonly unknown[] => {
    if (!isRaw(metadata) || !isRaw(metadata.annotations)) return [];
    const entries = Object.entries(metadata.annotations);
    const isRead = ([key]: readonly [string, unknown]) =>
      key.startsWith("attachguard.dev/") || /^(volume|storageclass)\.(beta\.)?kubernetes\.io\//.test(key);
    metadata.annotations = Object.fromEntries(entries.filter(isRead));
    return entries.filter((entry) => !isRead(entry));
  };
  const pruneContainer = (container: unknown): void => {
    if (!isRaw(container)) return;
    const taken: unknown[] = [];
    for (const field of unreadOfContainer) {
      if (!(field in container)) continue;
      taken.push(field, container[field]);
      delete container[field];
    }
    if (taken.length > 0) container.unread = digest(taken);
  };
  const prune = (object: unknown): void => {
    if (!isRaw(object)) return;
    if (isRaw(object.metadata)) delete object.metadata.managedFields;
    pruneAnnotations(object.metadata);
    const template = isRaw(object.spec) ? object.spec.template : undefined;
    if (!isRaw(template)) return;
    const taken: unknown[] = [...pruneAnnotations(template.metadata)];
    if (isRaw(template.spec)) {
      for (const field of ["containers", "initContainers", "ephemeralContainers"]) {
        for (const container of listOf(template.spec[field])) pruneContainer(container);
      }
      const isUnread = (volume: unknown) =>
        isRaw(volume) && Object.keys(volume).every((key) => key === "name" || unreadVolumes.includes(key));
      const volumes = listOf(template.spec.volumes);
      const unread = volumes.filter(isUnread);
      if (unread.length > 0) {
        taken.push(unread);
        template.spec.volumes = volumes.filter((volume) => !isUnread(volume));
      }
    }
    if (taken.length > 0) template.unread = digest(taken);
  };
  const compact = (blocks: readonly Uint8Array[]): Compacted => {
    const decoder = new TextDecoder();
    let text = "";
    for (const block of blocks) text += decoder.decode(block, { stream: true });
    let review: unknown;
    try {
      review = JSON.parse(text + decoder.decode());
    } catch {
      return { state: "malformed" };
    }
    try {
      if (isRaw(review) && isRaw(review.request)) {
        prune(review.request.object);
        prune(review.request.oldObject);
      }
      return { state: "text", text: JSON.stringify(review) };
    } catch (error) {
      // The stack ends before the nesting does.
      if (error instanceof RangeError) return { state: "too-deep" };
      throw error;
    }
  };
  port?.on("message", (blocks: readonly Uint8Array[]) => port.postMessage(compact(blocks)));
}
