import t from "tap";
import { DEFAULT_CONFIG } from "../../src/config/config.ts";
import { unknown } from "../../src/policy/view.ts";
import { MemoryCluster } from "../admission/support/memory-cluster.ts";
import { CLASSES, type Json, objectOf, reviewOf } from "../admission/support/reviews.ts";
import { responseOf, startServer, verdictSeen } from "../admission/support/server.ts";

const review = reviewOf("005");

/** A cluster whose lookups last until the test says so, or forever. */
class SlowCluster extends MemoryCluster {
  readonly gate = Promise.withResolvers<void>();
  readonly asked = Promise.withResolvers<void>();
  readonly signals: AbortSignal[] = [];

  constructor(objects: readonly unknown[]) {
    super(objects);
    this.lookUp = async (_wanted, signal) => {
      this.signals.push(signal);
      this.asked.resolve();
      const aborted = Promise.withResolvers<void>();
      if (signal.aborted) aborted.resolve();
      signal.addEventListener("abort", () => aborted.resolve(), { once: true });
      await Promise.race([this.gate.promise, aborted.promise]);
      return this.index;
    };
  }
}

t.test("a lookup that does not end gives way to what is known, and the answer says so", async (t) => {
  const cluster = new SlowCluster([...CLASSES, objectOf("004")]);
  const { post, log, scrape } = await startServer(t, { cluster });
  const reply = await post(review, {
    path: "/validate?timeout=200ms",
    headers: { "content-type": "application/json" },
  });
  const response = responseOf(t, reply, review);
  t.equal(verdictSeen(response), "deny", "what is known decides");
  t.match(response.warnings, [/judged by what was known, a lookup did not finish before the deadline/]);
  t.match(response.auditAnnotations, { late: "true" });
  t.match(log.at(-1), { msg: "decision", late: true });
  t.equal(cluster.signals[0]?.aborted, true, "the lookup is told to end");
  t.match(await scrape(), /attachguard_admission_deadlines_total 1/);
  cluster.gate.resolve();
});

t.test(
  "beyond the bound a review is answered without a judgement, open or closed as configured",
  async (t) => {
    const cluster = new SlowCluster([...CLASSES, objectOf("004")]);
    const { configure, post, log, scrape } = await startServer(t, { cluster });
    const limits = { ...DEFAULT_CONFIG.limits, maxConcurrent: 1 };
    configure({ limits });
    const first = post(review);
    await cluster.asked.promise;
    const open = responseOf(t, await post(review), review);
    t.equal(open.allowed, true);
    t.match(open.warnings, [/did not judge this request: too many/]);
    configure({ limits: { ...limits, overload: "deny" } });
    const closed = responseOf(t, await post(review), review);
    t.equal(closed.allowed, false);
    t.match((closed.status as Json).message, /did not judge this request: too many/);
    cluster.gate.resolve();
    t.equal(verdictSeen(responseOf(t, await first, review)), "deny", "the one that was being judged is");
    t.equal(log.filter((line) => line.msg === "overload").length, 2);
    t.match(await scrape(), /attachguard_admission_overload_total 2/);
    t.equal(verdictSeen(responseOf(t, await post(review), review)), "deny", "and then there is room again");
  },
);

t.test("a fault inside is an answer, a log line and a metric", async (t) => {
  const cluster = new MemoryCluster([...CLASSES, objectOf("004")]);
  const { configure, post, log, scrape } = await startServer(t, { cluster });
  cluster.lookUp = async () => {
    throw new Error("secret detail");
  };
  const open = responseOf(t, await post(review), review);
  t.equal(open.allowed, true);
  t.match(open.warnings, [/^attachguard did not judge this request: an internal fault$/]);
  configure({ limits: { ...DEFAULT_CONFIG.limits, onFault: "deny" } });
  const closed = responseOf(t, await post(review), review);
  t.equal(closed.allowed, false);
  t.notMatch(JSON.stringify([open, closed]), /secret detail/, "the answer does not tell what is inside");
  t.match(
    log.filter((line) => line.msg === "fault"),
    [
      { level: 50, error: "secret detail", allowed: true },
      { level: 50, error: "secret detail", allowed: false },
    ],
  );
  const metrics = await scrape();
  t.match(metrics, /attachguard_admission_faults_total 2/);
  t.match(metrics, /attachguard_admission_in_flight 0/);

  cluster.lookUp = async () => {
    throw null;
  };
  t.equal(responseOf(t, await post(review), review).allowed, false, "whatever is thrown");
  cluster.lookUp = undefined;
  t.equal(verdictSeen(responseOf(t, await post(review), review)), "deny", "and the server goes on judging");
});

t.test("what cannot be known does not deny", async (t) => {
  const cluster = new MemoryCluster(CLASSES);
  const { post } = await startServer(t, { cluster });
  cluster.index.claim = () => unknown("the API server did not answer");
  const response = responseOf(t, await post(review), review);
  t.equal(verdictSeen(response), "warn");
  t.match(response.warnings, [/\[claim-unknown\]/]);
});
