import t from "tap";
import { DEFAULT_CONFIG } from "../../src/config/config.ts";
import { at, type Json, objectOf, reviewOf } from "../admission/support/reviews.ts";
import { responseOf, rulesSeen, startServer, verdictSeen } from "../admission/support/server.ts";

const shop = (labels: Json): Json => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name: "shop", labels },
});

t.test("the namespace's label decides, and a change of it holds at once", async (t) => {
  const { cluster, post, log, scrape } = await startServer(t, { objects: [objectOf("004")] });
  const review = reviewOf("005");
  const rows: readonly (readonly [Json | undefined, string, Json | undefined, string])[] = [
    [undefined, "deny", { mode: "enforce" }, "an unknown namespace has the default mode"],
    [{}, "deny", { mode: "enforce" }, "no label: the default mode"],
    [{ "attachguard.dev/mode": "warn" }, "warn", { mode: "warn", enforced: "deny" }, "warn"],
    [
      { "attachguard.dev/mode": "audit" },
      "allow",
      { mode: "audit", verdict: "allow", enforced: "deny", rule: "rwo-rolling-update" },
      "audit: the audit annotation says what was let through",
    ],
    [{ "attachguard.dev/mode": "off" }, "allow", undefined, "off: not judged at all"],
    [{ "attachguard.dev/mode": "enforce" }, "deny", { mode: "enforce" }, "enforce"],
    [
      { "attachguard.dev/mode": "Enforced" },
      "deny",
      { mode: "enforce", notes: /none of enforce, warn, audit, off/ },
      "a value that is no mode: the default, with a note",
    ],
  ];
  for (const [labels, verdict, annotations, why] of rows) {
    if (labels !== undefined) cluster.put(shop(labels));
    const response = responseOf(t, await post(review), review);
    t.equal(verdictSeen(response), verdict, why);
    if (annotations === undefined) t.equal(response.auditAnnotations, undefined, why);
    else t.match(response.auditAnnotations, annotations, why);
  }
  const audited = log.find((line) => line.msg === "decision" && line.mode === "audit");
  t.match(audited, { verdict: "allow", rules: ["rwo-rolling-update"] }, "an audited finding is logged");
  t.match(
    await scrape(),
    /attachguard_findings_total\{rule="rwo-rolling-update",severity="error"\} 6/,
    "and counted",
  );
});

t.test("a review that leaves the namespace to its object has that namespace's mode", async (t) => {
  const { cluster, post, log } = await startServer(t, { objects: [objectOf("004")] });
  cluster.put(shop({ "attachguard.dev/mode": "off" }));
  const review = reviewOf("005", (request) => delete request.namespace);
  t.equal(verdictSeen(responseOf(t, await post(review), review)), "allow");
  t.match(log.at(-1), { namespace: "shop", judged: false });
  const scale = reviewOf("010", (request) => delete request.namespace);
  cluster.put(objectOf("005"));
  cluster.put(shop({}));
  t.equal(verdictSeen(responseOf(t, await post(scale), scale)), "deny", "a scale too");
});

t.test("the default mode comes from the configuration", async (t) => {
  const { configure, post } = await startServer(t, { objects: [objectOf("004")] });
  const review = reviewOf("005");
  for (const [mode, verdict] of [
    ["warn", "warn"],
    ["audit", "allow"],
    ["off", "allow"],
    ["enforce", "deny"],
  ] as const) {
    configure({ mode });
    t.equal(verdictSeen(responseOf(t, await post(review), review)), verdict, mode);
  }
});

t.test("severity can be set by rule", async (t) => {
  const { configure, post } = await startServer(t, { objects: [objectOf("004")] });
  const review = reviewOf("005");
  configure({ severities: { "rwo-rolling-update": "warning" } });
  t.equal(verdictSeen(responseOf(t, await post(review), review)), "warn");
  configure({ severities: { "rwo-rolling-update": "off" } });
  t.equal(verdictSeen(responseOf(t, await post(review), review)), "allow");
});

