import type { TLSSocket } from "node:tls";
import type { FastifyRequest } from "fastify";
import { RequestRefused } from "./status.ts";

/** Who may call `/validate`; the TLS handshake asks every caller for a certificate and accepts any or none. */
export interface CallerCheck {
  /** Common names that may call; empty: every certificate that the CA signed. */
  readonly subjects: readonly string[];
}

/**
 * Refuses a caller without the API server's client certificate. The same words whatever was wrong with the
 * certificate: the server's own log has the cause.
 *
 * @throws RequestRefused 401 without a certificate that the CA signed, 403 for one of another subject
 */
export function checkCaller({ raw }: FastifyRequest, { subjects }: CallerCheck): void {
  const socket = raw.socket as Partial<TLSSocket>;
  if (socket.authorized !== true || socket.getPeerCertificate === undefined) {
    throw new RequestRefused(401, "a client certificate that this server trusts is required");
  }
  const { subject } = socket.getPeerCertificate();
  if (
    subjects.length > 0 &&
    !namesOf(subject?.CN).some((name) => subjects.some((allowed) => allowed === name))
  ) {
    throw new RequestRefused(403, "the client certificate is not one that may call this server");
  }
}

/** A subject with several common names has a list where the types declare a string. */
function namesOf(name: unknown): readonly unknown[] {
  return Array.isArray(name) ? name : [name];
}
