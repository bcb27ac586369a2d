import { setTimeout as sleep } from "node:timers/promises";
import type { FastifyBaseLogger } from "fastify";
import type { WholeCluster } from "../cluster/cluster.ts";
import type { Config } from "../config/model.ts";
import { messageOf } from "../errors.ts";
import { judgeAll } from "../judge/all.ts";
import type { WaiverCheck } from "../judge/context.ts";
import type { Metrics, WorkloadCounts } from "../metrics.ts";
import { RULES } from "../policy/rules/index.ts";

/** No request waits longer than this for a slice, apart from the workload that the slice ends with. */
const SLICE_MS = 2;
/** At least; as long as the slice was, so that half of the time belongs to requests whatever a workload costs. */
const PAUSE_MS = 4;
/** How often to check whether it is time, while there is nothing to count yet. */
const LOOK_MS = 1_000;

export interface WorkloadGaugesDeps {
  readonly cluster: WholeCluster;
  readonly config: () => Config;
  readonly verifyWaiver: WaiverCheck;
  readonly metrics: Metrics;
  readonly log: Pick<FastifyBaseLogger, "error">;
}

/**
 * Counts, every now and then, the verdicts that all workloads would get today, and shows them as gauges. It runs in
 * slices between requests, on the facts that the server holds anyway.
 *
 * @returns a function that ends it
 */
export function followWorkloads(deps: WorkloadGaugesDeps): () => void {
  const ending = new AbortController();
  void follow(deps, ending.signal);
  return () => ending.abort();
}

async function follow(
  { config, metrics, log, ...deps }: WorkloadGaugesDeps,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const { workloadsIntervalSeconds } = config().metrics;
    const isTime = workloadsIntervalSeconds > 0 && isListed(deps.cluster);
    if (workloadsIntervalSeconds === 0) metrics.showWorkloads(undefined);
    if (isTime) {
      try {
        const counts = await countWorkloads(deps.cluster, config(), deps.verifyWaiver, signal);
        if (counts !== undefined) metrics.showWorkloads(counts);
      } catch (error) {
        log.error({ error: messageOf(error) }, "workloads not counted; keeping the last numbers");
      }
    }
    await sleep(isTime ? workloadsIntervalSeconds * 1000 : LOOK_MS, undefined, { signal, ref: false }).catch(
      () => {},
    );
  }
}

/** Before every kind has been listed or refused, most would be counted wrongly. */
function isListed(cluster: WholeCluster): boolean {
  return cluster.status().every(({ state }) => state !== "waiting");
}

/**
 * The verdicts that all workloads would get today: each counts once, by its verdict under the mode of its namespace;
 * each error, let through or not, by its rule.
 *
 * @returns undefined where the signal aborted it
 */
export async function countWorkloads(
  cluster: Pick<WholeCluster, "view" | "workloads">,
  config: Config,
  verifyWaiver: WaiverCheck,
  signal: AbortSignal,
): Promise<WorkloadCounts | undefined> {
  const verdicts = { deny: 0, warn: 0, allow: 0 };
  const latent = Object.fromEntries(RULES.map(({ id }) => [id, 0]));
  const settings = { config, verifyWaiver, dryRun: false, now: Date.now() };
  let began = performance.now();
  for (const workload of cluster.workloads()) {
    const judged = await judgeAll({ view: cluster.view, workloads: [workload], claims: [] }, settings);
    for (const { verdict } of judged.workloads) verdicts[verdict] += 1;
    for (const { rule, severity, exempted } of judged.findings) {
      if ((exempted?.severity ?? severity) === "error") latent[rule] = (latent[rule] ?? 0) + 1;
    }
    const took = performance.now() - began;
    if (took < SLICE_MS) continue;
    await sleep(Math.max(PAUSE_MS, took));
    if (signal.aborted) return undefined;
    began = performance.now();
  }
  return { verdicts, latent };
}
