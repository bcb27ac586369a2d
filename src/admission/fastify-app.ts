import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyServerFactoryHandler,
  LogController,
} from "fastify";
import type { Metrics } from "../metrics.ts";
import { RequestRefused, statusOf } from "./status.ts";

export interface AppOptions {
  readonly logger: FastifyBaseLogger;
  readonly metrics: Metrics;
  /** Makes the server that the app listens on. */
  readonly server: (handler: FastifyServerFactoryHandler<Server>) => Server;
}

/** The HTTP parser's error codes, as HTTP statuses. */
const CLIENT_ERRORS: Readonly<Record<string, { code: number; phrase: string; message: string }>> = {
  ERR_HTTP_REQUEST_TIMEOUT: {
    code: 408,
    phrase: "Request Timeout",
    message: "the request took too long to arrive",
  },
  HPE_HEADER_OVERFLOW: {
    code: 431,
    phrase: "Request Header Fields Too Large",
    message: "the headers are too large",
  },
};
const UNREADABLE = { code: 400, phrase: "Bad Request", message: "the request is not HTTP/1.1" };
const NO_PROXY = { code: 405, phrase: "Method Not Allowed", message: "this is not a proxy" };

/** A fastify app that answers everything it refuses with a `metav1.Status`, which the API server shows its user. */
export function createApp({ logger, metrics, server }: AppOptions): FastifyInstance {
  const app: FastifyInstance = fastify({
    // Fastify logs a line for each address, without the scheme; the code that opens the ports logs it once.
    loggerInstance: logger.child({}, { level: "warn" }),
    childLoggerFactory: (_app, bindings, options) => logger.child(bindings, options),
    logController: new LogController({ disableRequestLogging: true }),
    serverFactory: (handler) => server(handler),
    // Closing must not reject a request that the API server sent before it knew of it.
    return503OnClosing: false,
    // Such a key sets no prototype here; the rest can be judged without it.
    onProtoPoisoning: "remove",
    onConstructorPoisoning: "ignore",
    clientErrorHandler: (error, socket) => refuseConnection(error, socket, metrics),
    frameworkErrors: (error, _request, reply: FastifyReply) => {
      const code = error.statusCode ?? 400;
      metrics.refusals.inc({ code: String(code) });
      reply.code(code).send(statusOf(code, error.message));
    },
  });
  // Node answers these by itself, with an empty body or not at all.
  app.server.on("checkExpectation", (request: IncomingMessage, response: ServerResponse) => {
    metrics.refusals.inc({ code: "417" });
    const message = `the Expect header ${JSON.stringify(request.headers.expect)} cannot be met`;
    const body = JSON.stringify(statusOf(417, message));
    response.writeHead(417, { "content-type": "application/json" }).end(body);
  });
  app.server.on("connect", (_request: IncomingMessage, socket: Duplex) => {
    socket.on("error", () => {});
    endWith(socket, NO_PROXY, metrics);
  });
  // Only the plugin that knows how reads bodies; what fastify reads by default gets a 415 too.
  app.removeAllContentTypeParsers();

  app.setErrorHandler((error: FastifyError, request, reply) => {
    const code = error.statusCode !== undefined && error.statusCode >= 400 ? error.statusCode : 500;
    if (code >= 500 && !(error instanceof RequestRefused)) {
      request.log.error({ error: error.message, stack: error.stack }, "fault");
    } else {
      request.log.warn(
        { code, error: error.message, method: request.method, path: pathOf(request.url) },
        "refused",
      );
    }
    metrics.refusals.inc({ code: String(code) });
    const message =
      code >= 500 && !(error instanceof RequestRefused) ? "an internal fault" : messageFor(error, code);
    return reply.code(code).send(statusOf(code, message));
  });
  app.setNotFoundHandler((request, reply) => {
    metrics.refusals.inc({ code: "404" });
    return reply.code(404).send(statusOf(404, `there is no ${request.method} ${pathOf(request.url)} here`));
  });
  return app;
}

function messageFor(error: FastifyError, code: number): string {
  if (error instanceof RequestRefused) return error.message;
  return code === 415 ? "the content type is not application/json" : "the request cannot be read";
}

function pathOf(url: string): string {
  return url.split("?", 1)[0]?.slice(0, 200) ?? "";
}

function refuseConnection(error: Error & { code?: string }, socket: Socket, metrics: Metrics): void {
  const spokeHttp = error.code?.startsWith("HPE_") || error.code?.startsWith("ERR_HTTP_");
  // A reset, or a handshake that failed or never came: there is nobody to answer.
  if (!spokeHttp || !socket.writable) {
    socket.destroy();
    return;
  }
  endWith(socket, CLIENT_ERRORS[error.code ?? ""] ?? UNREADABLE, metrics);
}

/** Answers on a connection from which nothing more is expected. */
function endWith(
  socket: Duplex,
  { code, phrase, message }: { readonly code: number; readonly phrase: string; readonly message: string },
  metrics: Metrics,
): void {
  metrics.refusals.inc({ code: String(code) });
  const body = JSON.stringify(statusOf(code, message));
  socket.end(
    `HTTP/1.1 ${code} ${phrase}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    // The peer may keep its side open; what it still sends is of no interest.
    () => socket.destroy(),
  );
}
