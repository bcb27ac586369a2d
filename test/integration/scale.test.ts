import t from "tap";
import { overlay } from "../../src/cluster/overlay.ts";
import { factFrom } from "../../src/kube/fact.ts";
import { MemoryCluster } from "../admission/support/memory-cluster.ts";
import { at, CLASSES, objectOf, reviewOf } from "../admission/support/reviews.ts";
import { responseOf, rulesSeen, startServer, verdictSeen } from "../admission/support/server.ts";

const up = reviewOf("010");

t.test("a scale is judged by the workload that it belongs to", async (t) => {
  const { post } = await startServer(t, { objects: [objectOf("004"), objectOf("005")] });
  const response = responseOf(t, await post(up), up);
  t.equal(verdictSeen(response), "deny");
  t.ok(rulesSeen(response).includes("rwo-replicas"));
});

t.test("a StatefulSet's scale too", async (t) => {
  const set = objectOf("005");
  Object.assign(set, { kind: "StatefulSet" });
  delete at(set, "spec").strategy;
  const { post } = await startServer(t, { objects: [objectOf("004"), set] });
  const review = reviewOf("010", (request) => {
    at(request, "resource").resource = "statefulsets";
  });
  t.equal(verdictSeen(responseOf(t, await post(review), review)), "deny");
});

t.test("a workload that nobody knows is let through with a note", async (t) => {
  const { cluster, post } = await startServer(t);
  const response = responseOf(t, await post(up), up);
  t.equal(verdictSeen(response), "allow");
  t.match(response.auditAnnotations, { notes: /Deployment shop\/web was not found/ });
  t.match(
    cluster.wanted[0],
    {
      target: {
        kind: "Deployment",
        namespace: "shop",
        name: "web",
        uid: at(up, "request", "object", "metadata").uid,
      },
    },
    "after it was looked up",
  );
});

t.test("a workload of that name with another uid is another workload", async (t) => {
  const other = objectOf("005");
  at(other, "metadata").uid = "5eb1ee2a-0000-4000-8000-000000000000";
  const { post } = await startServer(t, { objects: [objectOf("004"), other] });
  const response = responseOf(t, await post(up), up);
  t.equal(verdictSeen(response), "allow");
  t.match(response.auditAnnotations, { notes: /was not found/ });
});

t.test("a workload and its claim that are only found by looking them up count", async (t) => {
  const cluster = new MemoryCluster(CLASSES);
  const fetched = [objectOf("004"), objectOf("005")].flatMap((object) => factFrom(object) ?? []);
  cluster.lookUp = async ({ target }) =>
    target === undefined ? cluster.index : overlay(cluster.index, fetched);
  const { post } = await startServer(t, { cluster });
  const response = responseOf(t, await post(up), up);
  t.equal(verdictSeen(response), "deny");
  t.equal(cluster.wanted.length, 1, "in one go");
});
