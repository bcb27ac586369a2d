import { once } from "node:events";
import { Agent } from "node:https";
import { connect as connectPlain } from "node:net";
import { connect } from "node:tls";
import t from "tap";
import { HTTP_TIMEOUTS } from "../../src/admission/http-limits.ts";
import { MemoryCluster } from "../admission/support/memory-cluster.ts";
import { CLASSES, objectOf, reviewOf } from "../admission/support/reviews.ts";
import { responseOf, startServer, type TestServer, verdictSeen } from "../admission/support/server.ts";

const review = reviewOf("042");

/** Timeouts that a test can wait for. */
const SHORT = { headers: 1_000, request: 2_000, handshake: 1_000, check: 50 };

/** Opens a connection, sends what is given, and reads until the server ends it. */
async function spokenTo({ port, ca }: TestServer, text: string): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port, ca: ca.certificate, servername: "localhost" });
  await once(socket, "secureConnect");
  if (text !== "") socket.write(text);
  let heard = "";
  socket.setEncoding("utf8");
  socket.on("data", (chunk) => {
    heard += chunk;
  });
  // A reset is an end too.
  socket.on("error", () => {});
  await once(socket, "close");
  return heard;
}

t.test("an idle connection outlives the API server's 90 s", async (t) => {
  t.ok(HTTP_TIMEOUTS.keepAlive > 90_000);
  t.ok(HTTP_TIMEOUTS.silence > HTTP_TIMEOUTS.keepAlive, "and silence does not end it earlier");
  const { post } = await startServer(t);
  const reply = await post(review);
  const seconds = Number(/timeout=(\d+)/.exec(String(reply.headers["keep-alive"]))?.[1]);
  t.ok(seconds > 90, "the server says so itself");
});

t.test("the time for headers does not count while a connection is idle", async (t) => {
  const { post, port, ca } = await startServer(t, { timeouts: SHORT });
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: ca.certificate, servername: "localhost" });
  t.teardown(() => agent.destroy());
  const ports: (number | undefined)[] = [];
  agent.on("free", (socket) => ports.push(socket.localPort));
  const options = { agent, port, headers: { "content-type": "application/json" } };
  responseOf(t, await post(review, options), review);
  await new Promise((resolve) => setTimeout(resolve, SHORT.request * 2));
  responseOf(t, await post(review, options), review);
  t.equal(ports.length, 2);
  t.equal(ports[0], ports[1], "it is the same connection");
});

t.test("a client that sends slowly, or nothing, is cut off while others are answered", async (t) => {
  const server = await startServer(t, { timeouts: SHORT });
  const post = "POST /validate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
  const rows: readonly (readonly [string, string, RegExp])[] = [
    ["nothing at all", "", /^HTTP\/1\.1 408 /],
    ["half a request line", "POST /vali", /^HTTP\/1\.1 408 /],
    ["headers without an end", post, /^HTTP\/1\.1 408 /],
    ["a body that does not come", `${post}Content-Length: 100\r\n\r\n{`, /^HTTP\/1\.1 408 /],
    ["no HTTP", "HELO example.com\r\n\r\n", /^HTTP\/1\.1 400 /],
    ["headers without measure", `${post}X: ${"x".repeat(20_000)}\r\n\r\n`, /^HTTP\/1\.1 431 /],
  ];
  const slow = rows.flatMap((row) => Array.from({ length: 3 }, () => row));
  const ended = Promise.all(
    slow.map(async ([name, text, answer]) => [name, await spokenTo(server, text), answer] as const),
  );
  for (let at = 0; at < 20; at++) responseOf(t, await server.post(review), review);
  for (const [name, heard, answer] of await ended) {
    t.match(heard, answer, name);
    t.match(heard, /"kind":"Status"/, `${name}: with a Status`);
    t.notMatch(heard, /retry-after/i, name);
  }
  responseOf(t, await server.post(review), review);
});

t.test("what HTTP allows and nobody expects is answered too", async (t) => {
  const server = await startServer(t);
  const text = JSON.stringify(review);
  const json = "Content-Type: application/json\r\nConnection: close\r\n";
  const length = `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n`;
  const chunks = `Transfer-Encoding: chunked\r\n\r\n${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`;
  const rows: readonly (readonly [string, string, number, RegExp])[] = [
    ["HTTP/1.0", `POST /validate HTTP/1.0\r\n${json}${length}${text}`, 200, /"allowed":true/],
    ["no Host", `POST /validate HTTP/1.1\r\n${json}${length}${text}`, 200, /"allowed":true/],
    ["in chunks", `POST /validate HTTP/1.1\r\nHost: x\r\n${json}${chunks}`, 200, /"allowed":true/],
    [
      "an expectation",
      `POST /validate HTTP/1.1\r\nHost: x\r\nExpect: a miracle\r\n${json}${length}${text}`,
      417,
      /"kind":"Status".*a miracle/,
    ],
    ["a proxy's method", "CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n", 405, /"kind":"Status"/],
  ];
  for (const [name, sent, code, body] of rows) {
    const heard = await spokenTo(server, sent);
    t.match(heard, new RegExp(`^HTTP/1\\.1 ${code} `), name);
    t.match(heard, body, name);
    t.notMatch(heard, /retry-after/i, name);
  }
  const piped = `POST /validate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${length}${text}`;
  const heard = await spokenTo(server, `${piped}${piped}GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n`);
  t.equal(heard.match(/"kind":"AdmissionReview"/g)?.length, 2, "pipelined requests are each answered");
  t.match(heard, /"status":"ok"/, "in order");
});

