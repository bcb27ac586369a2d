import t from "tap";
import { at, type Json, objectOf, reviewOf } from "../admission/support/reviews.ts";
import { responseOf, rulesSeen, startServer, verdictSeen } from "../admission/support/server.ts";

/** The recorded Deployment with Recreate: nothing is wrong with it until an autoscaler comes. */
function recreate(request: Json): void {
  at(request, "object", "spec").strategy = { type: "Recreate" };
}

const claim = reviewOf("004");
const deployment = reviewOf("005");
const recreated = reviewOf("005", recreate);
const autoscaler = reviewOf("006");

t.test("whoever completes the hazard is told, with the names of the others", async (t) => {
  const rows: readonly (readonly [string, readonly Json[], Json, string, RegExp])[] = [
    ["claim, then Deployment", [claim], deployment, "rwo-rolling-update", /claim data/],
    ["Deployment, then claim", [deployment], claim, "rwo-rolling-update", /Deployment shop\/web/],
    [
      "claim, Deployment, autoscaler",
      [claim, recreated],
      autoscaler,
      "rwo-autoscaling",
      /Deployment shop\/web.*claim data/s,
    ],
    [
      "claim, autoscaler, Deployment",
      [claim, autoscaler],
      recreated,
      "rwo-autoscaling",
      /HorizontalPodAutoscaler web.*claim data/s,
    ],
    [
      "autoscaler, Deployment, claim",
      [autoscaler, recreated],
      claim,
      "rwo-autoscaling",
      /Deployment shop\/web.*HorizontalPodAutoscaler web/s,
    ],
    [
      "Deployment, autoscaler, claim",
      [recreated, autoscaler],
      claim,
      "rwo-autoscaling",
      /HorizontalPodAutoscaler web/,
    ],
  ];
  for (const [name, before, last, rule, names] of rows) {
    const { cluster, post } = await startServer(t);
    for (const review of before) {
      const response = responseOf(t, await post(review), review);
      t.not(verdictSeen(response), "deny", `${name}: none of the first is denied`);
      cluster.put(at(review, "request", "object"));
    }
    const response = responseOf(t, await post(last), last);
    t.equal(verdictSeen(response), "deny", name);
    t.ok(rulesSeen(response).includes(rule), `${name}: ${rule}`);
    t.match((response.status as Json).message, names, name);
  }
});

t.test("two workloads on one claim are told of each other", async (t) => {
  const { post } = await startServer(t, { objects: [objectOf("004"), at(recreated, "request", "object")] });
  const second = reviewOf("005", (request) => {
    recreate(request);
    request.name = "worker";
    at(request, "object", "metadata").name = "worker";
    at(request, "object", "metadata").uid = "another";
  });
  const response = responseOf(t, await post(second), second);
  t.equal(verdictSeen(response), "warn");
  t.same(rulesSeen(response), ["rwo-shared-claim"]);
  t.match((response.warnings as string[]).join(), /Deployment web|web/);
});

t.test("an autoscaler that is moved to the workload counts as one that came", async (t) => {
  const { post } = await startServer(t, { objects: [objectOf("004"), at(recreated, "request", "object")] });
  const moved = reviewOf("037", (request) => {
    at(request, "oldObject", "spec", "scaleTargetRef").name = "another";
  });
  t.equal(verdictSeen(responseOf(t, await post(moved), moved)), "deny");
});

t.test("an autoscaler's higher maximum is denied, a lower one passes", async (t) => {
  const { post } = await startServer(t, {
    objects: [objectOf("004"), at(recreated, "request", "object"), objectOf("006")],
  });
  for (const [from, to, verdict] of [
    [1, 5, "deny"],
    [5, 6, "deny"],
    [5, 5, "warn"],
    [5, 2, "warn"],
    [5, 1, "allow"],
  ] as const) {
    const review = reviewOf("037", (request) => {
      at(request, "oldObject", "spec").maxReplicas = from;
      at(request, "object", "spec").maxReplicas = to;
    });
    t.equal(verdictSeen(responseOf(t, await post(review), review)), verdict, `${from} to ${to}`);
  }
});

t.test("an autoscaler of something that is not judged is let through", async (t) => {
  const { post } = await startServer(t, { objects: [objectOf("004"), objectOf("005")] });
  const review = reviewOf("006", (request) => {
    at(request, "object", "spec", "scaleTargetRef").kind = "CloneSet";
  });
  const response = responseOf(t, await post(review), review);
  t.equal(verdictSeen(response), "allow");
  t.match(response.auditAnnotations, { notes: /CloneSet web, which is not judged/ });
});
