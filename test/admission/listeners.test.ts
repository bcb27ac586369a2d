import { once } from "node:events";
import { type AddressInfo, connect } from "node:net";
import t from "tap";
import { HTTP_TIMEOUTS } from "../../src/admission/http-limits.ts";
import { plainListener } from "../../src/admission/listeners.ts";

t.test("a request without a Host header is answered like any other", async (t) => {
  const server = plainListener((_request, response) => response.end("here"), HTTP_TIMEOUTS);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => server.close());
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  socket.end("GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
  t.match((await socket.setEncoding("utf8").toArray()).join(""), /^HTTP\/1\.1 200 [\s\S]*here/);
});
