import { setTimeout as sleep } from "node:timers/promises";
import { ApiError } from "./api-error.ts";
import { ApiSource, parseBody, pathOf, refusal } from "./api-source.ts";
import type { Resource } from "./source.ts";
import type { ApiRequest, Transport } from "./transport.ts";

/** An object to write: what the API server needs to find its place, and whatever else it holds. */
export interface WrittenObject {
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** Which object is meant, by its uid and version too, so that nothing else of its name is touched. */
export interface ExactObject {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** `exists`: something of the name is there. `gone`: it is not there. `conflict`: another version of it is. */
export type WriteOutcome = "written" | "exists" | "gone" | "conflict";

const JSON_TYPE = "application/json";
const PAGE = 200;
/** The server may ask for a pause (429, with its length); the request is then repeated a few times. */
const ATTEMPTS = 5;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;
/** A list whose token has expired (410) is started over. */
const LISTINGS = 3;

/**
 * Reads and writes single objects, whatever their kind. Unlike a typed client it leaves out nothing that it does not
 * know. Every call rejects with an ApiError where the API server refuses or does not answer.
 */
export class ObjectClient {
  readonly #transport: Transport;
  readonly #source: ApiSource;
  readonly #signal = new AbortController().signal;

  constructor(transport: Transport) {
    this.#transport = transport;
    this.#source = new ApiSource(transport);
  }

  /** Whether the API server has the resource. */
  serves(resource: Resource): Promise<boolean> {
    return this.#source.serves(resource, this.#signal);
  }

  /**
   * All objects with these labels, page by page; `keep` maps each to what is kept; undefined drops it.
   *
   * @param namespace `""` for all of them, and for a kind without
   */
  async list<T>(
    resource: Resource,
    query: { readonly namespace: string; readonly labelSelector: string },
    keep: (raw: unknown) => T | undefined,
  ): Promise<T[]> {
    for (let listing = 1; ; listing++) {
      try {
        return await this.#pages(resource, query, keep);
      } catch (error) {
        if (!(error instanceof ApiError && error.status === 410) || listing === LISTINGS) throw error;
      }
    }
  }

  /** One object; undefined where it is not there. */
  get(resource: Resource, namespace: string, name: string): Promise<unknown> {
    return this.#source.get(resource, namespace, name, this.#signal);
  }

  /** @returns `gone` where its namespace is not there, or is being deleted */
  create(resource: Resource, object: WrittenObject): Promise<WriteOutcome> {
    const path = pathOf(resource, object.metadata.namespace ?? "");
    return this.#write({ method: "POST", path, body: json(object) }, "exists");
  }

  /** Replaces an object whole. It has to say which uid and version it replaces. */
  replace(resource: Resource, object: WrittenObject): Promise<WriteOutcome> {
    const { namespace = "", name } = object.metadata;
    const path = `${pathOf(resource, namespace)}/${encodeURIComponent(name)}`;
    return this.#write({ method: "PUT", path, body: json(object) }, "conflict");
  }

  /**
   * Changes the parts of an object that the merge patch names.
   *
   * @returns the object as it is now; undefined where it is not there
   */
  async patch(
    resource: Resource,
    { namespace = "", name }: WrittenObject["metadata"],
    patch: object,
  ): Promise<unknown> {
    const path = `${pathOf(resource, namespace)}/${encodeURIComponent(name)}`;
    const body = { type: "application/merge-patch+json", text: JSON.stringify(patch) };
    const { outcome, object } = await this.#send({ method: "PATCH", path, body }, "conflict");
    if (outcome === "conflict") throw new ApiError(`PATCH ${path}: others keep changing it`);
    return object;
  }

  /** Deletes this object and not another one that has taken its name. */
  delete(resource: Resource, { namespace, name, uid, resourceVersion }: ExactObject): Promise<WriteOutcome> {
    const path = `${pathOf(resource, namespace)}/${encodeURIComponent(name)}`;
    const body = json({ kind: "DeleteOptions", apiVersion: "v1", preconditions: { uid, resourceVersion } });
    return this.#write({ method: "DELETE", path, body }, "conflict");
  }

  close(): void {
    this.#source.close();
  }

  async #pages<T>(
    resource: Resource,
    query: { readonly namespace: string; readonly labelSelector: string },
    keep: (raw: unknown) => T | undefined,
  ): Promise<T[]> {
    const kept: T[] = [];
    const onItem = (raw: unknown) => {
      const one = keep(raw);
      if (one !== undefined) kept.push(one);
    };
    let next: string | undefined;
    do {
      const head = await this.#source.list(
        resource,
        { ...query, limit: PAGE, continue: next },
        onItem,
        this.#signal,
      );
      next = head.continue;
    } while (next !== undefined);
    return kept;
  }

  async #write(request: ApiRequest, on409: WriteOutcome): Promise<WriteOutcome> {
    return (await this.#send(request, on409)).outcome;
  }

  async #send(
    request: ApiRequest,
    on409: WriteOutcome,
  ): Promise<{ readonly outcome: WriteOutcome; readonly object?: unknown }> {
    for (let attempt = 1; ; attempt++) {
      const response = await this.#transport.send(request, this.#signal);
      const { statusCode = 0 } = response;
      const asked = `${request.method} ${request.path}`;
      if (statusCode >= 200 && statusCode < 300) {
        return { outcome: "written", object: await parseBody(response, asked, this.#signal) };
      }
      const error = await refusal(response, asked, this.#signal);
      if (statusCode === 409) return { outcome: on409 };
      if (statusCode === 404 || isTerminating(error)) return { outcome: "gone" };
      if (statusCode !== 429 || attempt === ATTEMPTS) throw error;
      await sleep(Math.min(error.retryAfterMs ?? FIRST_WAIT_MS * attempt, LONGEST_WAIT_MS));
    }
  }
}

/** Nothing can be created in a namespace that is being deleted (`apiserver`, plugin NamespaceLifecycle). */
function isTerminating({ status, message }: ApiError): boolean {
  return status === 403 && message.includes("because it is being terminated");
}

function json(value: object): { readonly type: string; readonly text: string } {
  return { type: JSON_TYPE, text: JSON.stringify(value) };
}
