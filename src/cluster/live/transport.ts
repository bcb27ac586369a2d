import * as http from "node:http";
import * as https from "node:https";
import { messageOf } from "../../errors.ts";
import { ApiError } from "./api-error.ts";
import type { Credentials } from "./credentials.ts";
import type { Timings } from "./timings.ts";

/** Kernel probes find a peer that is gone within about 40 s (libuv probes every second after this delay). */
const KEEP_ALIVE_MS = 30_000;

/** What Node reports when a certificate is not accepted: by OpenSSL's verification, by the host name, by TLS itself. */
const DISTRUST = /CERT|SIGNATURE|ISSUER|ALTNAME|^ERR_TLS|^ERR_SSL|EPROTO/;

/** A request to the API server. */
export interface ApiRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** With its query. */
  readonly path: string;
  readonly body?: { readonly type: string; readonly text: string };
}

/**
 * Sends requests to the API server and hands back the response as a stream. A response on which nothing comes
 * for `silenceMs` is destroyed: a half-open connection never ends by itself.
 */
export class Transport {
  readonly #credentials: Credentials;
  readonly #timings: Pick<Timings, "responseMs" | "silenceMs">;
  readonly #http = new http.Agent({ keepAlive: true, keepAliveMsecs: KEEP_ALIVE_MS });
  /** TLS material is given with each request; the agent keeps connections made with different material apart. */
  readonly #https = new https.Agent({ keepAlive: true, keepAliveMsecs: KEEP_ALIVE_MS });

  constructor(credentials: Credentials, timings: Pick<Timings, "responseMs" | "silenceMs">) {
    this.#credentials = credentials;
    this.#timings = timings;
  }

  /**
   * The response to `GET path`, whatever its status, with the body still to be read.
   *
   * @throws ApiError where no response came; the signal's reason when it aborted.
   */
  get(path: string, signal: AbortSignal): Promise<http.IncomingMessage> {
    return this.send({ method: "GET", path }, signal);
  }

  /**
   * The response to any request, as `get` has it. A write may arrive twice, where the server closed a connection just
   * then: a name, uid or version in it has to make a repetition harmless.
   */
  async send(request: ApiRequest, signal: AbortSignal): Promise<http.IncomingMessage> {
    try {
      const response = await this.#attempt(request, signal);
      if (response.statusCode !== 401 || !(await this.#credentials.renew())) return response;
      response.destroy();
    } catch (thrown) {
      if (!isDistrust(thrown) || !(await this.#credentials.renew())) throw thrown;
    }
    return await this.#attempt(request, signal);
  }

  /** Ends every connection, those in use too. */
  close(): void {
    this.#http.destroy();
    this.#https.destroy();
  }

  async #attempt(wanted: ApiRequest, signal: AbortSignal): Promise<http.IncomingMessage> {
    try {
      return await this.#send(wanted, signal);
    } catch (thrown) {
      signal.throwIfAborted();
      // The server may close an idle connection in the moment in which we use it again.
      if (thrown instanceof StaleConnection) return await this.#attempt(wanted, signal);
      if (thrown instanceof ApiError) throw thrown;
      throw new ApiError(`no answer from the API server: ${messageOf(thrown) || codeOf(thrown)}`, {
        cause: thrown,
      });
    }
  }

  async #send({ method, path, body }: ApiRequest, signal: AbortSignal): Promise<http.IncomingMessage> {
    const { server, options } = await this.#credentials.access().catch((thrown: unknown) => {
      throw new ApiError(`our credentials cannot be read: ${messageOf(thrown).trim()}`, { cause: thrown });
    });
    signal.throwIfAborted();
    const secure = server.protocol === "https:";
    return await new Promise((resolve, reject) => {
      const request = (secure ? https : http).request({
        agent: secure ? this.#https : this.#http,
        ...options,
        method,
        protocol: server.protocol,
        host: server.hostname.replace(/^\[|\]$/g, ""),
        port: server.port,
        path: server.pathname.replace(/\/$/, "") + path,
        headers: {
          Accept: "application/json",
          "User-Agent": "attachguard",
          ...(body && { "Content-Type": body.type, "Content-Length": Buffer.byteLength(body.text) }),
          ...options.headers,
        },
      });
      const timer = setTimeout(() => {
        request.destroy(new ApiError(`no answer from the API server for ${this.#timings.responseMs} ms`));
      }, this.#timings.responseMs);
      const abort = () => request.destroy(signal.reason);
      signal.addEventListener("abort", abort, { once: true });
      const settled = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", abort);
      };
      request.on("socket", (socket) => socket.setKeepAlive(true, KEEP_ALIVE_MS));
      request.on("error", (error: NodeJS.ErrnoException) => {
        settled();
        const stale = request.reusedSocket && (error.code === "ECONNRESET" || error.code === "EPIPE");
        reject(stale ? new StaleConnection() : error);
      });
      request.on("response", (response) => {
        settled();
        this.#guard(response, signal);
        resolve(response);
      });
      request.end(body?.text);
    });
  }

  #guard(response: http.IncomingMessage, signal: AbortSignal): void {
    const { silenceMs } = this.#timings;
    const timer = setTimeout(() => {
      response.destroy(new ApiError(`nothing came from the API server for ${silenceMs} ms`));
    }, silenceMs);
    const abort = () => response.destroy(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    // Not "data": a listener for it would set the stream flowing before its reader is there.
    const heard = () => timer.refresh();
    response.socket.on("data", heard);
    const { socket } = response;
    response.once("close", () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      socket.off("data", heard);
    });
  }
}

class StaleConnection extends Error {}

const codeOf = (thrown: unknown): string => (thrown as NodeJS.ErrnoException | undefined)?.code ?? "";

const isDistrust = (thrown: unknown): boolean =>
  thrown instanceof Error && DISTRUST.test(codeOf(thrown.cause));