t.test("a namespace that is excluded is not judged", async (t) => {
  const { cluster, configure, post, log } = await startServer(t, { objects: [objectOf("004")] });
  cluster.put(shop({ "attachguard.dev/mode": "enforce" }));
  configure({ namespaces: { excluded: ["kube-system", "sh*"], exempt: [] } });
  const review = reviewOf("005");
  const response = responseOf(t, await post(review), review);
  t.equal(verdictSeen(response), "allow");
  t.match(log.at(-1), { judged: false, verdict: "allow" });

  const system = reviewOf("005", (request) => {
    request.namespace = "kube-system";
    at(request, "object", "metadata").namespace = "kube-system";
  });
  configure({ namespaces: DEFAULT_CONFIG.namespaces });
  t.equal(verdictSeen(responseOf(t, await post(system), system)), "allow", "kube-system never is");
});

t.test("a namespace that is exempt gets warnings with the reason", async (t) => {
  const { configure, post } = await startServer(t, { objects: [objectOf("004")] });
  configure({ namespaces: { excluded: [], exempt: [{ name: "shop", reason: "moves to RWX in March" }] } });
  const review = reviewOf("005");
  const response = responseOf(t, await post(review), review);
  t.equal(verdictSeen(response), "warn");
  t.match(response.warnings, [/^\(exempted by namespace: moves to RWX in March\) .*\[rwo-rolling-update\]$/]);
  t.match(response.auditAnnotations, { exempted: /rwo-rolling-update exempted by namespace: moves to RWX/ });
});

t.test("callers can get a milder mode, never a stricter one", async (t) => {
  const { cluster, configure, post } = await startServer(t, { objects: [objectOf("004")] });
  const rows: readonly (readonly [string, readonly string[], string, string])[] = [
    ["system:serviceaccount:argocd:controller", [], "allow", "by user, with a pattern"],
    ["ann", ["gitops"], "allow", "by group"],
    ["ann", ["dev"], "deny", "neither"],
  ];
  configure({
    callers: [{ users: ["system:serviceaccount:argocd:*"], groups: ["gitops"], mode: "audit" }],
  });
  for (const [username, groups, verdict, why] of rows) {
    const review = reviewOf("005", (request) => {
      request.userInfo = { username, groups };
    });
    t.equal(verdictSeen(responseOf(t, await post(review), review)), verdict, why);
  }
  cluster.put(shop({ "attachguard.dev/mode": "audit" }));
  configure({ callers: [{ users: ["ann"], groups: [], mode: "warn" }] });
  const review = reviewOf("005", (request) => {
    request.userInfo = { username: "ann" };
  });
  t.equal(
    verdictSeen(responseOf(t, await post(review), review)),
    "allow",
    "warn in an audited namespace is audit",
  );
});

t.test("where nothing is judged, the autoscaler controller's scaling is not either", async (t) => {
  const { post, log } = await startServer(t, {
    objects: [
      objectOf("004"),
      objectOf("005"),
      {
        apiVersion: "v1",
        kind: "Namespace",
        metadata: { name: "shop", labels: { "attachguard.dev/mode": "off" } },
      },
    ],
  });
  const review = reviewOf("010", (request) => {
    request.userInfo = { username: "system:serviceaccount:kube-system:horizontal-pod-autoscaler" };
  });
  t.equal(responseOf(t, await post(review), review).auditAnnotations, undefined);
  t.match(log.at(-1), { judged: false, mode: null, rules: [] });
});

t.test("the autoscaler controller's own scaling is counted, not denied", async (t) => {
  const { configure, post, log, scrape } = await startServer(t, {
    objects: [objectOf("004"), objectOf("005")],
  });
  const review = reviewOf("010", (request) => {
    request.userInfo = { username: "system:serviceaccount:kube-system:horizontal-pod-autoscaler" };
  });
  const response = responseOf(t, await post(review), review);
  t.equal(verdictSeen(response), "allow");
  t.match(response.auditAnnotations, { mode: "audit", enforced: "deny" }, "audited");
  t.match(log.at(-1), { verdict: "allow", rules: ["rwo-replicas"] }, "logged");
  t.match(await scrape(), /attachguard_findings_total\{rule="rwo-replicas",severity="error"\} 1/, "counted");

  configure({ autoscalerController: "judge" });
  t.equal(verdictSeen(responseOf(t, await post(review), review)), "deny", "unless it is to be judged");
  const workload = reviewOf("005", (request) => {
    request.userInfo = { username: "system:serviceaccount:kube-system:horizontal-pod-autoscaler" };
  });
  configure({ autoscalerController: "audit" });
  t.equal(
    verdictSeen(responseOf(t, await post(workload), workload)),
    "deny",
    "only its scaling is let through",
  );
  t.equal(rulesSeen(response).length, 0);
});
