import { globSync, readFileSync } from "node:fs";
import t from "tap";
import { FACT_KINDS, isScaled, KINDS, kindOf, WORKLOAD_KINDS } from "../../src/kube/kinds.ts";

t.test("the roles of a row go together", async (t) => {
  for (const kind of FACT_KINDS) {
    const { role, reads, scaled, owned, watched, admitted, namespaced, versions } = KINDS[kind];
    t.equal(reads !== undefined, role === "workload", `${kind}: workloads have a reader, others have none`);
    if (scaled || owned) t.equal(role, "workload", `${kind}: only workloads are scaled, or made by others`);
    if (admitted.length > 0) t.ok(watched, `${kind}: what is judged when it is written is known afterwards`);
    if (role !== "surroundings") t.ok(namespaced, kind);
    t.ok(versions.length > 0, kind);
  }
});

t.test("every plural and group is there once, so that a request means one kind", async (t) => {
  const resources = FACT_KINDS.map((kind) => `${KINDS[kind].group}/${KINDS[kind].plural}`);
  t.equal(new Set(resources).size, resources.length);
});

t.test("a kind is known by its group", async (t) => {
  t.equal(kindOf("argoproj.io/v1alpha1", "Rollout"), "Rollout");
  t.equal(kindOf("example.com/v1", "Rollout"), undefined);
  t.equal(kindOf("v1", "DeploymentConfig"), "DeploymentConfig", "as OpenShift had it before it had groups");
  t.ok(isScaled("Rollout") && isScaled("ReplicationController"));
  t.notOk(isScaled("DaemonSet") || isScaled("ScaledJob") || isScaled("Node"));
});

t.test("no other list of workload kinds is kept", async (t) => {
  const folder = `${import.meta.dirname}/../../src/`;
  const own = new Set(["kube/kinds.ts"]);
  const lists = globSync("**/*.ts", { cwd: folder }).filter((name) => {
    // A diagnosis reads other kinds (attachments, events, leases), and of workloads their pods' owners: a table of its own.
    if (own.has(name) || name.startsWith("diagnose/")) return false;
    const text = readFileSync(folder + name, "utf8").replaceAll(/\/\*[\s\S]*?\*\//g, "");
    return ["DaemonSet", "CronJob", "StatefulSet"].every((kind) => text.includes(`"${kind}"`));
  });
  t.strictSame(lists, [], "the table of kinds is where kinds are listed");
  t.ok(WORKLOAD_KINDS.length > 10);
});
