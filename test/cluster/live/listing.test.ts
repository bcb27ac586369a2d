import t from "tap";
import type { ApiServerDouble } from "../../support/api-server/api-server.ts";
import { createAuthority } from "../../support/api-server/certificates.ts";
import { agrees, live } from "../../support/api-server/live.ts";
import {
  autoscaler,
  claim,
  daemonSet,
  deployment,
  job,
  node,
  statefulSet,
  storageClass,
  volume,
} from "../../support/objects.ts";

function fill(double: ApiServerDouble): void {
  for (let i = 0; i < 25; i++) {
    double.put(deployment({ name: `web-${i}`, claims: [`data-${i}`] }));
    double.put(claim({ name: `data-${i}` }));
  }
  double.put(statefulSet({ name: "db" }));
  double.put(daemonSet({ name: "agent" }));
  double.put(job({ name: "import" }));
  double.put(autoscaler({ max: 5 }));
  double.put(volume());
  double.put(storageClass);
  double.put(node("n1"));
  double.put({ kind: "Namespace", apiVersion: "v1", metadata: { name: "shop", labels: { team: "a" } } });
  double.put({ kind: "CSIDriver", metadata: { name: "ebs.csi.aws.com" }, spec: { attachRequired: true } });
}

t.test("lists every kind in pages and then watches from the version of the list", async (t) => {
  const { double, cluster } = await live(t, { fill, timings: { pageSize: 10 } });
  await agrees(t, { double, cluster });
  t.same(
    double.seen("list", "Deployment").map(({ query }) => [query.get("limit"), query.has("continue")]),
    [
      ["10", false],
      ["10", true],
      ["10", true],
    ],
  );
  await double.until(() => double.watchers() === 13);
  const [watch] = double.seen("watch", "Deployment");
  t.equal(watch?.query.get("resourceVersion"), double.version);
  t.equal(watch?.query.get("allowWatchBookmarks"), "true");
  const seconds = Number(watch?.query.get("timeoutSeconds"));
  t.ok(seconds >= 300 && seconds <= 600, `timeoutSeconds ${seconds}`);
  double.put(deployment({ name: "late" }));
  double.put(deployment({ name: "web-1", claims: ["other"] }));
  double.remove("Deployment", "shop", "web-3");
  await agrees(t, { double, cluster });
});

t.test("asks for pages of 500 and never for Pods or ReplicaSets", async (t) => {
  const { double } = await live(t, { fill });
  t.ok(double.requests.every(({ verb, query }) => verb !== "list" || query.get("limit") === "500"));
  t.notOk(double.requests.some(({ kind }) => kind === "Pod" || kind === "ReplicaSet"));
});

t.test("works over TLS with the CA of the kubeconfig", async (t) => {
  const { double, cluster } = await live(t, { fill, authority: await createAuthority() });
  t.match(double.url, /^https:/);
  double.put(claim({ name: "late" }));
  await agrees(t, { double, cluster });
});

t.test("leaves Nodes alone when they are turned off", async (t) => {
  const { double, cluster } = await live(t, { fill, connect: { nodes: false } });
  t.notOk(double.requests.some(({ kind }) => kind === "Node"));
  t.same(cluster.view.nodes(), { state: "unknown", reason: "nodes are not watched" });
  t.notOk(cluster.status().some(({ kind }) => kind === "Node"));
});

t.test("says nothing is absent before its kind has been listed", async (t) => {
  const { double, cluster } = await live(t, { fill, start: false });
  double.fault = ({ kind }) => (kind === "PersistentVolumeClaim" ? { do: "hang" } : undefined);
  const started = cluster.start();
  await double.until(() => double.watchers() === 12);
  t.match(cluster.view.claim("shop", "nope"), { state: "unknown", reason: /not been listed yet/ });
  const waiting = cluster.status().filter(({ state }) => state === "waiting");
  t.same(
    waiting.map(({ kind, ageSeconds }) => [kind, ageSeconds]),
    [["PersistentVolumeClaim", undefined]],
  );
  double.fault = () => undefined;
  await double.restart();
  await started;
  await agrees(t, { double, cluster });
  t.same(cluster.view.claim("shop", "nope"), { state: "absent" });
});

t.test("drops what another object controls, also when it is adopted later", async (t) => {
  const { double, cluster } = await live(t, { fill });
  const adopted = { ...job({ name: "import" }), metadata: { name: "import", namespace: "shop" } };
  const ownerReferences = [
    { kind: "CronJob", name: "nightly", uid: "1", apiVersion: "batch/v1", controller: true },
  ];
  t.equal(cluster.index.count("Job"), 1);
  double.put({ ...adopted, metadata: { ...adopted.metadata, ownerReferences } });
  await agrees(t, { double, cluster });
  t.equal(cluster.index.count("Job"), 0);
});

t.test("closes without leaving a timer or a connection, in whatever state it is", async (t) => {
  for (const state of ["watching", "waiting for a retry", "in a request that hangs", "never started"]) {
    const { double, cluster } = await live(t, { fill, start: false });
    if (state === "waiting for a retry") double.fault = () => ({ do: "answer", status: 500 });
    if (state === "in a request that hangs") double.fault = () => ({ do: "hang" });
    if (state !== "never started") {
      const started = cluster.start();
      if (state === "watching") await started;
      else await double.until(() => double.requests.length >= 12);
    }
    await cluster.close();
    await double.until(() => double.connections === 0);
    t.pass(state);
  }
});
