import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { pino } from "pino";
import t, { type Test } from "tap";
import { createApp } from "../../src/admission/fastify-app.ts";
import { RequestRefused } from "../../src/admission/status.ts";
import { createMetrics } from "../../src/metrics.ts";
import type { Json } from "./support/reviews.ts";

function started(t: Test) {
  const log: Json[] = [];
  const metrics = createMetrics({ process: false });
  const app = createApp({
    logger: pino({ level: "debug" }, { write: (line: string) => log.push(JSON.parse(line)) }),
    metrics,
    server: (handler) => createServer(handler),
  });
  t.teardown(() => app.close());
  const refused = async (code: number): Promise<number> =>
    (await metrics.refusals.get()).values.find(({ labels }) => labels.code === String(code))?.value ?? 0;
  return { app, log, refused };
}

t.test("whatever is refused is a Status that says why, a fault says nothing of itself", async (t) => {
  const { app, log, refused } = started(t);
  const faults: Readonly<Record<string, () => Error>> = {
    busy: () => new RequestRefused(503, "too many bytes"),
    large: () => new RequestRefused(413, "too large"),
    broken: () => new Error("a secret of the code"),
    odd: () => Object.assign(new Error("a secret of the code"), { statusCode: 302 }),
    bad: () => Object.assign(new Error("a library's words"), { statusCode: 400 }),
    later: () => Object.assign(new Error("a secret of the code"), { statusCode: 502 }),
  };
  app.post("/body", async () => "read");
  for (const [path, fault] of Object.entries(faults)) {
    app.get(`/${path}`, async () => {
      throw fault();
    });
  }
  const rows: readonly (readonly [path: string, code: number, message: string, logged: string])[] = [
    ["busy", 503, "too many bytes", "refused"],
    ["large", 413, "too large", "refused"],
    ["broken", 500, "an internal fault", "fault"],
    ["odd", 500, "an internal fault", "fault"],
    ["bad", 400, "the request cannot be read", "refused"],
    ["later", 502, "an internal fault", "fault"],
  ];
  for (const [path, code, message, logged] of rows) {
    const reply = await app.inject({ url: `/${path}?secret=1` });
    t.equal(reply.statusCode, code, path);
    t.match(reply.json(), { kind: "Status", status: "Failure", code, message }, path);
    t.match(log.at(-1), { msg: logged }, path);
    t.equal(await refused(code), path === "odd" ? 2 : 1, `${path} is counted`);
  }
  t.match(
    log.find(({ path }) => path === "/busy"),
    { code: 503, method: "GET" },
    "without its query",
  );
  t.match((await app.inject({ url: "/none?x" })).json(), {
    code: 404,
    message: "there is no GET /none here",
  });
  t.equal(await refused(404), 1);
  const posted = await app.inject({
    method: "POST",
    url: "/body",
    headers: { "content-type": "text/plain" },
    payload: "x",
  });
  t.match(posted.json(), { code: 415, message: "the content type is not application/json" });
});

t.test("what is not HTTP is answered in HTTP, and its connection ends", async (t) => {
  const { app, refused } = started(t);
  await app.listen({ host: "127.0.0.1", port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const answerTo = async (sent: string): Promise<string> => {
    const socket = connect(port, "127.0.0.1");
    let heard = "";
    socket.on("data", (chunk) => {
      heard += chunk;
    });
    socket.write(sent);
    await once(socket, "close");
    return heard;
  };
  const rows: readonly (readonly [sent: string, code: number, message: RegExp])[] = [
    ["hello\r\n\r\n", 400, /the request is not HTTP\/1\.1/],
    [`GET / HTTP/1.1\r\nHost: x\r\nX: ${"x".repeat(40_000)}\r\n\r\n`, 431, /the headers are too large/],
    ["CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n", 405, /this is not a proxy/],
    [
      "GET / HTTP/1.1\r\nHost: x\r\nExpect: magic\r\nConnection: close\r\n\r\n",
      417,
      /the Expect header .*magic.* cannot be met/,
    ],
  ];
  for (const [sent, code, message] of rows) {
    const heard = await answerTo(sent);
    t.match(heard, new RegExp(`^HTTP/1\\.1 ${code} `));
    t.match(heard, message);
    t.equal(await refused(code), 1, `${code} is counted`);
  }
});
