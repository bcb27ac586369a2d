import t from "tap";
import { at, type Json, objectOf, reviewOf } from "../admission/support/reviews.ts";
import { responseOf, startServer } from "../admission/support/server.ts";

/** An UPDATE of the recorded Deployment `web`, one pod of two new by the old object's own status. */
function update(change: (spec: Json) => void, before: (object: Json) => void = () => {}): Json {
  return reviewOf("005", (request) => {
    const old = structuredClone(at(request, "object"));
    old.status = { observedGeneration: 4, replicas: 2, updatedReplicas: 1 };
    before(old);
    const next = structuredClone(old);
    change(at(next, "spec"));
    Object.assign(request, { operation: "UPDATE", object: next, oldObject: old });
  });
}

const NOTE = "its last rollout has not finished (1 of 2 pods are new); kubectl rollout undo gets it out";

t.test(
  "a denial says in its message that the last rollout has not finished, and what works on it",
  async (t) => {
    const server = await startServer(t, { objects: [objectOf("004"), objectOf("005")] });
    const review = update((spec) => {
      spec.replicas = 3;
    });
    const response = responseOf(t, await server.post(review), review);
    t.equal(response.allowed, false);
    const { message } = response.status as { message: string };
    t.match(message, NOTE);
    t.match(message, "never set Recreate and another number of replicas in one change");
    t.notMatch(response.warnings ?? [], [/has not finished/], "said once");
  },
);

t.test("a warning says it on a line of its own that the API server passes on whole", async (t) => {
  const server = await startServer(t, { objects: [objectOf("004"), objectOf("005")] });
  const review = update((spec) => {
    at(spec, "template", "spec", "containers", 0).image = "previous";
  });
  const response = responseOf(t, await server.post(review), review);
  t.equal(response.allowed, true);
  const warnings = response.warnings as readonly string[];
  const [line] = warnings.filter((warning) => warning.includes("has not finished"));
  t.match(line, NOTE);
  t.ok((line ?? "").length <= 256 && !line?.endsWith("…"), "whole");
});

t.test("a paused one is to be resumed first", async (t) => {
  const server = await startServer(t, { objects: [objectOf("004"), objectOf("005")] });
  const review = update(
    (spec) => {
      spec.replicas = 3;
    },
    (object) => {
      at(object, "spec").paused = true;
    },
  );
  const response = responseOf(t, await server.post(review), review);
  t.match(JSON.stringify(response), "it is paused: kubectl rollout resume first, then undo");
});

t.test("nothing is said of a rollout that has finished, or where nothing is found", async (t) => {
  const server = await startServer(t, { objects: [objectOf("004"), objectOf("005")] });
  const finished = update(
    (spec) => {
      spec.replicas = 3;
    },
    (object) => {
      object.status = { observedGeneration: 4, replicas: 1, updatedReplicas: 1 };
    },
  );
  t.notMatch(JSON.stringify(responseOf(t, await server.post(finished), finished)), "has not finished");
  const harmless = update((spec) => {
    spec.strategy = { type: "Recreate" };
  });
  t.notMatch(JSON.stringify(responseOf(t, await server.post(harmless), harmless)), "has not finished");
});
