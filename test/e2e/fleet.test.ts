import { execSync, spawnSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { parse, stringify } from "yaml";
import { run } from "../cli/run.ts";
import { findBinaries } from "./binaries.ts";
import { Cluster } from "./cluster.ts";
import { claim, namespace, STORAGE, workload } from "./objects.ts";

// One audit of two clusters, of which one then goes away.

t.setTimeout(300_000);
const binaries = await findBinaries();
const skip = "skipped" in binaries ? binaries.skipped : false;

interface KubeConfig {
  readonly clusters: readonly { readonly name: string }[];
  readonly users: readonly { readonly name: string }[];
}

/** One kubeconfig with a context for each cluster, by its name. */
async function joined(clusters: Readonly<Record<string, Cluster>>, folder: string): Promise<string> {
  const read = await Promise.all(
    Object.entries(clusters).map(async ([name, { kubeconfig }]) => {
      const { clusters, users } = parse(await readFile(kubeconfig, "utf8")) as KubeConfig;
      return { name, cluster: clusters[0], user: users[0] };
    }),
  );
  const path = join(folder, "fleet.kubeconfig");
  await writeFile(
    path,
    stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: read.map(({ name, cluster }) => ({ ...cluster, name })),
      users: read.map(({ name, user }) => ({ ...user, name })),
      contexts: read.map(({ name }) => ({ name, context: { cluster: name, user: name } })),
    }),
    { mode: 0o600 },
  );
  return path;
}

t.test("a fleet of two API servers, of which one goes away", { skip }, async (t) => {
  if ("skipped" in binaries) return;
  const [eu, us] = await Promise.all([Cluster.start(binaries), Cluster.start(binaries)]);
  t.teardown(() => eu.stop());
  let isUp = true;
  t.teardown(async () => {
    if (isUp) await us.stop();
  });
  for (const [cluster, replicas] of [
    [eu, 1],
    [us, 3],
  ] as const) {
    await cluster.mustApply([
      ...STORAGE,
      namespace("shop"),
      claim("shop"),
      workload("shop", { replicas }, replicas === 1 ? "rolls" : "many"),
    ]);
  }
  const kubeconfig = await joined({ eu, us }, eu.folder);
  const audit = (...more: readonly string[]) =>
    run(["audit", "--kubeconfig", kubeconfig, "--context", "eu", "--context", "us", ...more]);

  const both = await audit("--format", "json");
  t.equal(both.code, 1, both.err);
  const { findings } = JSON.parse(both.out) as {
    readonly findings: readonly { readonly cluster: string; readonly rule: string }[];
  };
  t.strictSame(
    findings.map(({ cluster, rule }) => `${cluster} ${rule}`),
    ["eu rwo-rolling-update", "us rwo-replicas", "us rwo-rolling-update"],
  );

  const [, command = ""] = /(kubectl --context eu patch .*)$/m.exec((await audit("--summary")).out) ?? [];
  t.match(command, /"metadata":\{"uid":"[0-9a-f-]{36}"\}/);
  const withKubeconfig = command.replace("kubectl ", `${binaries.kubectl} --kubeconfig ${kubeconfig} `);
  t.match(execSync(withKubeconfig, { encoding: "utf8" }), "deployment.apps/rolls patched");
  const elsewhere = spawnSync("sh", ["-c", withKubeconfig.replace("--context eu", "--context us")], {
    encoding: "utf8",
  });
  t.match(elsewhere.stderr, /not found/, "not in another cluster");
  await eu.must(["delete", "deployment", "rolls", "-n", "shop"]);
  await eu.mustApply([workload("shop", {}, "rolls")]);
  const replaced = spawnSync("sh", ["-c", withKubeconfig], { encoding: "utf8" });
  t.match(replaced.stderr, /metadata.uid.*immutable/s, "nor to another object under the name");

  await us.stop();
  isUp = false;
  const one = await audit();
  t.equal(one.code, 2, "not everything could be judged");
  t.match(one.err, /us\b.*(?:cannot be reached|ECONNREFUSED|refused)/s);
  t.match(one.out, /Deployment shop\/rolls/, "the other one is told as if it were alone");
  t.notMatch(one.out, /shop\/many/);
});
t.end();
