import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { checkServerIdentity, connect, createServer } from "node:tls";
import type { CertificateAndKey } from "../../src/tls/pair.ts";

/**
 * Serves a certificate on loopback and connects to it as a client that checks it.
 *
 * @param trusted the PEM of the CAs that the client trusts.
 * @returns "ok", or the code of what the client had against it.
 */
export async function handshake(pair: CertificateAndKey, trusted: string, host: string): Promise<string> {
  const server = createServer({ cert: pair.certificate, key: pair.key }, (socket) => socket.end());
  // A client that hangs up in the middle of the handshake is what some of these tests are about.
  server.on("tlsClientError", () => undefined);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const client = connect({
      port: (server.address() as AddressInfo).port,
      host: "127.0.0.1",
      // An address cannot be asked for by name in TLS; it is checked all the same.
      servername: /^[\d.:]+$/.test(host) ? "" : host,
      ca: trusted,
      minVersion: "TLSv1.3",
      checkServerIdentity: (_, certificate) => checkServerIdentity(host, certificate),
    });
    try {
      await once(client, "secureConnect");
      return "ok";
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? String(error);
    } finally {
      client.destroy();
    }
  } finally {
    server.close();
    await once(server, "close");
  }
}