t.test("a connection without a handshake is cut off", async (t) => {
  const { port } = await startServer(t, { timeouts: SHORT });
  const socket = connectPlain({ host: "127.0.0.1", port });
  socket.on("error", () => {});
  await once(socket, "close");
  t.pass("the server ended it");
});

t.test("a client that goes away in the middle of its request leaves nothing behind", async (t) => {
  const server = await startServer(t);
  for (let at = 0; at < 20; at++) {
    const { port, ca } = server;
    const socket = connect({ host: "127.0.0.1", port, ca: ca.certificate, servername: "localhost" });
    await once(socket, "secureConnect");
    socket.write(
      "POST /validate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{",
    );
    socket.destroy();
  }
  responseOf(t, await server.post(review), review);
  t.notOk(server.log.some((line) => line.msg === "fault"));
  t.match(await server.scrape(), /attachguard_admission_in_flight 0/);
});

t.test("draining: not ready, still answering, then closed, with what was in flight answered", async (t) => {
  const cluster = new MemoryCluster([...CLASSES, objectOf("004")]);
  const gate = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  cluster.lookUp = async () => {
    asked.resolve();
    await gate.promise;
    return cluster.index;
  };
  const { server, post, get, port, log } = await startServer(t, {
    cluster,
    config: { shutdown: { delaySeconds: 1, graceSeconds: 10 } },
  });
  t.equal((await get("/readyz")).status, 200);
  const inFlight = post(reviewOf("005"));
  await asked.promise;
  const drained = server.drain();

  const ready = await get("/readyz");
  t.equal(ready.status, 503);
  t.match(ready.body.problems, [/shutting down/]);
  t.equal((await get("/healthz")).status, 200);
  const during = await post(review);
  t.equal(verdictSeen(responseOf(t, during, review)), "allow", "reviews are still answered");
  t.equal(during.headers.connection, "close", "and the connection is not to be used again");

  await t.rejects(
    (async () => {
      for (;;) await get("/healthz");
    })(),
    "in the end the port is closed",
  );
  gate.resolve();
  t.equal(
    verdictSeen(responseOf(t, await inFlight, reviewOf("005"))),
    "deny",
    "what was in flight got its answer",
  );
  await drained;
  const socket = connectPlain({ host: "127.0.0.1", port });
  await t.rejects(once(socket, "connect"), { code: "ECONNREFUSED" });
  t.equal(log.filter((line) => line.msg === "draining").length, 1);
  await server.drain();
});

t.test("a client that sends slowly does not keep the server from closing", async (t) => {
  const { server, port, ca } = await startServer(t, {
    config: { shutdown: { delaySeconds: 0, graceSeconds: 0.2 } },
  });
  const socket = connect({ host: "127.0.0.1", port, ca: ca.certificate, servername: "localhost" });
  await once(socket, "secureConnect");
  socket.on("error", () => {});
  const closed = once(socket, "close");
  socket.write("POST /validate HTTP/1.1\r\nHost: x\r\nContent-Le");
  await server.drain();
  await closed;
  t.pass("both ended");
});

t.test("a port that is taken is said", async (t) => {
  const { port } = await startServer(t);
  await t.rejects(startServer(t, { port }), {
    code: "AG_ERR_LISTEN",
    message: `cannot listen on 127.0.0.1:${port}`,
  });
});

t.test("who sends too much is told so, also one that reads only when all is sent", async (t) => {
  const { port, ca } = await startServer(t);
  const chunk = Buffer.alloc(256 * 1024, 0x20);
  const chunks = 84;
  const head = `POST /validate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${chunks * chunk.length}\r\n\r\n`;
  for (let round = 0; round < 3; round += 1) {
    const socket = connect({ host: "127.0.0.1", port, ca: ca.certificate, servername: "localhost" });
    await once(socket, "secureConnect");
    socket.pause();
    let broken: Error | undefined;
    socket.on("error", (error) => {
      broken = error;
    });
    for (const part of [Buffer.from(head), ...Array<Buffer>(chunks).fill(chunk)]) {
      await new Promise<void>((resolve) => socket.write(part, () => resolve()));
    }
    socket.setEncoding("utf8");
    socket.resume();
    const [heard] = broken
      ? [broken.message]
      : await Promise.race([once(socket, "data"), once(socket, "close")]);
    t.match(heard, /^HTTP\/1\.1 413 /);
    socket.destroy();
  }
});

t.test("a client cannot have the handshake done again", async (t) => {
  const { port, ca, get } = await startServer(t);
  const socket = connect({
    host: "127.0.0.1",
    port,
    ca: ca.certificate,
    servername: "localhost",
    maxVersion: "TLSv1.2",
  });
  socket.on("error", () => {});
  await once(socket, "secureConnect");
  const closed = once(socket, "close").then(() => "closed");
  const renegotiated = new Promise((resolve) => socket.renegotiate({}, (error) => resolve(error ?? "done")));
  t.not(await Promise.race([closed, renegotiated]), "done");
  socket.destroy();
  t.equal((await get("/healthz")).status, 200);
});
