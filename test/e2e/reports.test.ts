import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { parse } from "yaml";
import { writeEvents } from "../../src/cli/audit/write-events.ts";
import { connectObjectClient } from "../../src/cluster/live/connect.ts";
import { run } from "../cli/run.ts";
import { ROOT } from "../manifests/render.ts";
import { judgedWith } from "../report/sample.ts";
import { findBinaries } from "./binaries.ts";
import { as, Cluster, eventually } from "./cluster.ts";
import { claim, namespace, STORAGE, workload } from "./objects.ts";
import { NAMESPACE } from "./webhook.ts";

// Reports in a real cluster, by the account of the component and no other rights.

t.setTimeout(300_000);
const SCHEMAS = join(ROOT, "../shared/schemas");
const binaries = await findBinaries();
const skip =
  "skipped" in binaries
    ? binaries.skipped
    : existsSync(SCHEMAS)
      ? false
      : "SKIPPED: the definitions of the report APIs are not here";

let cluster: Cluster;
let kubeconfig: string;

t.before(async () => {
  if (skip !== false || "skipped" in binaries) return;
  cluster = await Cluster.start(binaries);
  await cluster.must(["apply", "-k", `${ROOT}manifests/overlays/reports`]);
  kubeconfig = await cluster.kubeconfigOf(NAMESPACE, "attachguard-reports");
  await cluster.mustApply([...STORAGE, namespace("shop"), claim("shop"), workload("shop")]);
});

t.after(async () => {
  await cluster?.stop();
});

async function define(...files: readonly string[]): Promise<void> {
  const definitions = files.map((file) => parse(readFileSync(join(SCHEMAS, `${file}.yaml`), "utf8")));
  for (const definition of definitions) {
    definition.metadata.annotations = {
      ...definition.metadata.annotations,
      "api-approved.kubernetes.io": "unapproved, for a test",
    };
  }
  await cluster.mustApply(definitions);
  await cluster.must(["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"]);
}

const audit = async () => {
  const ran = await run(["audit", "--write-reports", "--quiet", "--kubeconfig", kubeconfig]);
  return { ...ran, line: ran.err.split("\n").find((line) => line.startsWith("reports in")) ?? ran.err };
};

interface Stored {
  readonly metadata: { readonly name: string; readonly resourceVersion: string; readonly uid: string };
}

const stored = async (resource: string) =>
  (await cluster.get<{ items: readonly Stored[] }>(resource, "-n", "shop")).items;

async function twice(t: Test, resource: string, created: RegExp): Promise<void> {
  const { uid } = (await cluster.get<Stored>("deployment", "web", "-n", "shop")).metadata;
  const first = await eventually("the new API to be served", async () => {
    const ran = await audit();
    return created.test(ran.line) ? ran : undefined;
  });
  t.equal(first.code, 1);
  const before = await stored(resource);
  t.strictSame(
    before.map(({ metadata }) => metadata.name),
    [`attachguard-${uid}`],
  );
  t.match(before[0], {
    scope: { kind: "Deployment", name: "web", namespace: "shop", uid },
    summary: { fail: 1 },
    results: [{ source: "attachguard", rule: "rwo-rolling-update", result: "fail", severity: "high" }],
  });
  t.match((await audit()).line, /0 created, 0 changed, 1 unchanged, 0 deleted$/);
  t.strictSame(await stored(resource), before, "the second run writes nothing");
}

t.test("without the definitions it says how to get them", { skip }, async (t) => {
  const { code, err } = await audit();
  t.equal(code, 2);
  t.match(err, /serves neither openreports/);
});

t.test("PolicyReports, twice", { skip }, async (t) => {
  await define("wgpolicyk8s.io_policyreports", "wgpolicyk8s.io_clusterpolicyreports");
  await twice(t, "policyreports.v1alpha2.wgpolicyk8s.io", /1 created/);
});

