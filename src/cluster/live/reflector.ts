import { messageOf } from "../../errors.ts";
import { type Fact, type FactKind, factFrom } from "../../kube/fact.ts";
import type { KindStatus } from "../cluster.ts";
import { namespaceOf } from "../cluster-index.ts";
import { ApiError } from "./api-error.ts";
import { Backoff } from "./backoff.ts";
import type { Clock } from "./clock.ts";
import { isOlder } from "./resource-version.ts";
import { apiVersionOf, type Resource, type Source, type WatchEvent } from "./source.ts";
import { type Log, Standing } from "./standing.ts";
import type { Timings } from "./timings.ts";

/** Where a reflector puts what it sees. */
export interface FactStore {
  put(fact: Fact): void;
  remove(kind: FactKind, namespace: string, name: string): void;
  /** Everything of one kind that is there now. */
  facts(kind: FactKind): Iterable<Fact>;
}

export interface ReflectorDeps {
  readonly kind: FactKind;
  /** Where the kind is served, the preferred API version first. */
  readonly resources: readonly [Resource, ...Resource[]];
  readonly source: Source;
  readonly store: FactStore;
  readonly timings: Timings;
  readonly clock: Clock;
  readonly log: Log;
  /** For how long a kind that was in sync keeps its facts while it is refused (403), in milliseconds. */
  readonly holdMs: () => number;
}

interface Metadata {
  readonly namespace?: string;
  readonly name: string;
  readonly resourceVersion?: string;
}

/**
 * Keeps one kind in the store equal to the API server's, as client-go's Reflector does
 * (`client-go/tools/cache/reflector.go`): list in pages, watch from the list's version, resume from the last version
 * seen, list again when that version is gone (410). Events are applied in the order of the stream; versions are handed
 * back as they came. Whatever fails is retried as long as it runs.
 */
export class Reflector {
  readonly kind: FactKind;
  readonly #deps: ReflectorDeps;
  readonly #backoff: Backoff;
  readonly #standing: Standing;
  readonly #stop = new AbortController();
  readonly #settled = Promise.withResolvers<void>();
  #running: Promise<void> | undefined;
  #served = 0;
  /** The version to watch from; `undefined`: list first. */
  #version: string | undefined;
  /** Continue tokens that have expired in a row: each time the pages become larger, so that listing ends. */
  #expiries = 0;
  /** The server was lost; when it is back it may be another one, restored from an older backup. */
  #lost = false;
  #watchRefused = false;
  /** An expired version has led to a list, and no watch has been established since. */
  #relisted = false;
  /** The last attempt failed. A watch that breaks and is resumed at the first attempt is not reported. */
  #failing = false;

  constructor(deps: ReflectorDeps) {
    this.kind = deps.kind;
    this.#deps = deps;
    this.#backoff = new Backoff(deps.timings.backoffMs, deps.clock.random);
    this.#standing = new Standing(deps);
  }

  /** Resolves when the kind has been listed for the first time, or has been refused, or is not served. */
  start(): Promise<void> {
    this.#running ??= this.#run(this.#stop.signal);
    return this.#settled.promise;
  }

  /** Resolves when nothing runs any more. What is in the store stays there. */
  async stop(): Promise<void> {
    this.#stop.abort(new ApiError("the live view is closing"));
    await this.#running;
    this.#settled.resolve();
  }

  status(): Omit<KindStatus, "objects"> {
    return this.#standing.status(this.#deps.clock.now());
  }

  /** The API version of the kind that the server turned out to serve. */
  get resource(): Resource {
    return this.#deps.resources[this.#served] ?? this.#deps.resources[0];
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      let wait: number;
      try {
        if (this.#version !== undefined && this.#lost) await this.#confirm(this.#version, signal);
        this.#version ??= await this.#list(signal);
        await this.#watch(this.#version, signal);
        continue;
      } catch (thrown) {
        if (signal.aborted) return;
        wait = this.#recover(thrown);
      }
      await this.#deps.clock.sleep(wait, signal);
    }
  }

