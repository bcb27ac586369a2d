/** What a server makes of a decision is the same where no more is told of a finding than it reads. */
import type { FastifyBaseLogger } from "fastify";
import t from "tap";
import { mixOf } from "../../bench/reviews.ts";
import { standingCluster } from "../../bench/standing-cluster.ts";
import { answerFor, type Decision } from "../../src/admission/answer.ts";
import { type DecisionSources, decide } from "../../src/admission/decide.ts";
import { logDecision } from "../../src/admission/decision-log.ts";
import { DryRunMemory } from "../../src/admission/dry-run-memory.ts";
import { parseReview, type ReviewRequest } from "../../src/admission/review.ts";
import { DEFAULT_CONFIG } from "../../src/config/defaults.ts";
import type { Config } from "../../src/config/model.ts";
import { RECORDINGS } from "./support/reviews.ts";

const cluster = standingCluster(0.005, 50);
const NOW = Date.parse("2026-11-26T12:00:00Z");
const { signal } = new AbortController();

function sourcesOf(config: Config): DecisionSources {
  return {
    cluster,
    config: () => config,
    memory: new DryRunMemory(() => config.dryRunMemory),
    verifyWaiver: async () => ({ state: "refused", reason: "none" }),
    now: () => NOW,
  };
}

/** All that is read of a decision: the answer, the line of the log, and what the metrics count. */
function madeOf(request: ReviewRequest, decision: Decision): readonly unknown[] {
  const lines: unknown[] = [];
  const log = { info: (line: unknown) => lines.push(line) } as unknown as FastifyBaseLogger;
  logDecision(log, request, decision, 0);
  return [answerFor(decision), lines, decision.findings.map(({ rule, severity }) => [rule, severity])];
}

const reviews: readonly unknown[] = [
  ...mixOf(200, 100).map(({ body }) => JSON.parse(body) as unknown),
  ...mixOf(200, 100).map(
    ({ body }) => JSON.parse(body.replace('"dryRun":false', '"dryRun":true')) as unknown,
  ),
  ...RECORDINGS.map(({ review }) => review),
];

for (const mode of ["enforce", "warn", "audit"] as const) {
  t.test(`mode ${mode}`, async (t) => {
    const config: Config = { ...DEFAULT_CONFIG, mode };
    const [inFull, answers] = [sourcesOf(config), { ...sourcesOf(config), answersOnly: true as const }];
    let [found, short] = [0, 0];
    for (const review of reviews) {
      const request = parseReview(review);
      const full = await decide(request, inFull, signal);
      const brief = await decide(request, answers, signal);
      t.strictSame(madeOf(request, brief), madeOf(request, full));
      found += full.findings.length;
      short += brief.findings.filter(({ evidence }) => evidence.length === 0).length;
    }
    t.ok(found > 100, `${found} findings`);
    t.ok(short > 50, `${short} of one line`);
  });
}
