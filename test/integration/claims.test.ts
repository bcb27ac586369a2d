import t from "tap";
import { at, type Json, objectOf, reviewOf } from "../admission/support/reviews.ts";
import { responseOf, rulesSeen, startServer, verdictSeen } from "../admission/support/server.ts";

/** The recorded claim, asking for other modes. */
function claim(accessModes: readonly string[], change: (spec: Json) => void = () => {}): Json {
  return reviewOf("004", (request) => {
    const spec = at(request, "object", "spec");
    spec.accessModes = accessModes;
    change(spec);
  });
}

t.test("a claim that its driver refuses is denied when it is created", async (t) => {
  const { post } = await startServer(t);
  const refused = claim(["ReadWriteMany"]);
  const response = responseOf(t, await post(refused), refused);
  t.equal(verdictSeen(response), "deny");
  t.same(rulesSeen(response), ["access-mode-unsupported"]);
  t.match((response.status as Json).message, /PersistentVolumeClaim shop\/data/);

  const bound = claim(["ReadWriteMany"], (spec) => {
    spec.volumeName = "made-by-hand";
  });
  t.equal(verdictSeen(responseOf(t, await post(bound), bound)), "allow", "a claim for a volume that exists");
});

t.test("a claim that nobody mounts, or that is harmless to who does, is allowed", async (t) => {
  const lone = await startServer(t);
  const review = claim(["ReadWriteOnce"]);
  t.equal(verdictSeen(responseOf(t, await lone.post(review), review)), "allow");

  const recreate = objectOf("005");
  at(recreate, "spec").strategy = { type: "Recreate" };
  const harmless = await startServer(t, { objects: [recreate] });
  t.equal(verdictSeen(responseOf(t, await harmless.post(review), review)), "allow");
});

t.test("a claim is not denied for what another claim of the workload does", async (t) => {
  const workload = objectOf("005");
  const pod = at(workload, "spec", "template", "spec");
  at(pod, "volumes", 0).name = "d";
  (pod.volumes as Json[]).push({ name: "e", persistentVolumeClaim: { claimName: "shared" } });
  (at(pod, "containers", 0).volumeMounts as Json[]).push({ name: "e", mountPath: "/e" });
  const { post } = await startServer(t, { objects: [objectOf("004"), workload] });
  const shared = reviewOf("004", (request) => {
    request.name = "shared";
    const object = at(request, "object");
    at(object, "metadata").name = "shared";
    at(object, "spec").accessModes = ["ReadWriteMany"];
    at(object, "spec").storageClassName = "unheard-of";
  });
  t.equal(verdictSeen(responseOf(t, await post(shared), shared)), "allow");
});

t.test("what is said of a workload is said in the review of its claim too", async (t) => {
  const workload = objectOf("005");
  at(workload, "metadata").annotations = { "attachguard.dev/waiver": "please" };
  const { post, log } = await startServer(t, { objects: [workload] });
  const review = claim(["ReadWriteOnce"]);
  const response = responseOf(t, await post(review), review);
  t.equal(verdictSeen(response), "deny");
  t.match((response.auditAnnotations as Json).notes, /Deployment web: the waiver is refused/);
  t.match(log.at(-1), { notes: [/the waiver is refused/], denies: ["rwo-rolling-update"], enforced: "deny" });
});

t.test("of many workloads that mount a claim all are judged and the warnings fit", async (t) => {
  const objects = Array.from({ length: 200 }, (_, index) => {
    const workload = objectOf("005");
    Object.assign(at(workload, "metadata"), {
      name: `reader-of-the-shared-data-volume-${index}`,
      uid: `uid-${index}`,
      creationTimestamp: "2020-01-01T00:00:00Z",
    });
    return workload;
  });
  const { post, log } = await startServer(t, { objects });
  const review = claim(["ReadWriteOnce"]);
  const response = responseOf(t, await post(review), review);
  t.equal(verdictSeen(response), "warn");
  const warnings = response.warnings as string[];
  t.ok(warnings.reduce((sum, warning) => sum + warning.length, 0) <= 4096);
  t.match(warnings.at(-1), /^and \d+ more/);
  t.ok(JSON.stringify(log.at(-1)).length < 20_000, "the line in the log stays a line");
});

t.test("workloads beyond number on one claim do not hold up other requests or the answer", async (t) => {
  const objects = Array.from({ length: 120 }, (_, index) => {
    const workload = objectOf("005");
    Object.assign(at(workload, "metadata"), { name: `w${index}`, uid: `uid-${index}` });
    if (index < 119) at(workload, "metadata").creationTimestamp = "2020-01-01T00:00:00Z";
    at(workload, "spec", "template", "metadata").labels = { app: `w${index}` };
    return workload;
  });
  const { post, log } = await startServer(t, { objects });
  const review = claim(["ReadWriteOnce"]);
  const response = responseOf(
    t,
    await post(review, {
      path: "/validate?timeout=1ms",
      headers: { "content-type": "application/json" },
    }),
    review,
  );
  t.equal(verdictSeen(response), "deny", "the one that came with the claim is judged first");
  t.match(response.auditAnnotations, {
    late: "true",
    notes: /\d+ more workloads that mount the claim were not judged before the deadline/,
  });
  t.match(log.at(-1), { late: true });
});