t.test("OpenReports once they are there, twice; the PolicyReports go", { skip }, async (t) => {
  await define("openreports.io_reports", "openreports.io_clusterreports");
  await twice(t, "reports.openreports.io", /1 created.*1 of the older API deleted/);
  t.strictSame(await stored("policyreports.v1alpha2.wgpolicyk8s.io"), []);
});

t.test("somebody else's content under our name is replaced", { skip }, async (t) => {
  const [report] = await stored("reports.openreports.io");
  const patch = JSON.stringify({ results: [], summary: { fail: 0 }, metadata: { labels: null } });
  const args = [
    "-n",
    "shop",
    "reports.openreports.io",
    report?.metadata.name ?? "",
    "--type=merge",
    "-p",
    patch,
  ];
  await cluster.must(["patch", ...args]);
  t.match((await audit()).line, /1 changed, .*written by somebody else/);
  t.match((await stored("reports.openreports.io"))[0], { summary: { fail: 1 } });
});

t.test("a fixed workload loses its report, and nobody else's goes", { skip }, async (t) => {
  await cluster.mustApply([
    {
      apiVersion: "openreports.io/v1alpha1",
      kind: "Report",
      metadata: { name: "of-another", namespace: "shop" },
      source: "another",
      results: [],
    },
  ]);
  await cluster.mustApply([workload("shop", { recreate: true })]);
  t.match((await audit()).line, /0 unchanged, 1 deleted$/);
  t.strictSame(
    (await stored("reports.openreports.io")).map(({ metadata }) => metadata.name),
    ["of-another"],
  );
});

t.test("an Event for what is stuck, continued as a series", { skip }, async (t) => {
  const { metadata } = await cluster.get<Stored>("deployment", "web", "-n", "shop");
  const stuck = judgedWith({
    workload: { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" },
    state: "stuck",
    reason: `the rollout waits for itself, ${"é".repeat(600)}`,
  });
  const client = await connectObjectClient({ kubeconfig: cluster.kubeconfig, env: {} });
  t.teardown(() => client.close());
  const write = () => writeEvents({ workloads: [stuck] }, client, () => metadata.uid, Date.now());
  t.match(await write(), { created: 1, repeated: 0, problems: [] });
  t.match(await write(), { created: 0, repeated: 1, problems: [] });
  t.match(await write(), { created: 0, repeated: 1, problems: [] });
  const { items } = await cluster.get<{ items: readonly object[] }>("events.events.k8s.io", "-n", "shop");
  t.equal(items.length, 1);
  t.match(items[0], { reason: "VolumeStuck", series: { count: 3 }, regarding: { uid: metadata.uid } });
  const described = await cluster.must(["describe", "deployment", "web", "-n", "shop"]);
  t.match(described, /Warning +VolumeStuck .*the rollout waits for itself/);
});

t.test("the accounts have these rights and no more", { skip }, async (t) => {
  const can = async (account: string, verb: string, resource: string) => {
    const identity = as({ user: `system:serviceaccount:${NAMESPACE}:${account}` });
    const { stdout } = await cluster.kubectl(["auth", "can-i", verb, resource, "-A", ...identity]);
    return stdout.trim() === "yes";
  };
  const resources = ["reports.openreports.io", "clusterpolicyreports.wgpolicyk8s.io"];
  for (const resource of resources) {
    for (const verb of ["get", "list", "create", "update", "delete"]) {
      t.ok(await can("attachguard-reports", verb, resource), `${verb} ${resource}`);
      t.notOk(await can("attachguard", verb, resource), `the servers: ${verb} ${resource}`);
    }
    t.notOk(await can("attachguard-reports", "deletecollection", resource));
  }
  t.notOk(await can("attachguard-reports", "update", "deployments.apps"));
  t.notOk(await can("attachguard-reports", "list", "secrets"));
  t.notOk(await can("attachguard-reports", "create", "events.events.k8s.io"));
});

// The control plane keeps the process alive until the end of the suite has stopped it.
t.end();
