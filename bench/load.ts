/** Sends reviews over TLS and measures. Each message `{port, connections, count}` is one round, answered by its result. */
import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { type BenchReview, mixOf } from "./reviews.ts";

export interface Round {
  readonly port: number;
  readonly connections: number;
  readonly count: number;
  /** Each review over a connection of its own, with a full handshake. */
  readonly fresh?: true;
  /** Reviews a second, evenly; left out: as fast as they are answered. */
  readonly perSecond?: number;
  /** Where reviews are sent to; left out: where attachguard takes them. */
  readonly path?: string;
}

export interface RoundResult {
  readonly perSecond: number;
  /** Milliseconds. */
  readonly median: number;
  readonly p99: number;
  readonly denied: number;
  /** Answers that deny where they should not, or do not where they should. */
  readonly wrong: number;
}

const [, , ca = "", deployments = "1000"] = process.argv;
const reviews = mixOf(1_000, Number(deployments));
const trusted = readFileSync(ca);

function send({ port, path = "/validate" }: Round, agent: Agent, { body }: BenchReview): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const outgoing = request(
    {
      host: "127.0.0.1",
      port,
      path: `${path}?timeout=10s`,
      method: "POST",
      agent,
      headers: { "content-type": "application/json", "content-length": Buffer.byteLength(body) },
    },
    (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => resolve(Buffer.concat(chunks).includes('"allowed":false')));
    },
  );
  outgoing.on("error", reject);
  outgoing.end(body);
  return promise;
}

async function round(asked: Round): Promise<RoundResult> {
  const { connections, count, fresh, perSecond } = asked;
  const agent = new Agent({
    keepAlive: fresh !== true,
    maxSockets: connections,
    ca: trusted,
    servername: "localhost",
    // Without sessions to resume, as for a client that connects for the first time.
    ...(fresh && { maxCachedSessions: 0 }),
  });
  const latencies: number[] = [];
  let next = 0;
  let denied = 0;
  let wrong = 0;
  const began = performance.now();
  const work = async () => {
    while (next < count) {
      const review = reviews[next % reviews.length] as BenchReview;
      const due = perSecond === undefined ? 0 : began + (next / perSecond) * 1000;
      next += 1;
      const early = due - performance.now();
      if (early > 0) await sleep(early);
      const start = performance.now();
      const isDenied = await send(asked, agent, review);
      latencies.push(performance.now() - start);
      if (isDenied) denied += 1;
      if (isDenied !== review.denied) wrong += 1;
    }
  };
  await Promise.all(Array.from({ length: connections }, work));
  const seconds = (performance.now() - began) / 1000;
  agent.destroy();
  latencies.sort((a, b) => a - b);
  const quantile = (share: number) => latencies[Math.floor(latencies.length * share)] ?? Number.NaN;
  return { perSecond: count / seconds, median: quantile(0.5), p99: quantile(0.99), denied, wrong };
}

process.on("message", (asked: Round) => {
  void round(asked).then((result) => process.send?.(result));
});
process.once("disconnect", () => process.exit());
