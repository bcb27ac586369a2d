import { setImmediate as turn } from "node:timers/promises";
import t from "tap";
import { countWorkloads, followWorkloads } from "../../src/admission/workload-gauges.ts";
import type { WholeCluster } from "../../src/cluster/cluster.ts";
import { DEFAULT_CONFIG } from "../../src/config/config.ts";
import { createMetrics } from "../../src/metrics.ts";
import { claim, deployment, storageClass } from "../support/objects.ts";
import { MemoryCluster } from "./support/memory-cluster.ts";

class Whole extends MemoryCluster implements WholeCluster {
  workloads() {
    return this.index.workloads();
  }
}

const RECREATE = { strategy: { type: "Recreate" } };
const IGNORED = {
  "attachguard.dev/ignore": "rwo-rolling-update",
  "attachguard.dev/reason": "moves on Monday",
};

const cluster = (...objects: readonly unknown[]) =>
  new Whole([storageClass, ...["a", "b", "c"].map((name) => claim({ name })), ...objects]);

const noWaivers = async () => ({ state: "refused", reason: "no keys" }) as const;
const never = new AbortController().signal;

t.test("each workload once, by its verdict; each error by its rule, let through or not", async (t) => {
  const three = cluster(
    deployment({ name: "bad", claims: ["a", "b"] }),
    deployment({ name: "good", claims: ["c"], workload: RECREATE }),
  );
  t.match(await countWorkloads(three, DEFAULT_CONFIG, noWaivers, never), {
    verdicts: { deny: 1, warn: 0, allow: 1 },
    latent: { "rwo-rolling-update": 1, "rwo-replicas": 0 },
  });
  t.match(
    await countWorkloads(three, { ...DEFAULT_CONFIG, mode: "warn" }, noWaivers, never),
    { verdicts: { deny: 0, warn: 1, allow: 1 }, latent: { "rwo-rolling-update": 1 } },
    "the mode decides the verdict, not what would get stuck",
  );
  const waiting = cluster(deployment({ name: "bad", claims: ["later"] }));
  const severities = { "claim-unknown": "error" as const };
  t.match(
    await countWorkloads(waiting, { ...DEFAULT_CONFIG, severities }, noWaivers, never),
    { verdicts: { deny: 1 }, latent: { "claim-unknown": 1 } },
    "as a real request would get it, not a dry run",
  );
  const ignored = cluster(deployment({ name: "bad", claims: ["a"], annotations: IGNORED }));
  t.match(await countWorkloads(ignored, DEFAULT_CONFIG, noWaivers, never), {
    verdicts: { deny: 0, warn: 1, allow: 0 },
    latent: { "rwo-rolling-update": 1 },
  });
});

t.test("in slices: whatever the cluster's size, others get their turn", async (t) => {
  const names = Array.from({ length: 3_000 }, (_, at) => `web-${at}`);
  const many = new Whole([
    storageClass,
    ...names.map((name) => claim({ name })),
    ...names.map((name) => deployment({ name, claims: [name] })),
  ]);
  let done = false;
  let longest = 0;
  let turns = 0;
  const watching = (async () => {
    for (let before = performance.now(); !done; before = performance.now()) {
      await turn();
      longest = Math.max(longest, performance.now() - before);
      turns += 1;
    }
  })();
  const counts = await countWorkloads(many, DEFAULT_CONFIG, noWaivers, never);
  done = true;
  await watching;
  t.equal(counts?.verdicts.deny, 3_000);
  t.ok(turns > 20, `${turns} turns`);
  t.comment(`the longest turn took ${longest.toFixed(1)} ms`);
  const ended = new AbortController();
  ended.abort();
  t.equal(await countWorkloads(many, DEFAULT_CONFIG, noWaivers, ended.signal), undefined, "it can be ended");
});

t.test(
  "one group of many: what its members ask for is brought into one form once, not once for each other",
  async (t) => {
    const names = Array.from({ length: 100 }, (_, at) => `web-${at}`);
    const term = { topologyKey: "kubernetes.io/hostname", labelSelector: { matchLabels: { group: "one" } } };
    const spec = { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } };
    const group = new Whole([
      storageClass,
      ...names.map((name) => claim({ name })),
      ...names.map((name) => deployment({ name, claims: [name], labels: { group: "one" }, spec })),
    ]);
    let reads = 0;
    for (const { template } of group.workloads()) {
      for (const each of template.placement.podAffinity) {
        const { namespaceSelector } = each;
        // The terms of the one that is judged are held against every other; those are not read for it again.
        Object.defineProperty(each, "namespaceSelector", {
          get: () => {
            reads += 1;
            return namespaceSelector;
          },
        });
      }
    }
    const counts = await countWorkloads(group, DEFAULT_CONFIG, noWaivers, never);
    t.equal(counts?.verdicts.allow, names.length, "the affinity keeps each on one node");
    t.comment(`${reads} reads`);
    t.ok(reads < names.length * names.length * 1.5, `${reads} reads`);
  },
);

t.test("shown as gauges once everything is listed, and not at all where it is turned off", async (t) => {
  const metrics = createMetrics({ process: false });
  const whole = cluster(deployment({ name: "bad", claims: ["a"] }));
  const synced = whole.kinds;
  let config = DEFAULT_CONFIG;
  const scrape = () => metrics.registry.metrics();
  whole.kinds = synced.map((kind, at) => (at === 0 ? { ...kind, state: "waiting" } : kind));
  const log = { error: (fields: unknown) => t.fail(JSON.stringify(fields)) };
  const start = () =>
    followWorkloads({ cluster: whole, config: () => config, verifyWaiver: noWaivers, metrics, log } as never);
  start()();
  await turn();
  t.notMatch(await scrape(), /attachguard_workloads\{/, "not before everything is listed");
  whole.kinds = synced;
  const end = start();
  for (let attempt = 0; attempt < 100 && !(await scrape()).includes("attachguard_workloads{"); attempt++) {
    await turn();
  }
  end();
  t.match(await scrape(), 'attachguard_workloads{verdict="deny"} 1\n');
  t.match(await scrape(), 'attachguard_latent_findings{rule="rwo-rolling-update"} 1\n');
  t.match(await scrape(), 'attachguard_latent_findings{rule="rwo-replicas"} 0\n');
  config = { ...config, metrics: { ...config.metrics, workloadsIntervalSeconds: 0 } };
  start()();
  await turn();
  t.notMatch(await scrape(), /attachguard_(workloads|latent_findings)\{/);
});

t.test("a fault is told and leaves the last numbers", async (t) => {
  const metrics = createMetrics({ process: false });
  metrics.showWorkloads({ verdicts: { deny: 7 }, latent: {} });
  const whole = cluster();
  whole.workloads = () => {
    throw new Error("broken");
  };
  const told: unknown[] = [];
  const log = { error: (fields: unknown) => told.push(fields) };
  const deps = { cluster: whole, config: () => DEFAULT_CONFIG, verifyWaiver: noWaivers, metrics, log };
  followWorkloads(deps as never)();
  await turn();
  t.strictSame(told, [{ error: "broken" }]);
  t.match(await metrics.registry.metrics(), 'attachguard_workloads{verdict="deny"} 7');
});
