import { once } from "node:events";
import { request } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import { reviewOf } from "./support/reviews.ts";
import { startServer } from "./support/server.ts";

t.test("a port or a host that cannot be had is told with what to do", async (t) => {
  const { port } = await startServer(t);
  await t.rejects(startServer(t, { port }), {
    code: "AG_ERR_LISTEN",
    message: new RegExp(
      `^cannot listen on 127\\.0\\.0\\.1:${port} .*choose another port, or stop what uses it$`,
    ),
  });
  await t.rejects(startServer(t, { host: "192.0.2.1" }), {
    code: "AG_ERR_LISTEN",
    message: /^cannot listen on 192\.0\.2\.1:0 .*correct the host: it has to be an address of this machine$/,
  });
});

t.test("a body may take half of its request's time, whatever others may", async (t) => {
  const { port, ca } = await startServer(t);
  const body = JSON.stringify(reviewOf("005"));
  const answer = async (timeout: string, late: number): Promise<string> => {
    const outgoing = request({
      port,
      host: "127.0.0.1",
      servername: "localhost",
      ca: ca.certificate,
      method: "POST",
      path: `/validate?timeout=${timeout}`,
      headers: { "content-type": "application/json", "content-length": Buffer.byteLength(body) },
    });
    outgoing.write(body.slice(0, -1));
    await sleep(late);
    outgoing.end(body.slice(-1));
    const [response] = await once(outgoing, "response");
    response.setEncoding("utf8");
    return (await response.toArray()).join("");
  };
  const [late, inTime] = await Promise.all([answer("1s", 700), answer("20s", 700)]);
  t.match(late, /did not judge this request: the body did not arrive in time/);
  t.notMatch(inTime, /did not judge/);
});
