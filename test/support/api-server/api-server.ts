import { once } from "node:events";
import * as http from "node:http";
import * as https from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { INSTALLABLE, parsePath, READ_ONCE, SERVED, type ServedKind, servedKind } from "./resources.ts";

export interface RawObject {
  readonly kind: string;
  readonly apiVersion?: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [more: string]: unknown };
  readonly [more: string]: unknown;
}

/** One request as it came in. */
export interface SeenRequest {
  readonly verb: "list" | "watch" | "get";
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly query: URLSearchParams;
  readonly authorization: string | undefined;
}

/** What goes wrong instead of, or during, the proper answer. */
export type Fault =
  | {
      readonly do: "answer";
      readonly status: number;
      readonly headers?: http.OutgoingHttpHeaders;
      readonly body?: string;
    }
  /** Takes the request and never says anything. */
  | { readonly do: "hang" }
  /** Sends so many bytes of the body, then resets the connection. */
  | { readonly do: "cut"; readonly afterBytes: number }
  /** Sends the body in pieces of so many bytes, each by itself. */
  | { readonly do: "dribble"; readonly bytes: number };

export interface DoubleOptions {
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly firstVersion?: number;
  /** Milliseconds between the bookmarks of a watch; none where it is left out. */
  readonly bookmarkEveryMs?: number;
}

interface Change {
  readonly version: number;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: RawObject;
}

interface Watcher {
  readonly kind: ServedKind;
  readonly response: http.ServerResponse;
  readonly socket: Socket;
  readonly fault: Fault | undefined;
  /** Only what is newer is sent, as the real watch cache does it. */
  sent: number;
  /** Nothing leaves any more, and nobody is told. */
  frozen: boolean;
  readonly timers: NodeJS.Timeout[];
  /** Settles when everything handed over so far has been written. */
  written: Promise<void>;
}

const MOMENTS = { creationTimestamp: "2026-11-20T09:36:58Z" };

/**
 * An API server in this process that lists in pages from one snapshot, watches with bookmarks and speaks the
 * recorded protocol (`test/fixtures/api`), with faults on demand. Objects are kept as they were given, with the
 * version, uid and time that a server adds.
 */
export class ApiServerDouble {
  readonly requests: SeenRequest[] = [];
  /** Asked about every request, after the checks of rights. */
  fault: (request: SeenRequest) => Fault | undefined = () => undefined;
  /** The snapshot of an answer to a list or a get is taken before this, and it is sent after it. */
  hold: (request: SeenRequest) => Promise<void> = async () => {};
  /** Plurals that we may not read, and plurals that are not served. */
  readonly forbidden = new Set<string>();
  readonly unserved = new Set<string>();
  /** The APIs of `INSTALLABLE` that this server has. */
  readonly installed = new Set<string>();
  /** Plurals that are served under another apiVersion than today's. */
  readonly versions = new Map<string, string>();
  /** Where given, every other bearer token is answered with 401. */
  token: string | undefined;
  /** What the Date header of every answer says; undefined: the time. */
  date: Date | undefined;
  /** Whether an expired watch is answered with HTTP 410 or with 200 and an ERROR event. */
  expiry: "status" | "event" = "status";

  readonly #options: DoubleOptions;
  readonly #objects = new Map<string, Map<string, RawObject>>();
  readonly #history = new Map<string, Change[]>();
  readonly #snapshots = new Map<string, { rest: RawObject[]; version: number }>();
  readonly #watchers = new Set<Watcher>();
  readonly #sockets = new Set<Socket>();
  readonly #waiting = new Set<() => void>();
  #server: http.Server | undefined;
  #version: number;
  /** The newest version that a watch can no longer start from. */
  #compacted: number;
  #port = 0;
  #counter = 0;

  private constructor(options: DoubleOptions) {
    this.#options = options;
    this.#version = options.firstVersion ?? 1000;
    this.#compacted = this.#version - 1;
  }

  static async start(options: DoubleOptions = {}): Promise<ApiServerDouble> {
    const double = new ApiServerDouble(options);
    await double.#listen(options.tls);
    return double;
  }

  get url(): string {
    return `${this.#options.tls === undefined ? "http" : "https"}://127.0.0.1:${this.#port}`;
  }

