import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import t from "tap";
import { factFrom } from "../../src/kube/fact.ts";
import { CLASSES, type Json, objectOf, RECORDED_AT } from "../admission/support/reviews.ts";
import { startServer } from "../admission/support/server.ts";
import { mutatedReview, mutatedText } from "./mutate.ts";
import { randomFrom } from "./random.ts";
import { faultOf } from "./well-formed.ts";

/** `npm run test:fuzz` sets both; a failure is repeated with the seed that it prints. */
const COUNT = Number(process.env.ATTACHGUARD_FUZZ_COUNT ?? 20_000);
const SEED = Number(process.env.ATTACHGUARD_FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 32));

// However many are asked for; under `tap run` the runner's own limit holds.
t.setTimeout(0);

const OVER_TLS = 500;
/** What the API server gives a webhook by default. */
const DEADLINE_MS = 10_000;
/** What a heap may grow by between a quarter of the run and its end: garbage that was just not collected yet. */
const HEAP_SLACK = 8 * 1024 * 1024;
const SHOWN = 5;

const namespace = (name: string, mode: string): Json => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name, labels: { "attachguard.dev/mode": mode } },
});

const objects = [
  ...CLASSES,
  objectOf("004"),
  objectOf("005"),
  objectOf("006"),
  namespace("audited", "audit"),
  namespace("off", "off"),
];

/** Garbage collection on demand, which Node has only behind a flag. */
function garbageCollector(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc");
}

t.test(`${COUNT} mutated reviews get a review or a 4xx each`, { timeout: 0 }, async (t) => {
  t.comment(`seed ${SEED}`);
  const random = randomFrom(SEED);
  const collect = garbageCollector();
  const unhandled: unknown[] = [];
  const onUnhandled = (reason: unknown): void => {
    unhandled.push(reason);
  };
  process.on("unhandledRejection", onUnhandled);
  t.teardown(() => process.off("unhandledRejection", onUnhandled));

  let now = RECORDED_AT;
  const { server, cluster, log } = await startServer(t, { objects, now: () => now });
  const failures: string[] = [];
  const outcomes: Record<string, number> = {};
  let slowest = 0;
  let heapAtQuarter = 0;
  for (let at = 0; at < COUNT && failures.length < SHOWN; at++) {
    // What was dry-run is forgotten in time, as it is when the clock goes on.
    now += 100;
    const sent = mutatedText(random);
    const started = performance.now();
    const { statusCode, headers, payload } = await server.app.inject({
      method: "POST",
      url: "/validate?timeout=5s",
      headers: { "content-type": "application/json" },
      payload: sent,
    });
    cluster.wanted.length = 0;
    slowest = Math.max(slowest, performance.now() - started);
    const fault = faultOf(sent, statusCode, headers, payload);
    if (fault !== undefined) failures.push(`input ${at} of seed ${SEED}: ${fault}\n${sent.slice(0, 20_000)}`);
    for (const line of log.splice(0)) {
      if (line.msg === "fault") {
        failures.push(`input ${at} of seed ${SEED}: ${line.error}\n${line.stack}\n${sent.slice(0, 20_000)}`);
      }
    }
    const verdict = statusCode === 200 ? String(JSON.parse(payload).response.allowed) : String(statusCode);
    outcomes[verdict] = (outcomes[verdict] ?? 0) + 1;
    // The picture changes under the reviews: objects come in whatever form they have, and go.
    if (random.once(50)) {
      const fact = factFrom((mutatedReview(random).request as Json | undefined)?.object);
      if (fact !== undefined) cluster.index.put(fact);
      if (random.once(3)) cluster.index.remove("PersistentVolumeClaim", "shop", "data");
      else cluster.put(objectOf("004"));
      if (random.once(20)) cluster.reset(objects);
    }
    if (at === Math.floor(COUNT / 4)) {
      collect();
      heapAtQuarter = process.memoryUsage().heapUsed;
    }
  }
  t.same(failures, [], `seed ${SEED}`);
  t.same(unhandled, [], "no rejection was left alone");
  t.ok(slowest < DEADLINE_MS, `the slowest answer took ${Math.round(slowest)} ms`);
  collect();
  const grown = process.memoryUsage().heapUsed - heapAtQuarter;
  t.ok(grown < HEAP_SLACK, `the heap grew by ${Math.round(grown / 1024)} KiB over the last three quarters`);
  t.comment(JSON.stringify(outcomes));
  for (const outcome of ["true", "false", "400"]) {
    t.ok((outcomes[outcome] ?? 0) > COUNT / 100, `the inputs reach the outcome ${outcome}`);
  }
});

t.test(`${OVER_TLS} mutated reviews over TLS`, { timeout: 0 }, async (t) => {
  t.comment(`seed ${SEED}`);
  const random = randomFrom(SEED ^ 0x5eed);
  const { post, log } = await startServer(t, { objects });
  const failures: string[] = [];
  for (let at = 0; at < OVER_TLS; at += 10) {
    const sent = Array.from({ length: 10 }, () => mutatedText(random));
    const replies = await Promise.all(sent.map((text) => post(text)));
    for (const [index, { status, headers, text }] of replies.entries()) {
      const fault = faultOf(sent[index] ?? "", status, headers, text);
      if (fault !== undefined) failures.push(`input ${at + index} of seed ${SEED}: ${fault}\n${sent[index]}`);
    }
  }
  t.same(failures.slice(0, SHOWN), [], `seed ${SEED}`);
  t.same(log.filter((line) => line.msg === "fault").slice(0, SHOWN), []);
});
