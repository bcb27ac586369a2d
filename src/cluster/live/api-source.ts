import type { IncomingMessage } from "node:http";
import { messageOf } from "../../errors.ts";
import { list, record } from "../../kube/raw.ts";
import { ApiError, statusText } from "./api-error.ts";
import { LineSplitter } from "./line-splitter.ts";
import { type ListHead, ListReader } from "./list-reader.ts";
import {
  apiVersionOf,
  type ListQuery,
  type Resource,
  type Source,
  type WatchEvent,
  type WatchQuery,
} from "./source.ts";
import type { Transport } from "./transport.ts";

/** A proxy that asks for hours must not leave us without facts for hours. */
const LONGEST_RETRY_AFTER = 300_000;

/** The `Source` that speaks HTTP to a real API server. */
export class ApiSource implements Source {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async list(
    resource: Resource,
    query: ListQuery,
    onItem: (raw: unknown) => void,
    signal: AbortSignal,
  ): Promise<ListHead> {
    const path = pathOf(resource, query.namespace ?? "");
    const parameters = new URLSearchParams({ limit: String(query.limit) });
    if (query.continue !== undefined) parameters.set("continue", query.continue);
    if (query.labelSelector !== undefined) parameters.set("labelSelector", query.labelSelector);
    const response = await this.#ask(`${path}?${parameters}`, signal);
    const reader = new ListReader(onItem);
    try {
      for await (const chunk of response as AsyncIterable<Buffer>) reader.push(chunk);
      return reader.end();
    } catch (thrown) {
      throw broken(thrown, `GET ${path}`, signal);
    }
  }

  async get(resource: Resource, namespace: string, name: string, signal: AbortSignal): Promise<unknown> {
    const path = `${pathOf(resource, namespace)}/${encodeURIComponent(name)}`;
    try {
      return await parseBody(await this.#ask(path, signal), `GET ${path}`, signal);
    } catch (thrown) {
      if (thrown instanceof ApiError && thrown.status === 404) return undefined;
      throw thrown;
    }
  }

  async serves(resource: Resource, signal: AbortSignal): Promise<boolean> {
    const path = rootOf(resource);
    try {
      const found = await parseBody(await this.#ask(path, signal), `GET ${path}`, signal);
      const names = list(record(found).resources).map((one) => record(one).name);
      return names.includes(resource.plural);
    } catch (thrown) {
      if (!(thrown instanceof ApiError)) throw thrown;
      if (thrown.status === 404) return false;
      if (thrown.status === 403) return true;
      throw thrown;
    }
  }

  async watch(
    resource: Resource,
    query: WatchQuery,
    signal: AbortSignal,
  ): Promise<AsyncIterable<readonly WatchEvent[]>> {
    const path = pathOf(resource, "");
    const parameters = new URLSearchParams({
      watch: "1",
      allowWatchBookmarks: "true",
      resourceVersion: query.resourceVersion,
      timeoutSeconds: String(query.timeoutSeconds),
    });
    return eventsOf(await this.#ask(`${path}?${parameters}`, signal), path, signal);
  }

  close(): void {
    this.#transport.close();
  }

  async #ask(path: string, signal: AbortSignal): Promise<IncomingMessage> {
    const response = await this.#transport.get(path, signal);
    if (response.statusCode === 200) return response;
    throw await refusal(response, `GET ${path}`, signal);
  }
}

function rootOf(resource: Resource): string {
  return `${resource.group === "" ? "/api" : "/apis"}/${apiVersionOf(resource)}`;
}

/** Where a collection is served; with `""`, that of all namespaces or of a kind without. */
export function pathOf(resource: Resource, namespace: string): string {
  const scope = namespace === "" ? "" : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${rootOf(resource)}${scope}/${resource.plural}`;
}

/** @param asked the request, e.g. `GET /api/v1/nodes`, for what is said where it cannot be read @throws ApiError */
export async function parseBody(
  response: IncomingMessage,
  asked: string,
  signal: AbortSignal,
): Promise<unknown> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  } catch (thrown) {
    throw broken(thrown, asked, signal);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch (thrown) {
    throw new ApiError(`${asked}: not answered with JSON: ${messageOf(thrown)}`, { cause: thrown });
  }
}

async function* eventsOf(
  response: IncomingMessage,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<readonly WatchEvent[]> {
  const lines = new LineSplitter();
  yield [];
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      const batch: WatchEvent[] = [];
      for (const line of lines.push(chunk)) {
        const event = parseEvent(line);
        if (event instanceof ApiError) {
          yield batch;
          throw event;
        }
        batch.push(event);
      }
      yield batch;
    }
  } catch (thrown) {
    throw broken(thrown, `GET ${path}`, signal);
  }
  if (lines.pending > 0) throw new ApiError(`the watch of ${path} ended in the middle of an event`);
}

function parseEvent(line: string): WatchEvent | ApiError {
  let event: { type?: unknown; object?: { code?: unknown; metadata?: { resourceVersion?: unknown } } };
  try {
    event = JSON.parse(line);
  } catch (thrown) {
    return unreadable(messageOf(thrown));
  }
  const { type, object } = event ?? {};
  if (typeof object !== "object" || object === null) return unreadable("an event without an object");
  switch (type) {
    case "ADDED":
    case "MODIFIED":
    case "DELETED":
      return { type, object };
    case "BOOKMARK": {
      const resourceVersion = object.metadata?.resourceVersion;
      return typeof resourceVersion === "string"
        ? { type, resourceVersion }
        : unreadable("a bookmark without a resourceVersion");
    }
    case "ERROR":
      return new ApiError(statusText(object) ?? "the watch ended with an error", {
        status: typeof object.code === "number" ? object.code : undefined,
      });
    default:
      return unreadable(`an event of type ${JSON.stringify(type)}`);
  }
}

/**
 * What cannot be read may have been a change, and asking for it again would give the same bytes. So it is treated
 * as a version that is gone (410): the kind is listed again.
 */
const unreadable = (what: string) =>
  new ApiError(`the watch sent what cannot be read: ${what}`, { status: 410 });

/** The error in an answer with an unexpected status. */
export async function refusal(
  response: IncomingMessage,
  asked: string,
  signal: AbortSignal,
): Promise<ApiError> {
  const status = response.statusCode;
  const body = await parseBody(response, asked, signal).catch((thrown: unknown) => {
    signal.throwIfAborted();
    // Proxies in between answer in HTML; the status says enough then.
    return thrown instanceof ApiError ? undefined : Promise.reject(thrown);
  });
  return new ApiError(statusText(body) ?? `${asked} was answered with HTTP ${status}`, {
    status,
    retryAfterMs: retryAfter(response.headers["retry-after"]),
  });
}

function retryAfter(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return ms > 0 ? Math.min(ms, LONGEST_RETRY_AFTER) : undefined;
}

function broken(thrown: unknown, asked: string, signal: AbortSignal): unknown {
  signal.throwIfAborted();
  if (thrown instanceof ApiError) return new ApiError(`${asked}: ${thrown.message}`, thrown);
  return new ApiError(`the connection broke during ${asked}: ${messageOf(thrown)}`, { cause: thrown });
}
