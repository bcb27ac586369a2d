import { createServer as createHttpServer, type RequestListener, type Server } from "node:http";
import { createServer as createHttpsServer, type Server as HttpsServer } from "node:https";
import type { SecureContextOptions } from "node:tls";
import type { CertificateAndKey } from "../tls/pair.ts";
import type { HttpTimeouts } from "./http-limits.ts";

/** A TLS server whose certificate can be replaced while it runs. */
export interface TlsListener {
  readonly server: HttpsServer;
  /** New connections use it; open ones keep theirs. */
  present(certificate: CertificateAndKey): void;
}

/**
 * @param clientCa PEM of the CA whose client certificates are asked for; the handshake succeeds without one too, so
 *   that probes work, and `/validate` looks at the outcome
 */
export function tlsListener(
  handler: RequestListener,
  certificate: CertificateAndKey,
  clientCa: string | undefined,
  timeouts: HttpTimeouts,
): TlsListener {
  const context = ({ certificate, key }: CertificateAndKey): SecureContextOptions => ({
    cert: certificate,
    key,
    minVersion: "TLSv1.2",
    ...(clientCa === undefined ? {} : { ca: clientCa }),
  });
  const server = createHttpsServer(
    {
      ...context(certificate),
      ...httpOptions(timeouts),
      handshakeTimeout: timeouts.handshake,
      ...(clientCa === undefined ? {} : { requestCert: true, rejectUnauthorized: false }),
    },
    handler,
  );
  // No client of ours asks for it, and each costs the server more than the client.
  server.on("secureConnection", (socket) => socket.disableRenegotiation());
  server.setTimeout(timeouts.silence);
  return { server, present: (next) => server.setSecureContext(context(next)) };
}

export function plainListener(handler: RequestListener, timeouts: HttpTimeouts): Server {
  const server = createHttpServer(httpOptions(timeouts), handler);
  server.setTimeout(timeouts.silence);
  return server;
}

function httpOptions(timeouts: HttpTimeouts) {
  return {
    keepAliveTimeout: timeouts.keepAlive,
    headersTimeout: timeouts.headers,
    requestTimeout: timeouts.request,
    connectionsCheckingInterval: timeouts.check,
    // No answer depends on it, and Node would refuse without giving a reason.
    requireHostHeader: false,
  };
}
