/** What judging the mix costs, in multiples of parsing the same bodies, over clusters of several sizes. One process. */
import { decide } from "../src/admission/decide.ts";
import { DryRunMemory } from "../src/admission/dry-run-memory.ts";
import { parseReview } from "../src/admission/review.ts";
import { DEFAULT_CONFIG } from "../src/config/defaults.ts";
import { mixOf } from "./reviews.ts";
import { standingCluster } from "./standing-cluster.ts";

/** Rounds that are not counted: a server has judged some thousands of reviews after a minute. */
const WARMING = 10;

const [, , scale = "0.01", nodes = "50", rounds = "10"] = process.argv;

const sources = {
  cluster: standingCluster(Number(scale), Number(nodes)),
  config: () => DEFAULT_CONFIG,
  memory: new DryRunMemory(() => DEFAULT_CONFIG.dryRunMemory),
  verifyWaiver: async () => ({ state: "refused", reason: "none" }) as const,
  now: Date.now,
  answersOnly: true as const,
};
const reviews = mixOf(300, Math.max(1, Math.round(20_000 * Number(scale))));
const dryRuns = reviews.map(({ body }) => body.replace('"dryRun":false', '"dryRun":true'));
const { signal } = new AbortController();

/** Parsed and judged at a time: what waits to be judged is copied by each collection, and a server has few that wait. */
const BATCH = 20;

/** Milliseconds that parsing took, and deciding. */
async function measured(bodies: readonly string[]): Promise<readonly [parsing: number, deciding: number]> {
  let [parsing, deciding] = [0, 0];
  for (let at = 0; at < bodies.length; at += BATCH) {
    const start = performance.now();
    const parsed = bodies.slice(at, at + BATCH).map((body): unknown => JSON.parse(body));
    const middle = performance.now();
    for (const body of parsed) await decide(parseReview(body), sources, signal);
    parsing += middle - start;
    deciding += performance.now() - middle;
  }
  return [parsing, deciding];
}

const real = reviews.map(({ body }) => body);
/** Each kind of review has the same share of both. */
const [denied, clean] = [true, false].map((isDenied) =>
  reviews.filter((review) => review.denied === isDenied).map(({ body }) => body),
) as [string[], string[]];
const parses: number[] = [];
const decisions: number[] = [];
const ratios: number[] = [];
/** Deciding the same as dry runs, with what all of them before are remembered by, in multiples of deciding. */
const dryRatios: number[] = [];
/** Deciding a review that is denied, in multiples of one that is not. */
const deniedRatios: number[] = [];
for (let round = -WARMING; round < Number(rounds); round += 1) {
  const [parsing, deciding] = await measured(real);
  const [, decidingDry] = await measured(dryRuns);
  const [, decidingDenied] = await measured(denied);
  const [, decidingClean] = await measured(clean);
  if (round < 0) continue;
  parses.push((parsing / reviews.length) * 1000);
  decisions.push((deciding / reviews.length) * 1000);
  ratios.push(deciding / parsing);
  dryRatios.push(decidingDry / deciding);
  deniedRatios.push(decidingDenied / denied.length / (decidingClean / clean.length));
}
process.send?.({ parses, decisions, ratios, dryRatios, deniedRatios });
