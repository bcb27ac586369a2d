/**
 * The webhook beside a bare fastify server that parses the same body, both over TLS in processes of their own, in
 * turns; the load comes from a third. Ratios of one run, with their range. BENCH_SIZE=full takes 100,000 objects, more
 * nodes and more rounds; the default is done within three minutes. Writes bench/results.json.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { countOf, GENERATED } from "./cluster-objects.ts";
import { computedBy, memoryOf, pair, run, type Server, said, serve, start } from "./processes.ts";
import { quartiles, report } from "./ratios.ts";

const FULL = process.env.BENCH_SIZE === "full";
const SCALE = FULL ? 1 : 0.01;
const FILE_SCALE = FULL ? 0.1 : 0.01;
const NODES = FULL ? 1_000 : 50;
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? (FULL ? 20 : 7));
const COUNT = FULL ? 4_000 : 1_000;
const CONNECTIONS = FULL ? [1, 16, 64] : [16];
/** Rounds that are not counted: both servers are compiled by then, as they are after a minute of ordinary load. */
const WARMING = 4;
const EVENTS_A_SECOND = 500;

const folder = mkdtempSync(join(tmpdir(), "attachguard-bench-"));
const children: ChildProcess[] = [];
const bench = { folder, children };
const results: Record<string, unknown> = {
  size: FULL ? "full" : "small",
  node: process.version,
  cpus: cpus().length,
  date: new Date().toISOString(),
};

/** What `judge-cost.ts` measured, a number a round. */
interface JudgeCost {
  readonly parses: number[];
  readonly decisions: number[];
  readonly ratios: number[];
  readonly dryRatios: number[];
  readonly deniedRatios: number[];
}

interface Bare {
  readonly child: ChildProcess;
  readonly port: number;
}

async function compare(name: string, ours: Server, bare: Bare, load: ChildProcess): Promise<number> {
  const rest = memoryOf(ours.child);
  let perSecond = 0;
  for (const [label, connections, fresh] of [
    ...CONNECTIONS.map((count) => [`${name}, ${count} connections`, count, false] as const),
    [`${name}, a new TLS connection each`, 16, true] as const,
  ]) {
    const count = fresh ? COUNT / 4 : COUNT;
    const asked = { connections, count, ...(fresh && { fresh: true as const }) };
    for (let round = 0; round < (fresh ? 1 : WARMING); round += 1) {
      for (const port of [ours.port, bare.port]) await run(load, { port, ...asked });
    }
    const throughputs: number[] = [];
    const p99s: number[] = [];
    const rates: number[] = [];
    const computed: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const starts = [ours.child, bare.child].map(computedBy);
      const mine = await run(load, { port: ours.port, ...asked });
      const theirs = await run(load, { port: bare.port, ...asked });
      const ends = [ours.child, bare.child].map(computedBy);
      const [our = Number.NaN, their = Number.NaN] = ends.map((end, at) => end - (starts[at] ?? 0));
      computed.push(our / their);
      if (mine.wrong > 0) {
        throw new Error(
          `${mine.wrong} of ${count} answers are not what they should be (${mine.denied} denied)`,
        );
      }
      throughputs.push(mine.perSecond / theirs.perSecond);
      p99s.push(mine.p99 / theirs.p99);
      rates.push(mine.perSecond);
    }
    results[label] = {
      throughput: report(`${label}: throughput / bare`, throughputs),
      p99: report(`${label}: p99 / bare`, p99s),
      processorTime: report(`${label}: processor time / bare`, computed),
      reviewsPerSecond: report(`${label}: reviews a second`, rates),
    };
    if (!fresh) perSecond = Math.max(perSecond, quartiles(rates).median);
  }
  const peak = memoryOf(ours.child);
  results[`${name}, memory`] = { restMiB: rest, loadMiB: peak };
  process.stdout.write(
    `${`${name}: memory at rest, under load (MiB)`.padEnd(52)} ${rest.toFixed(0)}, ${peak.toFixed(0)}\n`,
  );
  return perSecond;
}

/** How late an event loop was, in seconds. */
interface Delay {
  readonly p99: number;
  readonly max: number;
}

/** Since it was asked last: prom-client begins anew with each scrape. */
async function delayOf({ metricsUrl }: Server): Promise<Delay> {
  const text = await (await fetch(metricsUrl)).text();
  const gauge = (name: string) => Number(new RegExp(`^${name} (.+)$`, "m").exec(text)?.[1]);
  return { p99: gauge("nodejs_eventloop_lag_p99_seconds"), max: gauge("nodejs_eventloop_lag_max_seconds") };
}

async function delayOfBare({ child }: Bare): Promise<Delay> {
  child.send("delay");
  return said<Delay>(child);
}