  async #list(signal: AbortSignal): Promise<string> {
    const { source, store, kind, timings, clock } = this.#deps;
    const begunAt = clock.now();
    const type = { kind, apiVersion: apiVersionOf(this.resource) };
    const seen = new Set<string>();
    const limit = timings.pageSize * 2 ** this.#expiries;
    let next: string | undefined;
    let version: string;
    const see = (raw: unknown) => {
      const fact = factFrom(raw, undefined, type);
      if (fact === undefined) return;
      store.put(fact);
      seen.add(keyOf(fact));
    };
    do {
      const head = await source.list(this.resource, { limit, continue: next }, see, signal);
      next = head.continue;
      version = head.resourceVersion;
    } while (next !== undefined);
    const gone = [...store.facts(kind)].filter((fact) => !seen.has(keyOf(fact)));
    for (const fact of gone) store.remove(kind, namespaceOf(fact), fact.object.name);
    this.#expiries = 0;
    this.#lost = false;
    this.#standing.listed(begunAt, !this.#watchRefused);
    this.#settled.resolve();
    return version;
  }

  /** A server that was restored from a backup counts from a lower version and would be silent until it has caught up. */
  async #confirm(version: string, signal: AbortSignal): Promise<void> {
    const head = await this.#deps.source.list(this.resource, { limit: 1 }, () => {}, signal);
    this.#lost = false;
    if (isOlder(head.resourceVersion, version)) {
      this.#forget(`the API server is at version ${head.resourceVersion}, before ${version}`);
    }
  }

  async #watch(version: string, signal: AbortSignal): Promise<void> {
    const { source, timings, clock } = this.#deps;
    const [least, most] = timings.watchSeconds;
    const timeoutSeconds = Math.round(least + (most - least) * clock.random());
    const startedAt = clock.now();
    const batches = await source.watch(this.resource, { resourceVersion: version, timeoutSeconds }, signal);
    this.#watchRefused = false;
    const ended = new AbortController();
    void this.#stand(clock.now(), ended.signal);
    let quiet = true;
    try {
      for await (const batch of batches) {
        if (batch.length === 0) continue;
        for (const event of batch) this.#apply(event);
        quiet = false;
        this.#follow(clock.now());
      }
    } finally {
      ended.abort();
    }
    if (quiet && clock.now() - startedAt < timings.shortWatchMs) {
      throw new ApiError("the API server ended the watch as soon as it had begun");
    }
  }

  /**
   * A watch that is accepted may still say that the version is gone, and it says so at once. One that has stood for a
   * moment in silence has brought all that there was when it began.
   */
  async #stand(begunAt: number, signal: AbortSignal): Promise<void> {
    const { clock, timings } = this.#deps;
    await clock.sleep(timings.shortWatchMs, signal);
    if (!signal.aborted) this.#follow(begunAt);
  }

  #follow(at: number): void {
    this.#relisted = false;
    this.#failing = false;
    this.#backoff.reset();
    this.#standing.follows(at);
  }

  #apply(event: WatchEvent): void {
    if (event.type === "BOOKMARK") {
      this.#version = event.resourceVersion;
      return;
    }
    const { store, kind } = this.#deps;
    const { namespace = "", name, resourceVersion } = metadataOf(event.object);
    const fact = event.type === "DELETED" ? undefined : factFrom(event.object);
    if (fact === undefined) store.remove(kind, namespace, name);
    else store.put(fact);
    if (resourceVersion !== undefined) this.#version = resourceVersion;
  }

  /** Decides how to continue after a failure. @returns milliseconds to wait before. */
  #recover(thrown: unknown): number {
    const { timings, resources } = this.#deps;
    const error = thrown instanceof ApiError ? thrown : new ApiError(messageOf(thrown), { cause: thrown });
    switch (error.status) {
      case 410:
        return this.#recoverExpired(error);
      case 403:
        return this.#recoverRefused(error);
      case 404:
        this.#version = undefined;
        this.#served = (this.#served + 1) % resources.length;
        if (this.#served !== 0) return 0;
        this.#standing.notServed(`the API server does not serve ${this.resource.plural}: ${error.message}`);
        this.#settled.resolve();
        return this.#slowly(timings.notServedMs);
      default:
        this.#lost ||= error.status === undefined || error.status >= 500;
        if (this.#failing || this.status().state === "waiting") this.#standing.troubled(error.message);
        this.#failing = true;
        return Math.max(this.#backoff.next(), error.retryAfterMs ?? 0);
    }
  }

  /** The server is there, so the list need not wait; only where listing does not help it must not become a loop. */
  #recoverExpired(error: ApiError): number {
    if (this.#version === undefined) {
      this.#expiries = Math.min(this.#expiries + 1, 6);
      return this.#backoff.next();
    }
    this.#forget(error.message);
    if (this.#relisted) return this.#backoff.next();
    this.#relisted = true;
    this.#backoff.reset();
    return 0;
  }

  /** From here to the next list something may have come or gone unseen. */
  #forget(why: string): void {
    this.#version = undefined;
    this.#standing.lostVersion(`${this.resource.plural} have to be listed again: ${why}`);
  }

  /** A kind that was in sync is asked for again soon; one that never was waits. */
  #recoverRefused(error: ApiError): number {
    const { timings, clock } = this.#deps;
    const problem = `no permission to read ${this.resource.plural}: ${error.message}`;
    const { holdsFor, first } = this.#standing.refused(problem, clock.now());
    if (first) this.#backoff.reset();
    if (holdsFor > 0) return Math.min(this.#backoff.next(), holdsFor);
    const mayOnlyList = this.#watchRefused && this.#version !== undefined;
    this.#watchRefused = this.#version !== undefined;
    this.#version = undefined;
    this.#settled.resolve();
    return this.#standing.followed && !mayOnlyList ? this.#backoff.next() : this.#slowly(timings.refusedMs);
  }

  #slowly(ms: number): number {
    return ms * (1 - this.#deps.clock.random() / 2);
  }
}

const keyOf = (fact: Fact) => `${namespaceOf(fact)}/${fact.object.name}`;

function metadataOf(object: unknown): Metadata {
  const metadata = (object as { metadata?: Partial<Metadata> }).metadata;
  if (typeof metadata?.name !== "string") {
    // Nothing says what has changed, so only a new list can.
    throw new ApiError("the watch sent an object without a name", { status: 410 });
  }
  return metadata as Metadata;
}
