import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { parseAllDocuments } from "yaml";
import { connectLiveCluster } from "../../src/cluster/live/connect.ts";
import { ROOT } from "../manifests/render.ts";
import { writeKubeConfig } from "../support/api-server/live.ts";
import { type Answer, requestOf } from "../support/api-server/recorded.ts";
import { findBinaries } from "./binaries.ts";
import { Cluster, eventually } from "./cluster.ts";

// Records what a real API server answers to the servers of attachguard, for tests without one:
//
//   KUBEBUILDER_ASSETS=… node test/e2e/record-api.ts test/fixtures/api/1.30.json

const [output = ""] = process.argv.slice(2);
const binaries = await findBinaries();
if ("skipped" in binaries) throw new Error(binaries.skipped);
const cluster = await Cluster.start(binaries);
const kubectl = spawn(binaries.kubectl, ["proxy", "--port=0", "--kubeconfig", cluster.kubeconfig], {
  stdio: ["ignore", "pipe", "inherit"],
});
const [line] = (await once(createInterface({ input: kubectl.stdout }), "line")) as [string];
const port = Number(/:(\d+)$/.exec(line)?.[1]);

const answers: Record<string, Answer[]> = {};
const recorder = createServer((asked, reply) => {
  const url = asked.url ?? "/";
  const onward = request(
    { port, path: url, headers: { accept: asked.headers.accept ?? "*/*" } },
    (answer) => {
      const { statusCode: status = 0, headers } = answer;
      const key = requestOf(url);
      const known = answers[key] ?? [];
      answers[key] = known;
      const at = known.length;
      const type = headers["content-type"] ?? "";
      known.push({ status, type, body: "" });
      reply.writeHead(status, { "content-type": type });
      answer.setEncoding("utf8").on("data", (part: string) => {
        known[at] = { status, type, body: (known[at]?.body ?? "") + part };
        reply.write(part);
      });
      answer.on("close", () => reply.end());
    },
  );
  onward.on("error", () => reply.destroy());
  reply.on("close", () => onward.destroy());
  onward.end();
});
recorder.listen(0, "127.0.0.1");
await once(recorder, "listening");
const address = `http://127.0.0.1:${(recorder.address() as AddressInfo).port}`;

try {
  const objects = parseAllDocuments(await readFile(join(ROOT, "test/fixtures/api/objects.yaml"), "utf8"));
  await cluster.mustApply(objects.map((document) => document.toJS() as object));
  const kubeconfig = join(cluster.folder, "recorder.kubeconfig");
  writeKubeConfig(kubeconfig, address);
  const silent = { info: () => {}, warn: () => {}, error: () => {} };
  const live = await connectLiveCluster({ kubeconfig, env: {}, log: silent });
  await live.start();
  await eventually("every kind to be in sync", async () =>
    live.status().every(({ state }) => state === "synced") ? true : undefined,
  );
  // What the watches tell.
  await cluster.must(["-n", "shop", "scale", "deployment/web", "--replicas=3"]);
  await cluster.must(["-n", "shop", "delete", "hpa/web", "--wait=true"]);
  await sleep(2_000);
  await live.close();
  // What is not asked for: whether the server has it depends on its version.
  const namespaces = `${address}/api/v1/namespaces?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan`;
  const streamed = await fetch(`${namespaces}&allowWatchBookmarks=true&timeoutSeconds=2`);
  await streamed.text();
  await (await fetch(`${address}/version`)).text();
  await writeFile(output, `${JSON.stringify(answers, null, 1)}\n`);
} finally {
  recorder.closeAllConnections();
  recorder.close();
  kubectl.kill();
  await cluster.stop();
}
