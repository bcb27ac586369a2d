/** What the worker leaves out of a large review changes nothing that is said about it. */
import { Readable } from "node:stream";
import t from "tap";
import { LargeBodyParser } from "../../../src/admission/body/large-body-parser.ts";
import { Pace } from "../../../src/admission/body/pace.ts";
import { readBody } from "../../../src/admission/body/read-body.ts";
import { Room } from "../../../src/admission/body/room.ts";
import { type DecisionSources, decide } from "../../../src/admission/decide.ts";
import { DryRunMemory } from "../../../src/admission/dry-run-memory.ts";
import { parseReview } from "../../../src/admission/review.ts";
import { Turns } from "../../../src/admission/turns.ts";
import { DEFAULT_CONFIG } from "../../../src/config/config.ts";
import { claimsOfAnother, SHAPES } from "../support/hostile-reviews.ts";
import { MemoryCluster } from "../support/memory-cluster.ts";
import { CLASSES, objectOf, RECORDED_AT } from "../support/reviews.ts";

t.setTimeout(0);

const nodes = Array.from({ length: 20 }, (_, index) => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: {
    name: `node-${index}`,
    labels: { "kubernetes.io/hostname": `node-${index}`, zone: `z${index % 3}` },
  },
}));

const sources: DecisionSources = {
  cluster: new MemoryCluster([...CLASSES, objectOf("004"), objectOf("005"), ...nodes, ...claimsOfAnother()]),
  config: () => DEFAULT_CONFIG,
  memory: new DryRunMemory(() => DEFAULT_CONFIG.dryRunMemory),
  verifyWaiver: async () => ({ state: "refused", reason: "this test has no keys" }),
  now: () => RECORDED_AT,
};

async function said(review: unknown): Promise<unknown> {
  const { signal } = new AbortController();
  const { findings, notes, judged } = await decide(parseReview(review), sources, signal);
  return {
    judged,
    notes,
    findings: findings.map(({ rule, severity, problem, factors, claims, evidence, fixes }) => ({
      rule,
      severity,
      problem,
      factors,
      evidence,
      claims: claims.map(({ name }) => name),
      fixes: fixes.map(({ id }) => id),
    })),
  };
}

t.test(
  "a review says the same with and without what the worker leaves out",
  { timeout: 300_000 },
  async (t) => {
    const largeBodies = new LargeBodyParser();
    t.teardown(() => largeBodies.close());
    const room = new Room(() => 2 ** 30);
    for (const [name, [body, judged]] of Object.entries(SHAPES)) {
      const text = body();
      if (!judged || text.length < 256 * 1024) continue;
      const limits = { bytes: 2 ** 30, waitsUntil: 0, arrivesBefore: performance.now() + 30_000 };
      const read = await readBody(
        Readable.from([Buffer.from(text)]),
        text.length,
        { ...limits, parsedBefore: performance.now() + 30_000 },
        { room, largeBodies, pace: new Pace(), turns: new Turns(), parse: JSON.parse },
      );
      if (read.state !== "read") {
        t.fail(`${name}: ${read.state}`);
        continue;
      }
      room.leave(read.holding);
      t.same(await said(read.value), await said(JSON.parse(text)), name);
    }
  },
);
