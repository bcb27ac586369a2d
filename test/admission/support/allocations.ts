/**
 * Says what judging reviews that bring no finding allocates, and what parsing their bodies does, in bytes by resource;
 * and what reviews of all sorts leave behind.
 */
import { getHeapSpaceStatistics } from "node:v8";
import { mixOf } from "../../../bench/reviews.ts";
import { standingCluster } from "../../../bench/standing-cluster.ts";
import { type DecisionSources, decide } from "../../../src/admission/decide.ts";
import { DryRunMemory } from "../../../src/admission/dry-run-memory.ts";
import { parseReview } from "../../../src/admission/review.ts";
import { resourceName } from "../../../src/admission/subject.ts";
import { allocateYoung } from "../../../src/cli/serve/young-generation.ts";
import { DEFAULT_CONFIG } from "../../../src/config/defaults.ts";

export interface Allocated {
  readonly resource: string;
  readonly parsing: number;
  readonly judging: number;
}

export interface Measured {
  readonly told: readonly Allocated[];
  /** Bytes of one review that are still there when the young generation has been collected. */
  readonly left: number;
}

const DEPLOYMENTS = 200;
/** As often as the compiler needs to be done with everything. */
const WARMING = 4_000;
/** Reviews measured at a time, which have to fit into the young generation. */
const BATCH = 20;
const BATCHES = 5;

// As `serve` does.
allocateYoung();

const sources: DecisionSources = {
  cluster: standingCluster(0.01, 50),
  config: () => DEFAULT_CONFIG,
  memory: new DryRunMemory(() => DEFAULT_CONFIG.dryRunMemory),
  verifyWaiver: async () => ({ state: "refused", reason: "none" }),
  now: Date.now,
};
const { signal } = new AbortController();
const judge = (parsed: unknown) => decide(parseReview(parsed), sources, signal);

/** The fewest bytes of several batches: what the compiler or a timer allocates in between is not counted. */
async function bytesEach<T>(inputs: readonly T[], run: (input: T) => unknown): Promise<number> {
  const batch = Array.from({ length: BATCH }, (_, at) => inputs[at % inputs.length] as T);
  let fewest = Number.POSITIVE_INFINITY;
  for (let at = 0; at < BATCHES; at += 1) {
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    for (const input of batch) await run(input);
    fewest = Math.min(fewest, (process.memoryUsage().heapUsed - before) / batch.length);
  }
  return fewest;
}

/** Reviews after which it is looked at what is left of them: many times what the young generation holds. */
const OUTLIVED = 3_000;

/** Bytes of the old generation that one review leaves until the next full collection; the fewest, as above. */
async function bytesLeft(): Promise<number> {
  const old = () =>
    getHeapSpaceStatistics().find(({ space_name }) => space_name === "old_space")?.space_used_size ?? 0;
  let fewest = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 3; round += 1) {
    globalThis.gc?.();
    const before = old();
    for (let at = 0; at < OUTLIVED; at += 1) await judge(JSON.parse(bodies[at % bodies.length] as string));
    fewest = Math.min(fewest, (old() - before) / OUTLIVED);
  }
  return fewest;
}

const bodies = mixOf(300, DEPLOYMENTS).map(({ body }) => body);
for (let at = 0; at < WARMING; at += 1) await judge(JSON.parse(bodies[at % bodies.length] as string));

const clean = new Map<string, string[]>();
for (const body of bodies) {
  const parsed: unknown = JSON.parse(body);
  if ((await judge(parsed)).findings.length > 0) continue;
  const resource = resourceName(parseReview(parsed));
  clean.set(resource, [...(clean.get(resource) ?? []), body]);
}
const told: Allocated[] = [];
for (const [resource, texts] of clean) {
  const parsing = await bytesEach(texts, (text) => JSON.parse(text));
  const parsed: unknown[] = texts.map((text) => JSON.parse(text));
  told.push({ resource, parsing, judging: await bytesEach(parsed, judge) });
}
process.send?.({ told, left: await bytesLeft() } satisfies Measured);
