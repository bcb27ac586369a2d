import { join } from "node:path";
import t from "tap";
import { FileCluster } from "../../src/cluster/file-cluster.ts";
import { KINDS } from "../../src/kube/kinds.ts";

t.test("uses files as the cluster", async (t) => {
  const folder = t.testdir({
    "a.yaml":
      "apiVersion: v1\nkind: Node\nmetadata: { name: n1 }\n---\napiVersion: v1\nkind: Node\nmetadata: { name: n2 }\n",
    "b.yaml": "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: { name: data }\n",
  });
  const cluster = new FileCluster([folder, join(folder, "missing")]);
  t.ok(
    cluster.status().every(({ state }) => state === "waiting"),
    "nothing is known before the start",
  );
  t.equal(cluster.view.claim("shop", "data").state, "absent");
  await cluster.start();
  const status = cluster.status();
  t.same(
    status.map(({ kind }) => kind),
    Object.keys(KINDS),
    "every kind",
  );
  t.ok(
    status.every(
      ({ state, problem, ageSeconds }) => state === "synced" && !problem && ageSeconds === undefined,
    ),
  );
  t.equal(status.find(({ kind }) => kind === "Node")?.objects, 2);
  t.equal(status.find(({ kind }) => kind === "Deployment")?.objects, 0);
  t.equal(cluster.view.claim("shop", "data").state, "known");
  const prepared = await cluster.prepare({ workloads: [] }, AbortSignal.abort());
  t.equal(prepared.view, cluster.view, "there is nothing to wait for");
  t.match(cluster.errors, [{ file: join(folder, "missing"), fatal: true }]);
  await cluster.close();
});
