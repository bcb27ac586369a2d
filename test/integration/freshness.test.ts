import t from "tap";
import { objectOf, reviewOf } from "../admission/support/reviews.ts";
import { responseOf, startServer } from "../admission/support/server.ts";

t.test(
  "while the API server is unreachable the answer goes on from what is known, and says how old it is",
  async (t) => {
    const { cluster, post } = await startServer(t, { objects: [objectOf("004")] });
    const review = reviewOf("005");
    const fresh = responseOf(t, await post(review), review);
    t.strictSame(fresh.warnings ?? [], []);
    cluster.kinds = cluster.kinds.map((kind) => ({ ...kind, ageSeconds: 1200 }));
    const response = responseOf(t, await post(review), review);
    t.equal(response.allowed, false, "it is still judged");
    t.match(response.warnings, [
      "attachguard: judged by facts up to 20 min old, since the API server has sent nothing newer",
    ]);
    t.match(response.auditAnnotations, { stale: "true" });
  },
);

t.test("a kind that may not be read degrades that kind only, and the answer says so", async (t) => {
  const { cluster, post } = await startServer(t, { objects: [objectOf("004")] });
  cluster.kinds = cluster.kinds.map((kind) =>
    kind.kind === "HorizontalPodAutoscaler"
      ? { ...kind, state: "refused" as const, problem: "no right" }
      : kind,
  );
  const review = reviewOf("005");
  const response = responseOf(t, await post(review), review);
  t.equal(response.allowed, false, "the rollout is judged all the same");
  t.match(response.auditAnnotations, {
    notes: /HorizontalPodAutoscaler objects could not be seen \(no right\)/,
  });
});
