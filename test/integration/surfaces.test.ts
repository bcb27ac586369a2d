import t from "tap";
import type { KindStatus } from "../../src/cluster/cluster.ts";
import { createMetrics } from "../../src/metrics.ts";
import { objectOf, RECORDINGS, reviewOf } from "../admission/support/reviews.ts";
import { responseOf, startServer } from "../admission/support/server.ts";

const kind = (change: Partial<KindStatus>): KindStatus => ({
  kind: "Deployment",
  state: "synced",
  objects: 0,
  ageSeconds: 1,
  problem: undefined,
  ...change,
});

t.test("readyz tells whether the server can judge, and what is wrong though it can", async (t) => {
  let configProblem: string | undefined;
  const { cluster, certificates, get } = await startServer(t, { configProblem: () => configProblem });
  const rows: readonly (readonly [string, readonly KindStatus[], number, readonly (string | RegExp)[]])[] = [
    ["everything is listed", [kind({})], 200, []],
    ["one kind is not", [kind({}), kind({ kind: "Node", state: "waiting" })], 503, [/Node: not listed yet/]],
    [
      "one kind is not, and why",
      [kind({ state: "waiting", problem: "connection refused" })],
      503,
      [/Deployment: not listed yet \(connection refused\)/],
    ],
    ["one kind may not be read", [kind({ state: "refused" })], 200, [/Deployment: refused/]],
    ["one kind is not served", [kind({ state: "not-served", problem: "404" })], 200, [/Deployment: 404/]],
    ["the facts are stale", [kind({ ageSeconds: 301 })], 200, [/facts of 301 s ago/]],
    [
      "the API server refuses what it allowed",
      [kind({ state: "held", problem: "no right", ageSeconds: 40 })],
      200,
      [/no right \(facts of 40 s ago\)/],
    ],
    ["files have no age", [kind({ ageSeconds: undefined })], 200, []],
  ];
  for (const [name, kinds, status, problems] of rows) {
    cluster.kinds = kinds;
    const reply = await get("/readyz");
    t.equal(reply.status, status, name);
    t.match(reply.body.problems, problems, name);
    t.equal((reply.body.problems as string[]).length, problems.length, name);
  }
  cluster.kinds = [kind({})];
  configProblem = "mode: expected enforce, warn, audit or off";
  t.match(await get("/readyz"), { status: 200, body: { problems: [/^configuration: mode: expected/] } });
  configProblem = undefined;
  certificates.report("the file cannot be read");
  t.match(await get("/readyz"), {
    status: 200,
    body: { problems: [/^certificate: the file cannot be read/] },
  });
  certificates.replace({
    ...certificates.current,
    notAfter: 0,
    key: certificates.current.key,
    certificate: `${certificates.current.certificate}\n`,
  });
  t.match(await get("/readyz"), { status: 503, body: { problems: [/certificate expired/] } });
  t.equal((await get("/healthz")).status, 200, "the process is well all the same");
});

t.test("metrics are named, labelled and bounded as documented", async (t) => {
  const { cluster, post, scrape } = await startServer(t, { objects: [objectOf("004"), objectOf("005")] });
  for (const { review } of RECORDINGS) responseOf(t, await post(review), review);
  const invented = reviewOf("042", (request) => {
    request.resource = { group: "example.com", version: "v1", resource: `things-${Math.random()}` };
  });
  responseOf(t, await post(invented), invented);
  await post("{");
  const metrics = await scrape();
  for (const line of [
    'attachguard_admission_reviews_total{resource="deployments/scale",operation="UPDATE",verdict="deny",dry_run="false"} 1',
    'attachguard_admission_reviews_total{resource="other",operation="CREATE",verdict="allow",dry_run="false"} 1',
    'attachguard_admission_reviews_total{resource="other",operation="UPDATE",verdict="allow",dry_run="false"} 1',
    'attachguard_admission_refused_requests_total{code="400"} 1',
    `attachguard_admission_duration_seconds_count ${RECORDINGS.length + 1}`,
    'attachguard_admission_duration_seconds_bucket{le="0.005"}',
    'attachguard_admission_duration_seconds_bucket{le="10"}',
    'attachguard_cluster_objects{kind="Deployment"} 1',
    'attachguard_cluster_synced{kind="Deployment"} 1',
    'attachguard_cluster_last_event_age_seconds{kind="Deployment"} 0',
    "attachguard_config_reload_failures_total 0",
    "# TYPE attachguard_lookup_misses_total counter",
    "# TYPE attachguard_certificate_expiry_timestamp_seconds gauge",
    "# TYPE attachguard_findings_total counter",
  ]) {
    t.ok(metrics.includes(line), line);
  }
  t.notMatch(metrics, /things-/, "a resource that is not judged is no label");
  t.match(metrics, /attachguard_certificate_expiry_timestamp_seconds \d{10}/);

  cluster.kinds = [kind({ state: "waiting" })];
  t.match(await scrape(), /attachguard_cluster_synced\{kind="Deployment"\} 0/);
});

