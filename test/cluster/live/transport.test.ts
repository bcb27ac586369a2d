import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import t, { type Test } from "tap";
import { ApiSource } from "../../../src/cluster/live/api-source.ts";
import { SYSTEM_CLOCK } from "../../../src/cluster/live/clock.ts";
import { Credentials } from "../../../src/cluster/live/credentials.ts";
import { loadKubeConfig } from "../../../src/cluster/live/kube-config.ts";
import { Transport } from "../../../src/cluster/live/transport.ts";
import { writeKubeConfig } from "../../support/api-server/live.ts";

const ANSWER = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";

/** A server that does as it is told with the nth request (from 0) of the nth connection, and a transport to it. */
async function scene(t: Test, onRequest: (socket: Socket, nth: number, connection: number) => void) {
  let connections = 0;
  const server = createServer((socket) => {
    const connection = connections++;
    let nth = 0;
    socket.on("error", () => {});
    socket.on("data", () => onRequest(socket, nth++, connection));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const kubeconfig = `${t.testdir()}/kubeconfig`;
  writeKubeConfig(kubeconfig, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const load = () => loadKubeConfig({ kubeconfig, env: {} });
  const credentials = new Credentials(await load(), load, SYSTEM_CLOCK, 0);
  const transport = new Transport(credentials, { responseMs: 2_000, silenceMs: 2_000 });
  t.teardown(() => {
    new ApiSource(transport).close();
    server.close();
  });
  const get = async () => text(await transport.get("/version", AbortSignal.timeout(5_000)));
  return { get, connections: () => connections };
}

t.test(
  "a connection that the server closed while it was idle is not an error: the request is sent again",
  async (t) => {
    const it = await scene(t, (socket, nth, connection) => {
      if (connection === 0 && nth === 1) socket.resetAndDestroy();
      else socket.write(ANSWER);
    });
    t.equal(await it.get(), "{}");
    await new Promise((resolve) => setImmediate(resolve));
    t.equal(await it.get(), "{}", "on a connection of its own");
    t.equal(it.connections(), 2);
  },
);

t.test("a new connection that is reset is an error: nobody knows what became of the request", async (t) => {
  const it = await scene(t, (socket) => socket.resetAndDestroy());
  await t.rejects(it.get(), /no answer from the API server/);
  t.equal(it.connections(), 1);
});
