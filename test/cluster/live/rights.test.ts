import t from "tap";
import type { FactKind } from "../../../src/kube/fact.ts";
import type { ApiServerDouble } from "../../support/api-server/api-server.ts";
import { agrees, type Live, live } from "../../support/api-server/live.ts";
import { autoscaler, claim, deployment, volume } from "../../support/objects.ts";

function fill(double: ApiServerDouble): void {
  double.put(deployment());
  double.put(claim());
  double.put(volume());
  double.put(autoscaler({ max: 5 }));
}

const statusOf = ({ cluster }: Live, kind: FactKind) => {
  const found = cluster.status().find((status) => status.kind === kind);
  if (found === undefined) throw new Error(`${kind} has no status`);
  return found;
};

/** Waits until the state of a kind is as wanted. */
async function state(it: Live, kind: FactKind, wanted: string): Promise<void> {
  while (statusOf(it, kind).state !== wanted) await new Promise((resolve) => setTimeout(resolve, 1));
}

t.test("a kind that may not be read (403) degrades that kind only", async (t) => {
  const forbid = (double: ApiServerDouble) => {
    fill(double);
    double.forbidden.add("persistentvolumes");
  };
  const it = await live(t, { fill: forbid });
  const refused = statusOf(it, "PersistentVolume");
  t.equal(refused.state, "refused");
  t.match(refused.problem, /^no right to read persistentvolumes: .*cannot list resource "persistentvolumes"/);
  t.match(it.cluster.view.volume("pv-data"), {
    state: "unknown",
    reason: /no right to read persistentvolumes/,
  });
  t.equal(it.cluster.view.claim("shop", "data").state, "known");
  t.strictSame(
    it.cluster.status().filter((status) => status.state !== "synced"),
    [statusOf(it, "PersistentVolume")].map((status) => ({ ...status, ageSeconds: status.ageSeconds })),
  );
  await it.double.until(() => it.double.seen("list", "PersistentVolume").length >= 3);
  t.equal(it.log.filter(({ level }) => level === "warn").length, 1, "one line, however often it is tried");
  it.double.forbidden.clear();
  await state(it, "PersistentVolume", "synced");
  await agrees(t, it);
  t.equal(statusOf(it, "PersistentVolume").problem, undefined);
});

t.test(
  "a kind that is not served (404) is looked for again, in every version that it may have",
  async (t) => {
    const unserve = (double: ApiServerDouble) => {
      fill(double);
      double.unserved.add("csidrivers");
      double.unserved.add("horizontalpodautoscalers");
    };
    const it = await live(t, { fill: unserve });
    t.equal(statusOf(it, "CSIDriver").state, "not-served");
    t.match(it.cluster.view.csiDriver("x"), { state: "unknown", reason: /does not serve csidrivers/ });
    it.double.unserved.clear();
    it.double.put({ kind: "CSIDriver", metadata: { name: "x" }, spec: { attachRequired: false } });
    await state(it, "CSIDriver", "synced");
    await state(it, "HorizontalPodAutoscaler", "synced");
    await agrees(t, it);
  },
);

t.test("reads autoscalers under the older version where the server has only that", async (t) => {
  const it = await live(t, { fill, start: false });
  it.double.versions.set("horizontalpodautoscalers", "autoscaling/v1");
  await it.cluster.start();
  await agrees(t, it);
  t.equal(it.cluster.index.count("HorizontalPodAutoscaler"), 1);
  it.double.put(autoscaler({ name: "late", max: 3 }));
  await agrees(t, it);
  const view = await it.cluster.prepare({ workloads: [], autoscalersIn: "shop" }, AbortSignal.timeout(5_000));
  const target = { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" };
  t.match(view.autoscalersOf(target), { state: "known", value: [{ name: "late" }, { name: "web" }] });
});

t.test("rights that are taken away later keep what is known and stop calling the rest absent", async (t) => {
  const it = await live(t, { fill });
  await it.double.until(() => it.double.watchers() === 12);
  it.double.forbidden.add("persistentvolumeclaims");
  it.double.cut("PersistentVolumeClaim");
  await state(it, "PersistentVolumeClaim", "refused");
  t.equal(it.cluster.view.claim("shop", "data").state, "known");
  t.equal(it.cluster.view.claim("shop", "other").state, "unknown");
  it.double.put(claim({ name: "other" }));
  it.double.remove("PersistentVolumeClaim", "shop", "data");
  it.double.forbidden.clear();
  await state(it, "PersistentVolumeClaim", "synced");
  await agrees(t, it);
  t.equal(it.cluster.view.claim("shop", "data").state, "absent");
});

t.test("a kind that may be listed and not watched is refused, and listed now and then", async (t) => {
  const it = await live(t, { fill, start: false });
  it.double.fault = ({ kind, verb }) =>
    kind === "Deployment" && verb === "watch" ? { do: "answer", status: 403 } : undefined;
  await it.cluster.start();
  await state(it, "Deployment", "refused");
  it.double.put(deployment({ name: "late" }));
  await agrees(t, it);
  t.equal(it.cluster.view.workload("Deployment", "shop", "nope").state, "unknown");
  t.equal(it.log.filter(({ kind, level }) => kind === "Deployment" && level === "warn").length, 1);
  it.double.fault = () => undefined;
  await state(it, "Deployment", "synced");
  await agrees(t, it);
});

t.test("starts when everything is refused, and recovers when the rights come", async (t) => {
  const forbid = (double: ApiServerDouble) => {
    fill(double);
    for (const plural of PLURALS) double.forbidden.add(plural);
  };
  const it = await live(t, { fill: forbid });
  t.ok(it.cluster.status().every((status) => status.state === "refused" && status.objects === 0));
  it.double.forbidden.clear();
  await agrees(t, it);
});

t.test("tells how old its knowledge is", async (t) => {
  const clock = { now: () => 5_000 };
  const it = await live(t, {
    fill,
    connect: {
      clock: {
        now: () => clock.now(),
        sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
        random: () => 0,
      },
    },
  });
  await it.double.until(() => it.double.watchers() === 12);
  clock.now = () => 65_000;
  t.ok(it.cluster.status().every(({ ageSeconds }) => ageSeconds === 60));
  it.double.bookmark("Deployment");
  while (statusOf(it, "Deployment").ageSeconds !== 0) await new Promise((resolve) => setImmediate(resolve));
  t.equal(statusOf(it, "Job").ageSeconds, 60);
});

const PLURALS = [
  "deployments",
  "statefulsets",
  "daemonsets",
  "jobs",
  "cronjobs",
  "horizontalpodautoscalers",
  "persistentvolumeclaims",
  "persistentvolumes",
  "storageclasses",
  "csidrivers",
  "namespaces",
  "nodes",
];