t.test("a decision is one line, with the same keys, without the objects", async (t) => {
  const { post, log } = await startServer(t, { objects: [objectOf("004"), objectOf("005")] });
  for (const { review } of RECORDINGS) responseOf(t, await post(review), review);
  const lines = log.filter((line) => line.msg === "decision");
  t.equal(lines.length, RECORDINGS.length);
  const keys = Object.keys(lines[0] ?? {});
  for (const line of lines) t.same(Object.keys(line), keys);
  for (const key of [
    "uid",
    "resource",
    "operation",
    "namespace",
    "name",
    "user",
    "dryRun",
    "verdict",
    "enforced",
    "denies",
    "stale",
    "mode",
    "rules",
    "durationMs",
  ]) {
    t.ok(keys.includes(key), key);
  }
  t.notMatch(JSON.stringify(log), /last-applied-configuration|managedFields|nginx/);
});

t.test("names without measure do not make a line without measure", async (t) => {
  const { post, log } = await startServer(t, { objects: [objectOf("004")] });
  const review = reviewOf("005", (request) => {
    const long = "x".repeat(100_000);
    Object.assign(request, { name: long, namespace: long, userInfo: { username: long } });
    Object.assign((request.object as { metadata: object }).metadata, { name: long });
  });
  responseOf(t, await post(review), review);
  t.equal(log.at(-1)?.msg, "decision");
  t.ok(JSON.stringify(log.at(-1)).length < 5_000);
});

t.test("what people write as a reason does not make a line without measure either", async (t) => {
  const { post, log } = await startServer(t, { objects: [objectOf("004")] });
  const review = reviewOf("005", (request) => {
    Object.assign((request.object as { metadata: object }).metadata, {
      annotations: {
        "attachguard.dev/ignore": "*",
        "attachguard.dev/reason": `because \u2028\u202e${"x".repeat(250_000)}`,
      },
    });
  });
  responseOf(t, await post(review), review);
  const line = log.at(-1) as { exempted: string[] };
  t.match(line, { msg: "decision", exempted: [/^rwo-rolling-update .*because x+…$/] });
  t.ok(JSON.stringify(line).length < 4_000, `${JSON.stringify(line).length} characters`);
});

t.test("the process's own metrics have no counters that are gauges", async (t) => {
  const { registry } = createMetrics();
  const names = registry.getMetricsAsArray().map(({ name }) => name);
  t.ok(names.includes("nodejs_active_handles"));
  t.same(
    (await registry.getMetricsAsJSON()).filter(
      ({ name, type }) => name.endsWith("_total") !== (String(type) === "counter"),
    ),
    [],
  );
});

t.test("a name that is still to be generated is shown by its stem", async (t) => {
  const { post, log } = await startServer(t, { objects: [objectOf("004")] });
  const review = reviewOf("005", (request) => {
    delete request.name;
    const { metadata } = request.object as { metadata: Record<string, unknown> };
    delete metadata.name;
    delete metadata.namespace;
    metadata.generateName = "web-";
  });
  const response = responseOf(t, await post(review), review);
  t.match((response.status as { message: string }).message, /^Deployment shop\/web-\* /);
  t.match(log.at(-1), { name: "web-*", namespace: "shop" });
});
