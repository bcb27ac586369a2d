import fastify from "fastify";
import t from "tap";
import { validate } from "../../src/library/fastify.ts";
import { clusterFacts, judgeReview, parseConfig } from "../../src/library/index.ts";
import { CLAIM, DEPLOYMENT, deploymentWith, reviewOf } from "./manifests.ts";

const cluster = clusterFacts([CLAIM]);

t.test("a review is answered as the webhook answers it", async (t) => {
  const denied = await judgeReview(reviewOf(DEPLOYMENT), { cluster });
  t.match(denied, {
    judged: true,
    verdict: "deny",
    mode: "enforce",
    findings: [{ rule: "rwo-rolling-update" }],
  });
  t.match(denied.review.response, {
    uid: reviewOf(DEPLOYMENT).request.uid,
    allowed: false,
    status: { code: 403, message: /rwo-rolling-update/ },
  });
  const recreate = deploymentWith({ strategy: { type: "Recreate" } });
  t.match(await judgeReview(reviewOf(recreate), { cluster }), { verdict: "allow", findings: [] });
  t.match(await judgeReview(reviewOf(recreate, DEPLOYMENT), { cluster }), { verdict: "allow" }, "a way out");
  t.match(await judgeReview(reviewOf(DEPLOYMENT)), {
    verdict: "warn",
    findings: [{ rule: "claim-unknown" }],
  });
});

t.test("modes and namespaces", async (t) => {
  const config = await parseConfig("mode: warn");
  t.match(await judgeReview(reviewOf(DEPLOYMENT), { cluster, config }), { verdict: "warn", mode: "warn" });
  const labelled = clusterFacts([
    CLAIM,
    {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: "shop", labels: { "attachguard.dev/mode": "off" } },
    },
  ]);
  t.match(await judgeReview(reviewOf(DEPLOYMENT), { cluster: labelled }), {
    judged: false,
    mode: null,
    notes: ["the mode is off"],
  });
});

t.test("what is no review", async (t) => {
  await t.rejects(judgeReview(DEPLOYMENT), { code: "AG_ERR_REVIEW", message: /kind is "Deployment"/ });
  await t.rejects(judgeReview(undefined), { code: "AG_ERR_REVIEW" });
});

t.test("the plugin in a server of one's own", async (t) => {
  let facts = clusterFacts([]);
  const app = fastify();
  t.teardown(() => app.close());
  app.post("/own", async (request) => ({ got: request.body }));
  app.get("/fault", async () => {
    throw new Error("own");
  });
  await app.register(validate, { prefix: "/volumes", cluster: () => facts });
  const send = (payload: object) => app.inject({ method: "POST", url: "/volumes/validate", payload });

  t.equal((await send(reviewOf(DEPLOYMENT))).json().response.allowed, true, "the claim is not known yet");
  facts = cluster;
  const denied = await send(reviewOf(DEPLOYMENT));
  t.equal(denied.statusCode, 200);
  t.match(denied.json(), { kind: "AdmissionReview", response: { allowed: false } });

  const refused = await send({ kind: "Deployment" });
  t.equal(refused.statusCode, 400);
  t.match(refused.json(), { kind: "Status", reason: "BadRequest", message: /kind is "Deployment"/ });
  const noJson = await app.inject({
    method: "POST",
    url: "/volumes/validate",
    payload: "a",
    headers: { "content-type": "text/plain" },
  });
  t.equal(noJson.statusCode, 415);

  // What is the server's own stays as it was.
  t.strictSame((await app.inject({ method: "POST", url: "/own", payload: { a: 1 } })).json(), {
    got: { a: 1 },
  });
  t.match((await app.inject("/fault")).json(), { error: "Internal Server Error", message: "own" });
});
