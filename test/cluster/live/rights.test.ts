import t from "tap";
import { SYSTEM_CLOCK } from "../../../src/cluster/live/clock.ts";
import { type FactKind, factFrom } from "../../../src/kube/fact.ts";
import type { ApiServerDouble } from "../../support/api-server/api-server.ts";
import { agrees, type Live, live, QUICK } from "../../support/api-server/live.ts";
import { autoscaler, claim, deployment, node, volume } from "../../support/objects.ts";

function fill(double: ApiServerDouble): void {
  double.put(deployment());
  double.put(claim());
  double.put(volume());
  double.put(autoscaler({ max: 5 }));
  double.put(node("n1"));
}

const statusOf = ({ cluster }: Live, kind: FactKind) => {
  const found = cluster.status().find((status) => status.kind === kind);
  if (found === undefined) throw new Error(`${kind} has no status`);
  return found;
};

const NODE_FACT = factFrom(node("n1"))?.object;

/** Waits until every watch has stood for the moment after which its kind counts as followed. */
async function followed(it: Live): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 10 * (QUICK.shortWatchMs ?? 0)));
  if (it.double.watchers() !== 13) throw new Error("a watch has ended");
}

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
  t.match(
    refused.problem,
    /^no permission to read persistentvolumes: .*cannot list resource "persistentvolumes"/,
  );
  t.match(it.cluster.view.volume("pv-data"), {
    state: "unknown",
    reason: /no permission to read persistentvolumes/,
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
  const { view } = await it.cluster.prepare(
    { workloads: [], autoscalersIn: "shop", afresh: true },
    AbortSignal.timeout(5_000),
  );
  const target = { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" };
  t.match(view.autoscalersOf(target), { state: "known", value: [{ name: "late" }, { name: "web" }] });
});

t.test("rights that are taken away later keep what is known and stop calling the rest absent", async (t) => {
  const it = await live(t, { fill, connect: { staleAfterSeconds: () => 0.05 } });
  await it.double.until(() => it.double.watchers() === 13);
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

t.test(
  "a kind in sync that is refused while the API server starts keeps its facts and is soon back",
  async (t) => {
    const it = await live(t, { fill, timings: { refusedMs: 60_000 } });
    await it.double.until(() => it.double.watchers() === 13);
    await followed(it);
    const lists = () =>
      it.double.seen("list", "Node").filter(({ query }) => query.get("limit") !== "1").length;
    for (const plural of PLURALS) it.double.forbidden.add(plural);
    it.double.cut();
    await state(it, "Node", "held");
    await state(it, "PersistentVolumeClaim", "held");
    const { view } = it.cluster;
    t.equal(view.claim("shop", "data").state, "known");
    t.match(view.claim("shop", "other"), {
      state: "unknown",
      reason: /no permission to read persistentvolumeclaims/,
    });
    t.match(view.nodes(), { state: "known", value: [{ name: "n1" }], ageSeconds: 0 }, "with their age");
    t.match(statusOf(it, "Node").problem, /^no permission to read nodes/);
    it.double.forbidden.clear();
    it.double.put(claim({ name: "other" }));
    await agrees(t, it);
    await state(it, "Node", "synced");
    t.equal(lists(), 1, "the watch goes on where it was");
    t.strictSame(view.nodes(), { state: "known", value: [{ ...NODE_FACT }] });
    const lines = it.log.filter(({ kind }) => kind === "Node").map(({ level, state }) => [level, state]);
    t.strictSame(lines, [
      ["info", "synced"],
      ["warn", "held"],
      ["info", "synced"],
    ]);
  },
);

t.test("a kind in sync is refused when the refusal lasts longer than facts may be old", async (t) => {
  const it = await live(t, {
    fill,
    timings: { refusedMs: 60_000 },
    connect: { staleAfterSeconds: () => 0.2 },
  });
  await it.double.until(() => it.double.watchers() === 13);
  await followed(it);
  it.double.forbidden.add("nodes");
  it.double.cut("Node");
  await state(it, "Node", "held");
  await state(it, "Node", "refused");
  t.match(it.cluster.view.nodes(), { state: "unknown", reason: /no permission to read nodes/ });
  it.double.forbidden.clear();
  await state(it, "Node", "synced");
  t.equal(it.cluster.view.nodes().state, "known", "and does not wait as one that was never seen");
});

t.test("the time for which facts are kept ends though the API server is lost meanwhile", async (t) => {
  const time = { ahead: 0 };
  const it = await live(t, {
    fill,
    connect: { clock: { ...SYSTEM_CLOCK, now: () => performance.now() + time.ahead } },
  });
  await it.double.until(() => it.double.watchers() === 13);
  await followed(it);
  it.double.forbidden.add("nodes");
  it.double.cut("Node");
  await state(it, "Node", "held");
  await it.double.stop();
  time.ahead = 299_000;
  t.equal(statusOf(it, "Node").state, "held");
  time.ahead = 301_000;
  t.equal(statusOf(it, "Node").state, "refused");
  t.equal(it.cluster.view.nodes().state, "unknown");
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
  await it.double.until(() => it.double.watchers() === 13);
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
  "replicationcontrollers",
  "nodes",
];
