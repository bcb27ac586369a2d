import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { replaceFile, startProcess, writePair } from "../admission/support/process.ts";
import { CLASSES, type Json, objectOf, reviewOf } from "../admission/support/reviews.ts";
import { CA, exchange, responseOf, serving, verdictSeen } from "../admission/support/server.ts";

t.test(
  "a reload holds at once, says what waits for a restart, and a broken file changes nothing",
  async (t) => {
    const folder = t.testdir({
      "config.yaml": "mode: enforce\n",
      "cluster.json": JSON.stringify({
        apiVersion: "v1",
        kind: "List",
        items: [...CLASSES, objectOf("004")],
      }),
    });
    const config = join(folder, "config.yaml");
    writePair(folder, await serving());
    const server = await startProcess(t, [
      ...["--tls-cert", join(folder, "tls.crt"), "--tls-key", join(folder, "tls.key")],
      ...["--config", config, "--cluster", join(folder, "cluster.json")],
    ]);
    const call = (method: string, path: string, body?: unknown) =>
      exchange(
        {
          ...{ host: "127.0.0.1", port: server.port, method, path, agent: false },
          ...{ ca: CA.certificate, servername: "localhost" },
          headers: { "content-type": "application/json" },
        },
        body === undefined ? undefined : JSON.stringify(body),
      );
    const review = reviewOf("005");
    const verdict = async () => verdictSeen(responseOf(t, await call("POST", "/validate", review), review));
    const problems = async () => {
      const { status, body } = await call("GET", "/readyz");
      t.equal(status, 200);
      return body.problems as string[];
    };
    t.same(
      server.lines.map(({ msg }) => msg),
      ["listening", "synced"],
      "it says once where it listens",
    );
    t.equal(await verdict(), "deny");

    replaceFile(config, "mode: warn\nlimits:\n  bodyBytes: 65536\n");
    t.match(await server.line(({ msg }) => msg === "configuration changed"), {
      level: 40,
      afterRestart: ["limits.bodyBytes"],
    });
    t.equal(await verdict(), "warn");
    t.match(await problems(), [/^configuration: limits\.bodyBytes .*after a restart$/]);

    writeFileSync(config, "mode: wran\n");
    await server.line(({ msg }) => msg === "invalid configuration; keeping the previous one");
    t.equal(await verdict(), "warn", "the last good one holds");
    t.match(await problems(), [/^configuration: .*config\.yaml:1:1: mode is "wran"/, /bodyBytes/]);
    const metrics = await (await fetch(`http://127.0.0.1:${server.metricsPort}/metrics`)).text();
    t.match(metrics, /^attachguard_config_reload_failures_total 1$/m);

    replaceFile(config, "mode: enforce\n");
    t.match(
      await server.line(
        ({ msg, afterRestart }) => msg === "configuration changed" && emptyList(afterRestart),
      ),
      {
        level: 30,
      },
    );
    t.equal(await verdict(), "deny");
    t.same(await problems(), []);
    server.child.kill("SIGINT");
    t.equal(await server.ended, 0);
  },
);

t.test("a longer time for draining that came with a reload is granted", async (t) => {
  const folder = t.testdir({
    "config.yaml": "shutdown: { delaySeconds: 0, graceSeconds: 1 }\n",
    "cluster.json": JSON.stringify(objectOf("004")),
  });
  const config = join(folder, "config.yaml");
  writePair(folder, await serving());
  const server = await startProcess(t, [
    ...["--tls-cert", join(folder, "tls.crt"), "--tls-key", join(folder, "tls.key")],
    ...["--config", config, "--cluster", join(folder, "cluster.json")],
  ]);
  replaceFile(config, "shutdown: { delaySeconds: 8, graceSeconds: 1 }\n");
  await server.line(({ msg }) => msg === "configuration changed");
  server.child.kill("SIGTERM");
  t.match(await server.line(({ msg }) => msg === "draining"), { delaySeconds: 8 });
  t.equal(await server.ended, 0, "it was not cut off after the time that held at its start");
});

function emptyList(value: unknown): boolean {
  return Array.isArray(value) && (value as Json[]).length === 0;
}
