import type { IncomingMessage } from "node:http";
import { messageOf } from "../../errors.ts";
import { ApiError, statusText } from "./api-error.ts";
import { SYSTEM_CLOCK } from "./clock.ts";
import { Credentials } from "./credentials.ts";
import { type ConfigSource, contextOf, loadKubeConfig } from "./kube-config.ts";
import { ListReader } from "./list-reader.ts";
import { apiVersionOf, type Resource } from "./source.ts";
import { DEFAULT_TIMINGS } from "./timings.ts";
import { Transport } from "./transport.ts";

/** One list, asked for page by page. */
export interface DirectList {
  readonly resource: Resource;
  /** Only this namespace; undefined: all of them. */
  readonly namespace: string | undefined;
  readonly fieldSelector: string | undefined;
}

/** How much may come from one API server in one look. */
export interface ReadLimits {
  /** Bytes of all answers together. */
  readonly bytes: number;
}

/** The message where the rest did not fit; the list is then not complete. */
export class TooMuchError extends Error {
  override readonly name = "TooMuchError";
}

/**
 * Asks the API server directly, once, without any watch: for commands that look at a cluster and end. Notes the
 * server's time.
 */
export class DirectReader {
  readonly #transport: Transport;
  readonly #limits: ReadLimits;
  /** The kubeconfig's context; null in a pod. */
  readonly context: string | null;
  #bytes = 0;
  #serverTime: number | undefined;

  constructor(transport: Transport, context: string | null, limits: ReadLimits) {
    this.#transport = transport;
    this.context = context;
    this.#limits = limits;
  }

  /** The newest Date header so far, in milliseconds since the epoch; undefined before the first answer. */
  get serverTime(): number | undefined {
    return this.#serverTime;
  }

  /**
   * Every object of a list. `kind` and `apiVersion` are not in them.
   *
   * @throws ApiError with the status of a refusal; TooMuchError where the limit is reached; the signal's reason
   */
  async list(list: DirectList, signal: AbortSignal): Promise<readonly unknown[]> {
    const { resource, namespace, fieldSelector } = list;
    const scope = namespace === undefined ? "" : `/namespaces/${encodeURIComponent(namespace)}`;
    const path = `${rootOf(resource)}${scope}/${resource.plural}`;
    // A token may expire on a slow link (410): then the list is started over, once.
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#pages(path, fieldSelector, signal);
      } catch (thrown) {
        if (attempt > 0 || !(thrown instanceof ApiError) || thrown.status !== 410) throw thrown;
      }
    }
  }

  /** One object; undefined where there is none. */
  async get(resource: Resource, name: string, signal: AbortSignal): Promise<unknown> {
    const path = `${rootOf(resource)}/${resource.plural}/${encodeURIComponent(name)}`;
    try {
      const chunks: Buffer[] = [];
      for await (const chunk of await this.#ask(path, signal)) chunks.push(this.#counted(chunk));
      return parsed(Buffer.concat(chunks), path);
    } catch (thrown) {
      if (thrown instanceof ApiError && thrown.status === 404) return undefined;
      throw thrown;
    }
  }

  /** Counts bytes again: for the next of several looks. */
  nextLook(): void {
    this.#bytes = 0;
  }

  close(): void {
    this.#transport.close();
  }

  async #pages(path: string, fieldSelector: string | undefined, signal: AbortSignal): Promise<unknown[]> {
    const items: unknown[] = [];
    let next: string | undefined;
    do {
      const parameters = new URLSearchParams({ limit: String(DEFAULT_TIMINGS.pageSize) });
      if (fieldSelector !== undefined) parameters.set("fieldSelector", fieldSelector);
      if (next !== undefined) parameters.set("continue", next);
      const response = await this.#ask(`${path}?${parameters}`, signal);
      const reader = new ListReader((item) => items.push(item));
      try {
        for await (const chunk of response) reader.push(this.#counted(chunk));
      } finally {
        response.destroy();
      }
      next = reader.end().continue;
    } while (next !== undefined);
    return items;
  }

  #counted(chunk: Buffer): Buffer {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#limits.bytes) throw new TooMuchError();
    return chunk;
  }

  async #ask(path: string, signal: AbortSignal): Promise<IncomingMessage> {
    const response = await this.#transport.get(path, signal);
    const date = Date.parse(response.headers.date ?? "");
    if (!Number.isNaN(date)) this.#serverTime = Math.max(date, this.#serverTime ?? 0);
    if (response.statusCode === 200) return response;
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(this.#counted(chunk));
    let said: string | undefined;
    try {
      said = statusText(JSON.parse(Buffer.concat(chunks).toString("utf8")));
    } catch {
      // A proxy's page in HTML: the status says enough.
    }
    throw new ApiError(said ?? `GET ${path} was answered with HTTP ${response.statusCode}`, {
      status: response.statusCode,
    });
  }
}

/**
 * @throws AttachguardError AG_ERR_CONFIG where there is no usable configuration
 */
export async function connectDirectly(source: ConfigSource, limits: ReadLimits): Promise<DirectReader> {
  const config = await loadKubeConfig(source);
  const credentials = new Credentials(
    config,
    () => loadKubeConfig(source),
    SYSTEM_CLOCK,
    DEFAULT_TIMINGS.renewMs,
  );
  return new DirectReader(new Transport(credentials, DEFAULT_TIMINGS), contextOf(config), limits);
}

function rootOf(resource: Resource): string {
  return `${resource.group === "" ? "/api" : "/apis"}/${apiVersionOf(resource)}`;
}

function parsed(bytes: Buffer, path: string): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch (thrown) {
    throw new ApiError(`GET ${path}: not answered with JSON: ${messageOf(thrown)}`, { cause: thrown });
  }
}