  get version(): string {
    return String(this.#version);
  }

  /** Creates or replaces an object and tells every watch. */
  put(given: Readonly<Record<string, unknown>>): void {
    const raw = given as unknown as RawObject;
    const kind = servedKind(raw.kind);
    const objects = this.#of(kind);
    const key = keyOf(raw);
    const before = objects.get(key);
    this.#version += 1;
    const object: RawObject = {
      ...raw,
      apiVersion: kind.apiVersion,
      metadata: {
        ...MOMENTS,
        uid: before?.metadata.uid ?? `uid-${this.#counter++}`,
        ...raw.metadata,
        resourceVersion: String(this.#version),
      },
    };
    objects.set(key, object);
    this.#record(kind, { version: this.#version, type: before === undefined ? "ADDED" : "MODIFIED", object });
  }

  remove(kindName: string, namespace: string, name: string): void {
    const kind = servedKind(kindName);
    const objects = this.#of(kind);
    const key = `${namespace}/${name}`;
    const before = objects.get(key);
    if (before === undefined) throw new Error(`${kindName} ${key} is not there to be removed`);
    objects.delete(key);
    this.#version += 1;
    const object = { ...before, metadata: { ...before.metadata, resourceVersion: String(this.#version) } };
    this.#record(kind, { version: this.#version, type: "DELETED", object });
  }

  /** Everything of one kind, as the server has it now. */
  objects(kind: string): readonly RawObject[] {
    return [...this.#of(servedKind(kind)).values()];
  }

  /** Forgets the past: a watch from a version of before now gets 410, a continue token too. */
  compact(): void {
    this.#compacted = this.#version;
    this.#version += 1;
    this.#history.clear();
    this.expireContinues();
  }

  expireContinues(): void {
    this.#snapshots.clear();
  }

  /** Sends a bookmark to every watch (of one kind). */
  bookmark(kind?: string): void {
    for (const watcher of this.#watching(kind)) this.#sendBookmark(watcher);
  }

  /** Writes text as it is into every watch of a kind. */
  write(kind: string, text: string | Buffer): void {
    for (const watcher of this.#watching(kind)) this.#send(watcher, text);
  }

  /** Resets the connections of all watches (of one kind). */
  cut(kind?: string): void {
    for (const watcher of this.#watching(kind)) reset(watcher.socket);
  }

  /** Ends all watches (of one kind) properly, as at the end of their time. */
  endWatches(kind?: string): void {
    for (const watcher of this.#watching(kind)) watcher.response.end();
  }

  /** From now on nothing leaves on the watches that are open (of one kind), and they are not closed either. */
  freeze(kind?: string): void {
    for (const watcher of this.#watching(kind)) watcher.frozen = true;
  }

  watchers(kind?: string): number {
    return this.#watching(kind).length;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /** Resolves when the condition holds; it is looked at after every request, connection and event. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.add(resolve);
      await promise;
    }
  }

  seen(verb: SeenRequest["verb"], kind: string): SeenRequest[] {
    return this.requests.filter((request) => request.verb === verb && request.kind === kind);
  }

  /** Goes away: no port, no connection. The objects stay. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = once(server, "close");
    server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /**
   * Comes back on the same port. With `firstVersion` it counts from there and has no past; without, it is the same
   * server that was only away.
   */
  async restart(options: { tls?: { cert: string; key: string }; firstVersion?: number } = {}): Promise<void> {
    await this.stop();
    this.expireContinues();
    if (options.firstVersion !== undefined) {
      this.#history.clear();
      this.#version = options.firstVersion;
      for (const objects of this.#objects.values()) {
        for (const [key, object] of objects) {
          const resourceVersion = String(++this.#version);
          objects.set(key, { ...object, metadata: { ...object.metadata, resourceVersion } });
        }
      }
      this.#compacted = this.#version;
    }
    await this.#listen(options.tls ?? this.#options.tls);
  }

  /** New connections get this certificate; those that are open stay. */
  useCertificate(tls: { cert: string; key: string }): void {
    (this.#server as https.Server).setSecureContext(tls);
  }

  async #listen(tls: DoubleOptions["tls"]): Promise<void> {
    const handle = (request: http.IncomingMessage, response: http.ServerResponse) =>
      this.#answer(request, response);
    const server = tls === undefined ? http.createServer(handle) : https.createServer(tls, handle);
    server.keepAliveTimeout = 60_000;
    // Not "secureConnection": a handshake that hangs would keep the server from closing.
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.once("close", () => {
        this.#sockets.delete(socket);
        this.#wake();
      });
    });
    server.listen(this.#port, "127.0.0.1");
    await once(server, "listening");
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  #answer(request: http.IncomingMessage, response: http.ServerResponse): void {
    if (this.date !== undefined) response.setHeader("date", this.date.toUTCString());
    const url = new URL(request.url ?? "/", "http://double");
    const [, discovered] = /^\/apis\/([^/]+\/[^/]+)$/.exec(url.pathname) ?? [];
    if (discovered !== undefined && this.installed.has(discovered)) {
      const resources = [...SERVED, ...READ_ONCE].filter(({ apiVersion }) => apiVersion === discovered);
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ resources: resources.map(({ plural }) => ({ name: plural })) }));
      return;
    }
    const found = parsePath(url.pathname, this.versions);
    const isMissing =
      found !== undefined &&
      INSTALLABLE.has(found.kind.apiVersion) &&
      !this.installed.has(found.kind.apiVersion);
    if (found !== undefined && isMissing) {
      // Rights come before paths: without a rule for it, what is not there is refused.
      status(response, 403, "Forbidden", `${found.kind.plural} is forbidden`);
      return;
    }
    if (found === undefined || this.unserved.has(found.kind.plural)) {
      status(response, 404, "NotFound", "the server could not find the requested resource");
      return;
    }
    const { kind, namespace, name } = found;
    const verb = name !== "" ? "get" : url.searchParams.get("watch") === "1" ? "watch" : "list";
    const { authorization } = request.headers;
    const seen = { verb, kind: kind.kind, namespace, name, query: url.searchParams, authorization } as const;
    this.requests.push(seen);
    this.#wake();
    if (this.token !== undefined && authorization !== `Bearer ${this.token}`) {
      status(response, 401, "Unauthorized", "Unauthorized");
      return;
    }
    if (this.forbidden.has(kind.plural)) {
      const message = `${kind.plural} is forbidden: User "system:serviceaccount:attachguard-system:attachguard" cannot ${verb} resource "${kind.plural}" at the cluster scope`;
      status(response, 403, "Forbidden", message);
      return;
    }
    const fault = this.fault(seen);
    if (fault?.do === "hang") return;
    if (fault?.do === "answer") {
      response.writeHead(fault.status, { "content-type": "application/json", ...fault.headers });
      response.end(
        fault.body ?? JSON.stringify(statusObject(fault.status, "Fault", `the double says ${fault.status}`)),
      );
      return;
    }
    if (verb === "watch") {
      this.#watch(kind, url.searchParams, response, fault);
      return;
    }
    const body =
      verb === "get" ? this.#get(kind, namespace, name) : this.#list(kind, namespace, url.searchParams);
    if (typeof body !== "string") {
      status(response, body.code, body.reason, body.message);
      return;
    }
    void this.hold(seen).then(() => {
      response.writeHead(200, { "content-type": "application/json" });
      return deliver(response, Buffer.from(body), fault);
    });
  }

  #get(kind: ServedKind, namespace: string, name: string): string | Refusal {
    const object = this.#of(kind).get(`${namespace}/${name}`);
    return object === undefined
      ? { code: 404, reason: "NotFound", message: `${kind.plural} "${name}" not found` }
      : JSON.stringify(object);
  }

  #list(kind: ServedKind, namespace: string, query: URLSearchParams): string | Refusal {
    const limit = Number(query.get("limit") ?? 0) || Number.POSITIVE_INFINITY;
    const token = query.get("continue");
    const snapshot =
      token === null
        ? { version: this.#version, rest: this.#sorted(kind, namespace) }
        : this.#snapshots.get(token);
    if (snapshot === undefined) {
      return { code: 410, reason: "Expired", message: "The provided continue parameter is too old" };
    }
    const page = snapshot.rest.slice(0, limit);
    const rest = snapshot.rest.slice(limit);
    const metadata: Record<string, unknown> = { resourceVersion: String(snapshot.version) };
    if (rest.length > 0) {
      metadata.continue = `token-${this.#counter++}`;
      metadata.remainingItemCount = rest.length;
      this.#snapshots.set(String(metadata.continue), { version: snapshot.version, rest });
    }
    const items = page.map(({ kind: _kind, apiVersion: _apiVersion, ...item }) => item);
    return JSON.stringify({ kind: `${kind.kind}List`, apiVersion: kind.apiVersion, metadata, items });
  }

  #watch(
    kind: ServedKind,
    query: URLSearchParams,
    response: http.ServerResponse,
    fault: Fault | undefined,
  ): void {
    const from = Number(query.get("resourceVersion"));
    const expired = statusObject(
      410,
      "Expired",
      `too old resource version: ${from} (${this.#compacted + 1})`,
    );
    if (from < this.#compacted && this.expiry === "status") {
      response.writeHead(410, { "content-type": "application/json" });
      response.end(JSON.stringify(expired));
      return;
    }
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    if (from < this.#compacted) {
      response.end(`${JSON.stringify({ type: "ERROR", object: expired })}\n`);
      return;
    }
    const seconds = Number(query.get("timeoutSeconds") ?? 300);
    const { socket } = response;
    if (socket === null) return;
    const watcher: Watcher = {
      kind,
      response,
      socket,
      fault,
      sent: from,
      frozen: false,
      timers: [],
      written: Promise.resolve(),
    };
    watcher.timers.push(setTimeout(() => response.end(), seconds * 1000));
    if (this.#options.bookmarkEveryMs !== undefined) {
      watcher.timers.push(setInterval(() => this.#sendBookmark(watcher), this.#options.bookmarkEveryMs));
    }
    this.#watchers.add(watcher);
    response.once("close", () => {
      this.#watchers.delete(watcher);
      for (const timer of watcher.timers) clearTimeout(timer);
      this.#wake();
    });
    for (const change of this.#history.get(kind.kind) ?? []) this.#sendChange(watcher, change);
    this.#wake();
  }

  #record(kind: ServedKind, change: Change): void {
    const history = this.#history.get(kind.kind) ?? [];
    history.push(change);
    this.#history.set(kind.kind, history);
    for (const watcher of this.#watching(kind.kind)) this.#sendChange(watcher, change);
    this.#wake();
  }

  #sendChange(watcher: Watcher, { version, type, object }: Change): void {
    if (version <= watcher.sent) return;
    watcher.sent = version;
    this.#send(watcher, `${JSON.stringify({ type, object })}\n`);
  }

  #sendBookmark(watcher: Watcher): void {
    const { kind, apiVersion } = watcher.kind;
    if (this.#version < watcher.sent) return;
    watcher.sent = this.#version;
    const object = { kind, apiVersion, metadata: { resourceVersion: this.version }, spec: {}, status: {} };
    this.#send(watcher, `${JSON.stringify({ type: "BOOKMARK", object })}\n`);
  }

  #send(watcher: Watcher, text: string | Buffer): void {
    if (watcher.frozen || watcher.response.writableEnded) return;
    const bytes = Buffer.from(text as string);
    if (watcher.fault === undefined) watcher.response.write(bytes);
    else watcher.written = watcher.written.then(() => deliver(watcher.response, bytes, watcher.fault, true));
  }

  #watching(kind?: string): Watcher[] {
    return [...this.#watchers].filter((watcher) => kind === undefined || watcher.kind.kind === kind);
  }

  #sorted(kind: ServedKind, namespace: string): RawObject[] {
    const objects = [...this.#of(kind).entries()];
    objects.sort(([a], [b]) => (a < b ? -1 : 1));
    return objects
      .map(([, object]) => object)
      .filter((object) => namespace === "" || object.metadata.namespace === namespace);
  }

  #of(kind: ServedKind): Map<string, RawObject> {
    let objects = this.#objects.get(kind.kind);
    if (objects === undefined) {
      objects = new Map();
      this.#objects.set(kind.kind, objects);
    }
    return objects;
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of waiting) resolve();
  }
}

interface Refusal {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
}

const keyOf = ({ metadata }: RawObject) => `${metadata.namespace ?? ""}/${metadata.name}`;

const statusObject = (code: number, reason: string, message: string) => ({
  kind: "Status",
  apiVersion: "v1",
  metadata: {},
  status: "Failure",
  message,
  reason,
  code,
});

function status(response: http.ServerResponse, code: number, reason: string, message: string): void {
  response.writeHead(code, { "content-type": "application/json" });
  response.end(JSON.stringify(statusObject(code, reason, message)));
}

/** Ends a connection as a crash would; TLS sockets know no reset of their own. */
function reset(socket: Socket | null): void {
  if (socket instanceof TLSSocket) socket.destroy();
  else socket?.resetAndDestroy();
}

/** Writes a body whole, in pieces, or not to its end. */
async function deliver(
  response: http.ServerResponse,
  bytes: Buffer,
  fault: Fault | undefined,
  keepOpen = false,
): Promise<void> {
  if (fault?.do === "cut") {
    response.write(bytes.subarray(0, fault.afterBytes), () => reset(response.socket));
    return;
  }
  if (fault?.do === "dribble") {
    for (let start = 0; start < bytes.length; start += fault.bytes) {
      if (response.destroyed) return;
      response.write(bytes.subarray(start, start + fault.bytes));
      await new Promise((resolve) => setImmediate(resolve));
    }
  } else {
    response.write(bytes);
  }
  if (!keepOpen) response.end();
}
