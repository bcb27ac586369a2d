import { once } from "node:events";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import t from "tap";
import { connectLiveCluster } from "../../../src/cluster/live/connect.ts";
import { ApiServerDouble } from "../../support/api-server/api-server.ts";
import { createAuthority } from "../../support/api-server/certificates.ts";
import { agrees, live, QUICK, writeKubeConfig } from "../../support/api-server/live.ts";
import { claim, deployment } from "../../support/objects.ts";

const QUIET = { info: () => {}, warn: () => {}, error: () => {} };

const fill = (double: ApiServerDouble) => double.put(deployment());

const lastToken = (double: ApiServerDouble) => double.requests.at(-1)?.authorization;

t.test("in a pod: the service account's CA and token, and a new token with the next request", async (t) => {
  const authority = await createAuthority();
  const double = await ApiServerDouble.start({ tls: await authority.issue() });
  fill(double);
  double.token = "first";
  const { port } = new URL(double.url);
  const serviceAccount = t.testdir({ "ca.crt": authority.pem, token: "first\n" });
  const cluster = await connectLiveCluster({
    env: { KUBERNETES_SERVICE_HOST: "127.0.0.1", KUBERNETES_SERVICE_PORT: port, KUBECONFIG: "/nonexistent" },
    serviceAccount,
    log: QUIET,
    timings: QUICK,
  });
  t.teardown(() => cluster.close().then(() => double.stop()));
  await cluster.start();
  await double.until(() => double.watchers() === 13);
  double.token = "second";
  writeFileSync(join(serviceAccount, "token"), "second\n");
  double.cut();
  double.put(claim());
  await agrees(t, { double, cluster });
  t.equal(lastToken(double), "Bearer second");
  t.equal(double.requests.filter(({ authorization }) => authorization === "Bearer first").length, 26);
});

t.test("a token that is refused (401) makes the kubeconfig be read again", async (t) => {
  const it = await live(t, { fill, user: { token: "old" } });
  await it.double.until(() => it.double.watchers() === 13);
  it.double.token = "new";
  writeKubeConfig(it.kubeconfig, it.double.url, { user: { token: "new" } });
  it.double.cut();
  it.double.put(claim());
  await agrees(t, it);
});

t.test("a token that stays refused is tried again, not given up and not hammered", async (t) => {
  const it = await live(t, { fill, user: { token: "wrong" }, start: false, timings: { renewMs: 60_000 } });
  it.double.token = "right";
  const started = it.cluster.start();
  const refused = () =>
    it.cluster
      .status()
      .every(({ state, problem }) => state === "waiting" && /Unauthorized/.test(problem ?? ""));
  while (!refused()) await new Promise((resolve) => setTimeout(resolve, 2));
  t.ok(it.double.requests.length < 500, `${it.double.requests.length} requests`);
  it.double.token = "wrong";
  await started;
  await agrees(t, it);
});

t.test("a tokenFile of the kubeconfig is read for every request", async (t) => {
  const it = await live(t, { fill, start: false, user: { tokenFile: "my-token" } });
  const file = it.kubeconfig.replace(/kubeconfig$/, "my-token");
  writeFileSync(file, "one\n");
  await it.cluster.start();
  t.equal(lastToken(it.double), "Bearer one");
  await it.double.until(() => it.double.watchers() === 13);
  writeFileSync(file, "two");
  it.double.cut();
  it.double.put(claim());
  await agrees(t, it);
  t.equal(lastToken(it.double), "Bearer two");
});

t.test("an exec plugin is run once for many requests, and again when its token is refused", async (t) => {
  // The test's own folder is the kubeconfig's.
  const folder = mkdtempSync(join(tmpdir(), "attachguard-exec-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "token"), "first");
  const plugin = join(folder, "plugin.sh");
  const status =
    '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s"}}';
  writeFileSync(
    plugin,
    `#!/bin/sh\necho run >> ${folder}/runs\nprintf '${status}' "$(cat ${folder}/token)"\n`,
  );
  chmodSync(plugin, 0o755);
  const it = await live(t, {
    fill,
    user: {
      exec: { apiVersion: "client.authentication.k8s.io/v1", command: plugin, interactiveMode: "Never" },
    },
    timings: { renewMs: 20 },
  });
  const runs = () => readFileSync(join(folder, "runs"), "utf8").split("\n").length - 1;
  t.equal(lastToken(it.double), "Bearer first");
  await it.double.until(() => it.double.watchers() === 13);
  t.equal(runs(), 1);
  it.double.token = "second";
  writeFileSync(join(folder, "token"), "second");
  it.double.cut();
  it.double.put(claim());
  await agrees(t, it);
  t.ok(runs() >= 2);
});

t.test("basic authentication and impersonation go along", async (t) => {
  const it = await live(t, { fill, user: { username: "me", password: "secret" } });
  t.equal(lastToken(it.double), `Basic ${Buffer.from("me:secret").toString("base64")}`);
});

t.test("goes through the proxy that the kubeconfig names", async (t) => {
  const authority = await createAuthority();
  const tunnels: string[] = [];
  const sockets = new Set<Duplex>();
  const proxy = createServer();
  proxy.on("connect", (request, client: Duplex) => {
    tunnels.push(request.url ?? "");
    const [host, port] = (request.url ?? "").split(":");
    const server = connect(Number(port), host, () => {
      client.write("HTTP/1.1 200 OK\r\n\r\n");
      server.pipe(client).pipe(server);
    });
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on("error", () => {});
    }
  });
  await once(proxy.listen(0, "127.0.0.1"), "listening");
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    proxy.close();
  });
  const { port } = proxy.address() as AddressInfo;
  const it = await live(t, { fill, authority, proxy: `http://127.0.0.1:${port}` });
  it.double.put(claim());
  await agrees(t, it);
  t.ok(tunnels.length >= 12 && tunnels.every((to) => it.double.url.endsWith(to)));
});

t.test("a server whose certificate cannot be trusted is named, and never talked to", async (t) => {
  const it = await live(t, { start: false, authority: await createAuthority() });
  writeFileSync(it.kubeconfig.replace(/kubeconfig$/, "ca.crt"), (await createAuthority("other")).pem);
  void it.cluster.start();
  const problems = () => it.cluster.status().map(({ problem }) => problem ?? "");
  while (!problems().every((problem) => problem !== ""))
    await new Promise((resolve) => setTimeout(resolve, 2));
  t.match(problems()[0], /no answer from the API server: .*(certificate|signature)/);
  t.equal(it.double.requests.length, 0);
});
