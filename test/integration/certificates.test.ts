import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "node:tls";
import t from "tap";
import { DEFAULT_CONFIG } from "../../src/config/defaults.ts";
import { issueCa } from "../../src/tls/issue.ts";
import { clientCertificate } from "../admission/support/client-certificate.ts";
import { type Json, reviewOf } from "../admission/support/reviews.ts";
import { responseOf, serving, startServer, type TestServer } from "../admission/support/server.ts";

const review = reviewOf("042");

async function presented({ port, ca }: TestServer): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port, ca: ca.certificate, servername: "localhost" });
  await once(socket, "secureConnect");
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

t.test("a new certificate is presented at once, and open connections go on", async (t) => {
  const server = await startServer(t);
  responseOf(t, await server.post(review), review);
  const before = await presented(server);
  t.equal(await presented(server), before);
  server.certificates.replace(await serving());
  t.not(await presented(server), before);
  responseOf(t, await server.post(review), review);
  t.match(
    await server.scrape(),
    `attachguard_certificate_expiry_timestamp_seconds ${server.certificates.current.notAfter / 1000}`,
  );
});

t.test("a certificate that TLS refuses changes nothing but what readyz says", async (t) => {
  const server = await startServer(t);
  const before = await presented(server);
  const { current } = server.certificates;
  server.certificates.replace({ ...current, certificate: "no certificate" });
  t.equal(await presented(server), before);
  t.match(await server.get("/readyz"), {
    status: 200,
    body: { problems: [/^certificate: .*cannot be presented/] } as Json,
  });
  t.match(
    server.log.filter(({ msg }) => /certificate/.test(String(msg))),
    [{ level: 40, msg: "new certificate not usable; serving the previous one" }],
    "not an error: it is served",
  );
  server.certificates.replace(await serving());
  t.match(await server.get("/readyz"), { status: 200, body: { problems: [] } as Json });
});

t.test("only the API server may call, and only /validate asks", async (t) => {
  const clientCa = await issueCa({ name: "front CA", days: 1, now: Date.now() });
  const otherCa = await issueCa({ name: "front CA", days: 1, now: Date.now() });
  const caFile = join(t.testdir(), "client-ca.crt");
  writeFileSync(caFile, clientCa.certificate);
  const server = await startServer(t, { config: { clientAuth: { caFile, subjects: ["kube-apiserver"] } } });
  const as = ({ certificate, key }: { certificate: string; key: string }) => ({
    // A new connection for each certificate.
    agent: false as const,
    ca: server.ca.certificate,
    servername: "localhost",
    cert: certificate,
    key,
    headers: { "content-type": "application/json" },
  });
  const right = as(await clientCertificate(clientCa, "kube-apiserver"));
  const rows: readonly (readonly [string, object, number, string])[] = [
    ["no certificate", {}, 401, "Unauthorized"],
    ["of another CA", as(await clientCertificate(otherCa, "kube-apiserver")), 401, "Unauthorized"],
    ["of another subject", as(await clientCertificate(clientCa, "someone")), 403, "Forbidden"],
    ["a serving certificate of the server's own CA", as(await serving()), 401, "Unauthorized"],
  ];
  const told = new Set<unknown>();
  for (const [name, options, code, reason] of rows) {
    const reply = await server.post(review, options);
    t.equal(reply.status, code, name);
    t.match(reply.body, { kind: "Status", code, reason }, name);
    if (code === 401) told.add(reply.body.message);
  }
  t.equal(told.size, 1, "the answer does not tell what was wrong with the certificate");
  t.equal(
    (await server.post("{", rows[0]?.[1])).status,
    401,
    "who may not call learns nothing about the body",
  );
  responseOf(t, await server.post(review, right), review);
  t.equal((await server.get("/healthz")).status, 200, "probes need no certificate");
  t.equal((await server.get("/readyz")).status, 200);

  server.certificates.replace(await serving());
  responseOf(t, await server.post(review, right), review);
  t.equal(
    (await server.post(review, { agent: false, ca: server.ca.certificate, servername: "localhost" })).status,
    401,
  );

  server.configure({ clientAuth: { caFile, subjects: [] } });
  responseOf(t, await server.post(review, as(await clientCertificate(clientCa, "someone"))), review);
  server.configure({ clientAuth: null });
  responseOf(t, await server.post(review), review);
});

t.test("a resumed session without a certificate is no better than the first one", async (t) => {
  const clientCa = await issueCa({ name: "front CA", days: 1, now: Date.now() });
  const caFile = join(t.testdir(), "client-ca.crt");
  writeFileSync(caFile, clientCa.certificate);
  const server = await startServer(t, { config: { clientAuth: { caFile, subjects: [] } } });
  const options = {
    host: "127.0.0.1",
    port: server.port,
    ca: server.ca.certificate,
    servername: "localhost",
  };
  const text = JSON.stringify(review);
  for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
    const ask = async (session?: Buffer) => {
      const socket = connect({ ...options, maxVersion, ...(session === undefined ? {} : { session }) });
      const sessions: Buffer[] = [];
      socket.on("session", (each) => sessions.push(each));
      await once(socket, "secureConnect");
      const resumed = socket.isSessionReused();
      socket.end(
        `POST /validate HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
      );
      const heard = (await socket.setEncoding("utf8").toArray()).join("");
      return { heard, session: sessions.at(-1), resumed };
    };
    const first = await ask();
    t.match(first.heard, /^HTTP\/1\.1 401 /, maxVersion);
    const second = await ask(first.session);
    t.match(second.heard, /^HTTP\/1\.1 401 /, `${maxVersion}, resumed: ${second.resumed}`);
  }
});

t.test("a CA that cannot be used is said before the port opens", async (t) => {
  const folder = t.testdir({ "empty.crt": "", "text.crt": "no certificate\n" });
  const rows: readonly (readonly [string, RegExp])[] = [
    ["none.crt", /clientAuth\.caFile .*none\.crt cannot be used \(ENOENT/],
    // Without a CA of its own, TLS would trust those of the public.
    ["empty.crt", /clientAuth\.caFile .*empty\.crt cannot be used \(not a PEM certificate/],
    ["text.crt", /clientAuth\.caFile .*text\.crt cannot be used \(not a PEM certificate/],
  ];
  for (const [file, message] of rows) {
    const clientAuth = { caFile: join(folder, file), subjects: [] };
    await t.rejects(startServer(t, { config: { clientAuth } }), { code: "AG_ERR_CONFIG", message });
  }
});

t.test("what is read at the start waits for a restart, and readyz says so", async (t) => {
  const { configure, get, post } = await startServer(t);
  configure({
    clientAuth: { caFile: "/ca.crt", subjects: [] },
    metrics: { ...DEFAULT_CONFIG.metrics, namespaceLabel: true },
  });
  responseOf(t, await post(review), review);
  t.match(await get("/readyz"), {
    status: 200,
    body: {
      problems: [
        /^configuration: metrics\.namespaceLabel .*after a restart$/,
        /^configuration: clientAuth .*after a restart$/,
      ],
    } as Json,
  });
  configure({ clientAuth: null, metrics: { ...DEFAULT_CONFIG.metrics, namespaceLabel: false } });
  t.match(await get("/readyz"), { status: 200, body: { problems: [] } as Json });
});
