import t from "tap";
import { ClusterIndex } from "../../src/cluster/cluster-index.ts";
import { workloadFrom } from "../../src/kube/workload.ts";
import type { Workload } from "../../src/policy/model.ts";
import { claimNamesOf, claimOfSet, templatesLookedAt } from "../../src/policy/template-claims.ts";

const VIEW = new ClusterIndex();

function setWith(templates: readonly string[], replicas: number, start = 0): Workload {
  const set = workloadFrom({
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { namespace: "shop", name: "db" },
    spec: {
      replicas,
      ordinals: { start },
      volumeClaimTemplates: templates.map((name) => ({
        metadata: { name },
        spec: { accessModes: ["ReadWriteOnce"] },
      })),
      template: { spec: {} },
    },
  });
  if (set === undefined) throw new Error("not a set");
  return set;
}

const names = (count: number) => Array.from({ length: count }, (_, at) => `t${at}`);

t.test("the claims of a set are named template by template, of a hundred pods at most", (t) => {
  t.same(claimNamesOf(setWith(["data", "log"], 2, 5), VIEW), [
    "data-db-5",
    "data-db-6",
    "log-db-5",
    "log-db-6",
  ]);
  t.equal(claimNamesOf(setWith(["data"], 2 ** 31 - 1), VIEW).length, 100);
  t.equal(claimNamesOf(setWith(names(20), 100), VIEW).length, 2000);
  t.equal(claimNamesOf(setWith(names(21), 100), VIEW).length, 21 * 95, "fewer pods of more templates");
  t.equal(claimNamesOf(setWith(names(30_000), 100), VIEW).length, 2000, "one pod of the first templates");
  t.equal(templatesLookedAt(setWith(names(2000), 1)).length, 2000);
  t.equal(templatesLookedAt(setWith(names(2001), 1)).length, 2000);
  const set = setWith(["data", "log"], 2);
  t.same(claimNamesOf(set, VIEW, set.claimTemplates.slice(1)), ["log-db-0", "log-db-1"], "of one template");
  t.same(claimNamesOf(setWith([], 2), VIEW), []);
  t.end();
});

t.test("a claim is found by the template and the pod in its name", (t) => {
  const set = setWith(["data", "data-db", "data"], 2, 1);
  const rows: readonly (readonly [string, string | undefined])[] = [
    ["data-db-1", "data"],
    ["data-db-2", "data"],
    ["data-db-3", undefined],
    ["data-db-0", undefined],
    ["data-db-01", undefined],
    ["data-db-db-1", "data-db"],
    ["data-1", undefined],
    ["db-1", undefined],
    ["log-db-1", undefined],
    ["data-xdb-1", undefined],
  ];
  for (const [name, template] of rows) {
    const claim = claimOfSet(set, name, VIEW);
    t.match(claim ?? {}, template === undefined ? {} : { name, ofSet: "db", namespace: "shop" }, name);
    t.equal(claim === undefined, template === undefined, name);
  }
  t.end();
});
