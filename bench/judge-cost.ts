/** What judging the mix costs, in multiples of parsing the same bodies, over clusters of several sizes. One process. */
import { decide } from "../src/admission/decide.ts";
import { DryRunMemory } from "../src/admission/dry-run-memory.ts";
import { parseReview } from "../src/admission/review.ts";
import type { Cluster } from "../src/cluster/cluster.ts";
import { ClusterIndex } from "../src/cluster/cluster-index.ts";
import { DEFAULT_CONFIG } from "../src/config/defaults.ts";
import { factFrom } from "../src/kube/fact.ts";
import { GENERATED } from "./cluster-objects.ts";
import { mixOf } from "./reviews.ts";

const [, , scale = "0.01", nodes = "50", rounds = "10"] = process.argv;

const index = new ClusterIndex();
for (const { kind, apiVersion, count, fixed = 0, make } of GENERATED) {
  const total = kind === "Node" ? Number(nodes) : Math.max(Math.round(count * Number(scale)), fixed);
  for (let at = 0; at < total; at += 1) {
    const fact = factFrom({ kind, apiVersion, ...make(at) });
    if (fact !== undefined) index.put(fact);
  }
}
const cluster: Cluster = {
  view: index,
  prepare: async () => ({ view: index, cutShort: false }),
  status: () => [],
  start: async () => {},
  close: async () => {},
};
const sources = {
  cluster,
  config: () => DEFAULT_CONFIG,
  memory: new DryRunMemory(() => DEFAULT_CONFIG.dryRunMemory),
  verifyWaiver: async () => ({ state: "refused", reason: "none" }) as const,
  now: Date.now,
};
const reviews = mixOf(300, Math.max(1, Math.round(20_000 * Number(scale))));
const dryRuns = reviews.map(({ body }) => body.replace('"dryRun":false', '"dryRun":true'));
const { signal } = new AbortController();

const parses: number[] = [];
const decisions: number[] = [];
const ratios: number[] = [];
/** Deciding the same as dry runs, with what all of them before are remembered by, in multiples of deciding. */
const dryRatios: number[] = [];
for (let round = -2; round < Number(rounds); round += 1) {
  const start = performance.now();
  const parsed = reviews.map(({ body }): unknown => JSON.parse(body));
  const middle = performance.now();
  for (const body of parsed) await decide(parseReview(body), sources, signal);
  const end = performance.now();
  const parsedDry = dryRuns.map((body): unknown => JSON.parse(body));
  const dryStart = performance.now();
  for (const body of parsedDry) await decide(parseReview(body), sources, signal);
  const dryEnd = performance.now();
  if (round < 0) continue;
  parses.push(((middle - start) / reviews.length) * 1000);
  decisions.push(((end - middle) / reviews.length) * 1000);
  ratios.push((end - middle) / (middle - start));
  dryRatios.push((dryEnd - dryStart) / (end - middle));
}
process.send?.({ parses, decisions, ratios, dryRatios });
