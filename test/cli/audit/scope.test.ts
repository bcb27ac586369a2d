import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { run } from "../run.ts";

let number = 0;
const stored = (object: Record<string, unknown> & { metadata: object }) => {
  number += 1;
  return { ...object, metadata: { uid: `u-${number}`, resourceVersion: `${number}`, ...object.metadata } };
};

const namespace = (name: string) =>
  stored({ apiVersion: "v1", kind: "Namespace", metadata: { name, uid: `ns-${name}` } });

const hazard = (name: string, labels: object, strategy?: object) => [
  stored({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace: "shop", labels },
    spec: {
      ...(strategy === undefined ? {} : { strategy }),
      template: {
        metadata: { labels: { app: name } },
        spec: {
          containers: [{ name, image: "x", volumeMounts: [{ name: "data", mountPath: "/data" }] }],
          volumes: [{ name: "data", persistentVolumeClaim: { claimName: name } }],
        },
      },
    },
  }),
  stored({
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name, namespace: "shop" },
    spec: { accessModes: ["ReadWriteOnce"] },
  }),
];

function dump(name: string, ...objects: readonly unknown[]): string {
  const file = join(folder, name);
  const items = [namespace("kube-system"), namespace("shop"), ...objects.flat()];
  writeFileSync(file, JSON.stringify({ apiVersion: "v1", kind: "List", items }));
  return file;
}

const folder = t.testdir();
const json = async (...words: readonly string[]) =>
  JSON.parse((await run(["audit", ...words, "--format", "json"])).out);

t.test("says which cluster and scope, when, and what was read", async (t) => {
  const file = dump("all.json", hazard("web", { tier: "front" }));
  const report = await json("--from", file, "--at", "2026-11-02T08:00:00Z", "-n", "shop");
  t.same(report.cluster, { uid: "ns-kube-system", context: null });
  t.same(report.scope, { namespace: "shop", selector: null });
  t.equal(report.time, "2026-11-02T08:00:00.000Z");
  t.ok(report.read.every(({ state }: { state: string }) => state === "complete"));
  t.equal(report.workloads[0].state, "latent");
});

t.test("--selector looks at workloads with these labels only, and at no claims", async (t) => {
  const file = dump("all.json", hazard("web", { tier: "front" }), hazard("db", { tier: "back" }));
  const { workloads } = await json("--from", file, "--selector", "tier in (back)");
  t.same(
    workloads.map(({ name }: { name: string }) => name),
    ["db"],
  );
  const wrong = await run(["audit", "--from", file, "--selector", "a b"]);
  t.equal(wrong.code, 2);
  t.match(wrong.err, "write app=web");
});

t.test("--since tells what became of the findings of an earlier report", async (t) => {
  const before = dump("before.json", hazard("web", {}), hazard("db", {}));
  const old = join(folder, "old.json");
  await run(["audit", "--from", before, "--format", `json=${old}`]);
  const after = dump(
    "after.json",
    hazard("web", {}),
    hazard("db", {}, { type: "Recreate" }),
    hazard("new", {}),
  );
  const { since } = await json("--from", after, "--since", old);
  t.match(since, { new: 1, fixed: 1, graver: 0, unchanged: 1, notComparable: 0 });
  const { out } = await run(["audit", "--from", after, "--since", old]);
  t.match(out, /1 new, 1 fixed, 0 worse, 1 unchanged/);
  const scoped = await run(["audit", "--from", after, "--since", old, "-n", "shop"]);
  t.equal(scoped.code, 2, "another scope");
  t.equal((await run(["audit", "--from", after, "--since", "nowhere.json"])).code, 2);
});

t.test("wrong calls are told, with the way out", async (t) => {
  const file = dump("all.json", hazard("web", {}));
  for (const [words, says] of [
    [["--from", file, "-n", "shpo"], "there is no namespace shpo: correct -n"],
    [["--from", file, "--at", "yesterday"], "give RFC 3339"],
    [["--at", "2026-11-02T08:00:00Z"], "it needs --from"],
  ] as const) {
    const { code, err } = await run(["audit", ...words]);
    t.equal(code, 2, says);
    t.match(err, says);
  }
});
