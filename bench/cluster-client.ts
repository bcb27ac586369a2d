/** One measured process: `download`, `live` or `idle` against the URL of cluster-server.ts; answers through IPC. */
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import * as http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectLiveCluster } from "../src/cluster/live/connect.ts";
import type { LiveCluster } from "../src/cluster/live/live-cluster.ts";
import { GENERATED } from "./cluster-objects.ts";

const [, , mode = "download", url = "", settleMs = "0"] = process.argv;

/** What nobody can do without: get each page, parse it, go on to the next. */
async function download(): Promise<void> {
  const agent = new http.Agent({ keepAlive: true });
  const get = (path: string) =>
    new Promise<Buffer>((resolve, reject) => {
      http
        .get(`${url}/full${path}`, { agent }, (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("end", () => resolve(Buffer.concat(chunks)));
        })
        .on("error", reject);
    });
  await Promise.all(
    GENERATED.map(async ({ apiVersion, plural }) => {
      const path = `${apiVersion.includes("/") ? "/apis" : "/api"}/${apiVersion}/${plural}?limit=500`;
      let next: string | undefined = "0";
      while (next !== undefined) {
        const page: { metadata: { continue?: string } } = JSON.parse(
          (await get(`${path}&continue=${next}`)).toString("utf8"),
        );
        next = page.metadata.continue;
      }
    }),
  );
  agent.destroy();
}

async function connect(side: string): Promise<LiveCluster> {
  const folder = mkdtempSync(join(tmpdir(), "attachguard-bench-"));
  const kubeconfig = join(folder, "kubeconfig");
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      clusters: [{ name: "bench", cluster: { server: `${url}/${side}` } }],
      users: [{ name: "bench", user: {} }],
      contexts: [{ name: "bench", context: { cluster: "bench", user: "bench" } }],
      "current-context": "bench",
    }),
  );
  const quiet = { info: () => {}, warn: () => {}, error: () => {} };
  const cluster = await connectLiveCluster({ kubeconfig, env: {}, log: quiet });
  await cluster.start();
  rmSync(folder, { recursive: true });
  return cluster;
}

const settled = () => new Promise((resolve) => setTimeout(resolve, Number(settleMs)));

/** Heap in use after a forced collection, with nothing on its way any more; only with --expose-gc. */
async function heap(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    globalThis.gc?.();
  }
  return process.memoryUsage().heapUsed;
}

async function burst(cluster: LiveCluster, events: number): Promise<void> {
  const [response] = await once(http.get(`${url}/burst?events=${events}`), "response");
  response.resume();
  await once(response, "end");
  const { index } = cluster;
  const kinds = ["PersistentVolumeClaim", "HorizontalPodAutoscaler", "Deployment"] as const;
  const done = () =>
    kinds.every((kind) => [...index.facts(kind)].some(({ object }) => object.name === "bench-done")) &&
    index.volume("bench-done").state === "known";
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 50));
}

const startedAt = performance.now();
if (mode === "download") {
  await download();
  process.send?.({ ms: performance.now() - startedAt });
} else {
  const cluster = await connect(mode === "idle" ? "empty" : "full");
  const ms = performance.now() - startedAt;
  const peak = process.resourceUsage().maxRSS * 1024;
  await settled();
  const { rss } = process.memoryUsage();
  const objects = cluster.status().reduce((sum, { objects }) => sum + objects, 0);
  const events = Number(process.argv[5] ?? 0);
  const growth: number[] = [];
  if (events > 0) {
    // The first events make V8 compile the way that they take; what comes after that is what may not grow.
    await burst(cluster, 20_000);
    growth.push(await heap());
    await burst(cluster, events);
    growth.push(await heap());
  }
  process.send?.({ ms, rss, peak, objects, growth, memory: process.memoryUsage() });
  await cluster.close();
}
process.disconnect?.();
