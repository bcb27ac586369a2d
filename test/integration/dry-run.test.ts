import t from "tap";
import { DEFAULT_CONFIG } from "../../src/config/config.ts";
import { at, type Json, objectOf, RECORDED_AT, reviewOf } from "../admission/support/reviews.ts";
import { responseOf, rulesSeen, startServer, verdictSeen } from "../admission/support/server.ts";

const INFERRED = /^inferred from your earlier dry run: /;
const claim = reviewOf("001");
const deployment = reviewOf("002");
const autoscaler = reviewOf("003");

function by(review: Json, user: string): Json {
  const copy = structuredClone(review);
  at(copy, "request", "userInfo").username = user;
  return copy;
}

t.test("the files of one dry run see each other in any order", async (t) => {
  const orders: readonly (readonly [string, readonly Json[], string])[] = [
    ["claim first", [claim, deployment], "rwo-rolling-update"],
    ["Deployment first", [deployment, claim], "rwo-rolling-update"],
    ["claim, Deployment, autoscaler", [claim, deployment, autoscaler], "rwo-autoscaling"],
    ["autoscaler, claim, Deployment", [autoscaler, claim, deployment], "rwo-autoscaling"],
    ["autoscaler, Deployment, claim", [autoscaler, deployment, claim], "rwo-autoscaling"],
  ];
  for (const [name, reviews, rule] of orders) {
    const { post } = await startServer(t);
    let last: Json = {};
    for (const review of reviews) {
      last = responseOf(t, await post(review), review);
      t.not(verdictSeen(last), "deny", `${name}: what is inferred never denies`);
    }
    t.equal(verdictSeen(last), "warn", name);
    t.ok(rulesSeen(last).includes(rule), `${name}: ${rule}`);
    t.ok(
      (last.warnings as string[]).some((warning) => INFERRED.test(warning)),
      `${name}: says so`,
    );
  }
});

t.test("what was dry-run is seen by the same user, in dry runs, in that namespace only", async (t) => {
  const elsewhere = structuredClone(deployment);
  at(elsewhere, "request").namespace = "other";
  at(elsewhere, "request", "object", "metadata").namespace = "other";
  const real = structuredClone(deployment);
  at(real, "request").dryRun = false;
  for (const [name, review] of [
    ["another user", by(deployment, "bob")],
    ["another namespace", elsewhere],
    ["a real request", real],
  ] as const) {
    const { post } = await startServer(t);
    responseOf(t, await post(claim), claim);
    const response = responseOf(t, await post(review), review);
    t.same(rulesSeen(response), ["claim-unknown"], name);
    t.notMatch((response.warnings as string[])[0], INFERRED, name);
  }
});

t.test("a claim that was dry-run and makes the workload safe lifts the doubt", async (t) => {
  const { post } = await startServer(t);
  const shared = structuredClone(claim);
  at(shared, "request", "object", "spec").accessModes = ["ReadWriteMany"];
  at(shared, "request", "object", "spec").storageClassName = "unheard-of";
  responseOf(t, await post(shared), shared);
  t.equal(verdictSeen(responseOf(t, await post(deployment), deployment)), "allow");
});

t.test("an error that the cluster itself shows stays a denial, whatever was dry-run", async (t) => {
  const { post } = await startServer(t, { objects: [objectOf("004")] });
  const first = structuredClone(deployment);
  at(first, "request").name = "worker";
  at(first, "request", "object", "metadata").name = "worker";
  responseOf(t, await post(first), first);
  const response = responseOf(t, await post(deployment), deployment);
  t.equal(verdictSeen(response), "deny");
  t.match((response.status as Json).message, /\[rwo-rolling-update\]/);
  t.ok((response.warnings as string[]).some((warning) => /^inferred.*\[rwo-shared-claim\]/.test(warning)));
});

t.test("the memory is bounded in time and can be switched off", async (t) => {
  let now = RECORDED_AT;
  const { configure, post } = await startServer(t, { now: () => now });
  responseOf(t, await post(claim), claim);
  now += DEFAULT_CONFIG.dryRunMemory.seconds * 1000 + 1;
  t.same(rulesSeen(responseOf(t, await post(deployment), deployment)), ["claim-unknown"], "too long ago");

  responseOf(t, await post(claim), claim);
  configure({ dryRunMemory: { ...DEFAULT_CONFIG.dryRunMemory, enabled: false } });
  t.same(rulesSeen(responseOf(t, await post(deployment), deployment)), ["claim-unknown"], "switched off");
});

t.test("the memory is bounded in bytes, also where the request does not say how long it is", async (t) => {
  const { configure, post } = await startServer(t);
  const chunked = { headers: { "content-type": "application/json", "transfer-encoding": "chunked" } };
  configure({ dryRunMemory: { ...DEFAULT_CONFIG.dryRunMemory, maxBytes: 1_024 } });
  const large = structuredClone(claim);
  at(large, "request", "object", "metadata").annotations = { "attachguard.dev/reason": "x".repeat(2_000) };
  responseOf(t, await post(large, chunked), large);
  const response = responseOf(t, await post(deployment, chunked), deployment);
  t.same(rulesSeen(response), ["claim-unknown"], "larger than everything that may be remembered");
});

t.test("dry runs are counted as such", async (t) => {
  const { post, scrape } = await startServer(t);
  responseOf(t, await post(claim), claim);
  responseOf(t, await post(reviewOf("004")), reviewOf("004"));
  const metrics = await scrape();
  for (const dry of ["true", "false"]) {
    t.match(
      metrics,
      `attachguard_admission_reviews_total{resource="persistentvolumeclaims",operation="CREATE",verdict="allow",dry_run="${dry}"} 1`,
    );
  }
});
