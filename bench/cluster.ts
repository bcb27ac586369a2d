/**
 * The live view on a generated cluster of 20,000 Deployments, 40,000 claims, 40,000 volumes and 5,000 autoscalers:
 * ratios within this one run. BENCH_SCALE=0.1 makes it ten times smaller, BENCH_EVENTS sets the number of events.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const scale = Number(process.env.BENCH_SCALE ?? 1);
const events = Number(process.env.BENCH_EVENTS ?? 200_000);

interface Result {
  readonly ms: number;
  readonly rss: number;
  readonly peak: number;
  readonly objects: number;
  readonly growth: readonly number[];
  readonly memory: NodeJS.MemoryUsage;
}

const start = (file: string, args: readonly string[], execArgv: string[] = []): ChildProcess =>
  fork(fileURLToPath(new URL(file, import.meta.url)), args, { execArgv });

async function measure(
  mode: string,
  url: string,
  settleMs: number,
  more: string[] = [],
  execArgv: string[] = [],
) {
  const child = start("cluster-client.ts", [mode, url, String(settleMs), ...more], execArgv);
  const [result] = (await once(child, "message")) as [Result];
  await once(child, "exit");
  return result;
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] as number;

const MB = 1_000_000;
/** One line; a ratio above its limit fails the run. */
function row(what: string, ratio: number, limit: number, detail: string): void {
  if (ratio > limit) process.exitCode = 1;
  process.stdout.write(`${what.padEnd(34)} ${ratio.toFixed(2).padStart(5)}  (at most ${limit})  ${detail}
`);
}

const server = start("cluster-server.ts", [String(scale)]);
const [{ url, bytes }] = (await once(server, "message")) as [{ url: string; bytes: number }];

const downloads: number[] = [];
const readies: number[] = [];
for (let round = 0; round < 3; round++) {
  downloads.push((await measure("download", url, 0)).ms);
  readies.push((await measure("live", url, 0)).ms);
}
const ready = median(readies);
const plain = median(downloads);
row(
  "start to ready / download + parse",
  ready / plain,
  1.6,
  `${ready.toFixed(0)} ms / ${plain.toFixed(0)} ms`,
);

const idle = await measure("idle", url, 15_000);
const full = await measure("live", url, 15_000);
const share = (full.rss - idle.rss) / (bytes / 8);
row(
  "memory above idle / (JSON / 8)",
  share,
  1,
  `(${(full.rss / MB).toFixed(0)} - ${(idle.rss / MB).toFixed(0)} MB) / (${(bytes / MB).toFixed(0)} / 8 MB), ${full.objects} objects; peak ${(full.peak / MB).toFixed(0)} MB`,
);

const watched = await measure("live", url, 0, [String(events)], ["--expose-gc"]);
const [before = 1, after = 1] = watched.growth;
row(
  `heap after ${events} events / before`,
  after / before,
  1.05,
  `${(after / MB).toFixed(1)} MB / ${(before / MB).toFixed(1)} MB`,
);
server.kill();

interface Lookups {
  readonly small: number;
  readonly large: number;
  readonly everywhere: number;
}
const [lookups] = (await once(start("cluster-lookups.ts", []), "message")) as [Lookups];
row(
  "lookup, 100,000 objects / 100",
  lookups.large / lookups.small,
  2,
  `${lookups.large.toFixed(0)} ns / ${lookups.small.toFixed(0)} ns for a claim, its volume, its workloads and their autoscalers; ${lookups.everywhere.toFixed(0)} ns where every workload is asked about in turn`,
);
