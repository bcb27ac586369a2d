import { messageOf } from "../../errors.ts";
import { type Fact, type FactKind, factFrom } from "../../kube/fact.ts";
import type { KindStatus } from "../cluster.ts";
import { namespaceOf } from "../cluster-index.ts";
import { ApiError } from "./api-error.ts";
import { Backoff } from "./backoff.ts";
import type { Clock } from "./clock.ts";
import { apiVersionOf, type Resource, type Source, type WatchEvent } from "./source.ts";
import type { Timings } from "./timings.ts";

/** Where a reflector puts what it sees. */
export interface FactStore {
  put(fact: Fact): void;
  remove(kind: FactKind, namespace: string, name: string): void;
  /** Everything of one kind that is there now. */
  facts(kind: FactKind): Iterable<Fact>;
}

/** The part of pino's interface that is used. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
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
}

type State = KindStatus["state"];

interface Metadata {
  readonly namespace?: string;
  readonly name: string;
  readonly resourceVersion?: string;
}

/**
 * Keeps one kind in the store equal to the API server's, as client-go's Reflector does
 * (`client-go/tools/cache/reflector.go`): list in pages, watch from the list's version, resume from the last version
 * seen, list again when that version is gone (410). Events are applied in the order of the stream; versions are
 * handed back as they came. Whatever fails is tried again for as long as it runs.
 */
export class Reflector {
  readonly kind: FactKind;
  readonly #deps: ReflectorDeps;
  readonly #backoff: Backoff;
  readonly #stop = new AbortController();
  readonly #settled = Promise.withResolvers<void>();
  #running: Promise<void> | undefined;
  #served = 0;
  #state: State = "waiting";
  #problem: string | undefined;
  #heardAt: number | undefined;
  /** The version to watch from; `undefined`: list first. */
  #version: string | undefined;
  /** Continue tokens that have expired in a row: each time the pages become larger, so that listing ends. */
  #expiries = 0;
  /** The server was lost; when it is back it may be another one, restored from an older backup. */
  #lost = false;
  #watchRefused = false;
  /** The last attempt failed. A watch that breaks and is resumed at the first attempt is not worth a word. */
  #failing = false;

  constructor(deps: ReflectorDeps) {
    this.kind = deps.kind;
    this.#deps = deps;
    this.#backoff = new Backoff(deps.timings.backoffMs, deps.clock.random);
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
    return {
      kind: this.kind,
      state: this.#state,
      ageSeconds: this.#heardAt === undefined ? undefined : (this.#deps.clock.now() - this.#heardAt) / 1000,
      problem: this.#problem,
    };
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
    const { source, store, kind, timings } = this.#deps;
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
      this.#heard();
      next = head.continue;
      version = head.resourceVersion;
    } while (next !== undefined);
    const gone = [...store.facts(kind)].filter((fact) => !seen.has(keyOf(fact)));
    for (const fact of gone) store.remove(kind, namespaceOf(fact), fact.object.name);
    this.#expiries = 0;
    this.#lost = false;
    if (!this.#watchRefused) this.#enter("synced", undefined);
    this.#settled.resolve();
    return version;
  }

  /** A server that was restored from a backup counts from a lower version and would be silent until it has caught up. */
  async #confirm(version: string, signal: AbortSignal): Promise<void> {
    const head = await this.#deps.source.list(this.resource, { limit: 1 }, () => {}, signal);
    this.#heard();
    this.#lost = false;
    if (isOlder(head.resourceVersion, version)) this.#version = undefined;
  }

  async #watch(version: string, signal: AbortSignal): Promise<void> {
    const { source, timings, clock } = this.#deps;
    const [least, most] = timings.watchSeconds;
    const timeoutSeconds = Math.round(least + (most - least) * clock.random());
    const startedAt = clock.now();
    const batches = await source.watch(this.resource, { resourceVersion: version, timeoutSeconds }, signal);
    this.#watchRefused = false;
    this.#enter("synced", undefined);
    let quiet = true;
    for await (const batch of batches) {
      this.#heard();
      for (const event of batch) this.#apply(event);
      if (batch.length > 0) {
        quiet = false;
        this.#recovered();
      }
    }
    if (quiet && clock.now() - startedAt < timings.shortWatchMs) {
      throw new ApiError("the API server ended the watch as soon as it had begun");
    }
    this.#recovered();
  }

  #recovered(): void {
    this.#failing = false;
    this.#backoff.reset();
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

  /** Decides how to go on after a failure. @returns milliseconds to wait before. */
  #recover(thrown: unknown): number {
    const { timings, clock, resources } = this.#deps;
    const error = thrown instanceof ApiError ? thrown : new ApiError(messageOf(thrown), { cause: thrown });
    const slowly = (ms: number) => ms * (1 - clock.random() / 2);
    switch (error.status) {
      case 410:
        if (this.#version === undefined) this.#expiries = Math.min(this.#expiries + 1, 6);
        this.#version = undefined;
        return this.#backoff.next();
      case 403:
        this.#watchRefused = this.#version !== undefined;
        this.#version = undefined;
        this.#enter("refused", `no right to read ${this.resource.plural}: ${error.message}`);
        this.#settled.resolve();
        return slowly(timings.refusedMs);
      case 404:
        this.#version = undefined;
        this.#served = (this.#served + 1) % resources.length;
        if (this.#served !== 0) return 0;
        this.#enter("not-served", `the API server does not serve ${this.resource.plural}: ${error.message}`);
        this.#settled.resolve();
        return slowly(timings.notServedMs);
      default:
        this.#lost ||= error.status === undefined || error.status >= 500;
        if (this.#failing || this.#state === "waiting") this.#enter(this.#state, error.message);
        this.#failing = true;
        return Math.max(this.#backoff.next(), error.retryAfterMs ?? 0);
    }
  }

  #heard(): void {
    this.#heardAt = this.#deps.clock.now();
  }

  /** Says so once when the state changes, or when trouble begins or ends. */
  #enter(state: State, problem: string | undefined): void {
    const news = state !== this.#state || (problem === undefined) !== (this.#problem === undefined);
    this.#state = state;
    this.#problem = problem;
    if (!news) return;
    const { log, kind } = this.#deps;
    if (problem === undefined) log.info({ kind, state }, "kind is in step with the API server");
    else log.warn({ kind, state, problem }, "kind is not in step with the API server");
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

/**
 * Whether version `a` was given out before `b`. Versions of built-in kinds are decimal numbers that may be compared
 * (KEP-5504); of anything else nothing is concluded.
 */
function isOlder(a: string, b: string): boolean {
  const number = /^[1-9]\d*$/;
  if (!number.test(a) || !number.test(b)) return false;
  return a.length === b.length ? a < b : a.length < b.length;
}