/** Half of what the server can do, while its cluster changes and an audit asks the same API server. */
async function atHalfLoad(
  ours: Server,
  bare: Bare,
  load: ChildProcess,
  {
    perSecond,
    url,
    kubeconfig,
  }: { readonly perSecond: number; readonly url: string; readonly kubeconfig: string },
): Promise<void> {
  const half = { connections: 16, count: COUNT, perSecond: perSecond / 2 };
  const main = join(import.meta.dirname, "../src/cli/main.ts");
  const mine: number[] = [];
  const theirs: number[] = [];
  const longest: number[] = [];
  await fetch(`${url}/stream?perSecond=${EVENTS_A_SECOND}`);
  for (let round = 0; round < ROUNDS; round += 1) {
    const audit = spawn(process.execPath, [main, "audit", "--kubeconfig", kubeconfig, "--format", "json"], {
      stdio: "ignore",
    });
    children.push(audit);
    await delayOf(ours);
    await run(load, { port: ours.port, ...half });
    const own = await delayOf(ours);
    await delayOfBare(bare);
    await run(load, { port: bare.port, ...half });
    mine.push(own.p99 * 1000);
    longest.push(own.max * 1000);
    theirs.push((await delayOfBare(bare)).p99 * 1000);
    audit.kill("SIGKILL");
  }
  await fetch(`${url}/stream?perSecond=0`);
  const label = `half load, ${EVENTS_A_SECOND} events a second, an audit`;
  results[label] = {
    p99Milliseconds: report(`${label}: p99 delay (ms)`, mine),
    longestMilliseconds: report(`${label}: longest (ms)`, longest),
    bareP99Milliseconds: report(`${label}: p99, bare (ms)`, theirs),
  };
}

function writeCluster(scale: number): string {
  const path = join(folder, "cluster");
  mkdirSync(path);
  for (const generated of GENERATED) {
    const { kind, apiVersion, plural, make } = generated;
    const items = Array.from({ length: countOf(generated, scale, NODES) }, (_, at) => ({
      kind,
      apiVersion,
      ...make(at),
    }));
    writeFileSync(join(path, `${plural}.json`), JSON.stringify({ kind: "List", apiVersion: "v1", items }));
  }
  return path;
}

function writeKubeconfig(server: string): string {
  const path = join(folder, "kubeconfig");
  const context = { cluster: "bench", user: "bench" };
  writeFileSync(
    path,
    JSON.stringify({
      clusters: [{ name: "bench", cluster: { server } }],
      users: [{ name: "bench", user: {} }],
      contexts: [{ name: "bench", context }],
      "current-context": "bench",
    }),
  );
  return path;
}

try {
  for (const nodes of FULL ? [10, 50, 1_000, 5_000] : [50, 5_000]) {
    const child = start(bench, "judge-cost.ts", [String(FULL ? 0.1 : 0.01), String(nodes)]);
    const cost = await said<JudgeCost>(child);
    results[`decide, ${nodes} nodes`] = {
      perParse: report(`decide / JSON.parse, ${nodes} nodes`, cost.ratios),
      dryRun: report(`dry run / real, ${nodes} nodes`, cost.dryRatios),
      denied: report(`denied / clean, ${nodes} nodes`, cost.deniedRatios),
      microseconds: quartiles(cost.decisions),
      parseMicroseconds: quartiles(cost.parses),
    };
  }

  const tls = await pair(bench);
  const bareServer = start(bench, "bare-server.ts", [tls.cert, tls.key]);
  const bare = { child: bareServer, port: (await said<{ port: number }>(bareServer)).port };

  const load = start(bench, "load.ts", [tls.ca, String(Math.round(20_000 * Math.min(SCALE, FILE_SCALE)))]);
  const files = await serve(bench, "files", tls, ["--cluster", writeCluster(FILE_SCALE)]);
  await compare("files", files, bare, load);
  files.child.kill("SIGKILL");

  const apiServer = start(bench, "cluster-server.ts", [String(SCALE), String(NODES)]);
  const { url } = await said<{ url: string; bytes: number }>(apiServer);
  const lookups = async () => Number(await (await fetch(`${url}/lookups`)).text());
  const kubeconfig = writeKubeconfig(`${url}/full`);
  const live = await serve(bench, "live", tls, ["--kubeconfig", kubeconfig]);
  for (const [name, { ready }] of Object.entries({ files, live })) {
    results[`${name}, start to ready (ms)`] = ready;
    process.stdout.write(`${`${name}: start to ready (ms)`.padEnd(52)} ${ready.toFixed(0)}\n`);
  }
  const before = await lookups();
  const perSecond = await compare("live", live, bare, load);
  const reviews = (ROUNDS + WARMING) * COUNT * CONNECTIONS.length + ((ROUNDS + 1) * COUNT) / 4;
  const asked = ((await lookups()) - before) / (reviews / 1000);
  results["live, lookups per 1,000 reviews"] = asked;
  process.stdout.write(`${"live: lookups per 1,000 reviews".padEnd(52)} ${asked.toFixed(1)}\n`);
  await atHalfLoad(live, bare, load, { perSecond, url, kubeconfig });

  const commit = spawnSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).stdout.trim();
  writeFileSync(
    join(import.meta.dirname, "results.json"),
    `${JSON.stringify({ commit, ...results }, null, 2)}\n`,
  );
} finally {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
}
