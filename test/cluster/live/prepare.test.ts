import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import type { Wanted } from "../../../src/cluster/cluster.ts";
import { workloadFrom } from "../../../src/kube/workload.ts";
import type { Workload } from "../../../src/policy/model.ts";
import { createAuthority } from "../../support/api-server/certificates.ts";
import { agrees, type Live, live } from "../../support/api-server/live.ts";
import { autoscaler, claim, deployment, storageClass, volume } from "../../support/objects.ts";

/** A live view whose watches are frozen, so that only direct lookups can see what comes next. */
async function blind(t: Parameters<typeof live>[0], options: Parameters<typeof live>[1] = {}): Promise<Live> {
  const it = await live(t, options);
  await it.double.until(() => it.double.watchers() === 13);
  it.double.freeze();
  return it;
}

const mounting = (...claims: string[]): Workload => {
  const workload = workloadFrom(deployment({ claims }));
  if (workload === undefined) throw new Error("no workload");
  return workload;
};

const wanting = (...claims: string[]): Wanted => ({ workloads: [mounting(...claims)] });

const viewOf = async ({ cluster }: Live, wanted: Wanted, signal: AbortSignal) =>
  (await cluster.prepare(wanted, signal)).view;

const soon = () => AbortSignal.timeout(5_000);

const gets = ({ double }: Live) => double.requests.filter(({ verb }) => verb === "get");

t.test("sees a claim that was made a moment ago, with its volume and its class", async (t) => {
  const it = await blind(t);
  it.double.put(claim({ spec: { volumeName: "pv-data" } }));
  it.double.put(volume());
  it.double.put(storageClass);
  const view = await viewOf(it, wanting("data"), soon());
  const found = view.claim("shop", "data");
  t.match(found, { state: "known", value: { name: "data", volumeName: "pv-data" } });
  t.match(view.volume("pv-data"), { state: "known", value: { accessModes: ["ReadWriteOnce"] } });
  t.match(found.state === "known" && view.volumeOf(found.value), { state: "known" });
  t.match(view.storageClass("gp3"), { state: "known", value: { provisioner: "ebs.csi.aws.com" } });
  t.strictSame(it.misses, ["PersistentVolumeClaim", "PersistentVolume", "StorageClass"]);
  t.equal(it.cluster.index.count("PersistentVolumeClaim"), 0, "the standing picture waits for the watch");
});

t.test("fetches the volume of a claim that is known", async (t) => {
  const it = await blind(t, {
    fill: (double) => double.put(claim({ spec: { volumeName: "pv-data" } })),
  });
  it.double.put(volume());
  const view = await viewOf(it, wanting("data"), soon());
  t.equal(view.volume("pv-data").state, "known");
  t.strictSame(it.misses, ["PersistentVolume"], "a class that the claim has long named is not asked for");
});

t.test("asks nothing when everything is in the picture", async (t) => {
  const it = await blind(t, { fill: (double) => void double.put(claim()) });
  const view = await viewOf(it, wanting("data"), soon());
  t.equal(view, it.cluster.view);
  t.equal(gets(it).length, 0);
});

t.test("a claim that is nowhere is absent, and is not asked for again within a second", async (t) => {
  const it = await blind(t, { timings: { negativeMs: 60_000 } });
  for (let i = 0; i < 3; i++) {
    const view = await viewOf(it, wanting("data"), soon());
    t.strictSame(view.claim("shop", "data"), { state: "absent" });
  }
  t.equal(gets(it).length, 1);
});

t.test("a claim that was nowhere is asked for again when the second is over", async (t) => {
  const it = await blind(t, { timings: { negativeMs: 0 } });
  await viewOf(it, wanting("data"), soon());
  it.double.put(claim());
  const view = await viewOf(it, wanting("data"), soon());
  t.equal(view.claim("shop", "data").state, "known");
});

t.test("a claim that the watch has dropped and a lookup does not find is absent", async (t) => {
  const it = await live(t, { fill: (double) => void double.put(claim()) });
  it.double.remove("PersistentVolumeClaim", "shop", "data");
  await agrees(t, it);
  const view = await viewOf(it, wanting("data"), soon());
  t.strictSame(view.claim("shop", "data"), { state: "absent" });
});

t.test("many reviews that want the same share one question", async (t) => {
  const it = await blind(t);
  it.double.put(claim());
  const views = await Promise.all(
    Array.from({ length: 50 }, () =>
      viewOf(it, { ...wanting("data"), autoscalersIn: "shop", afresh: true }, soon()),
    ),
  );
  t.ok(views.every((view) => view.claim("shop", "data").state === "known"));
  t.equal(gets(it).filter(({ kind }) => kind === "PersistentVolumeClaim").length, 1);
  t.equal(
    it.double.seen("list", "HorizontalPodAutoscaler").length,
    3,
    "the first list, one for the first of them and one for all others",
  );
});

t.test("lists the autoscalers of the namespace afresh: new ones count, deleted ones do not", async (t) => {
  const it = await blind(t, {
    fill: (double) => {
      double.put(autoscaler({ name: "old", max: 3 }));
      double.put(autoscaler({ name: "changed", max: 4 }));
      double.put({
        ...autoscaler({ name: "old", max: 3 }),
        metadata: { name: "old", namespace: "elsewhere" },
      });
    },
    timings: { pageSize: 1 },
  });
  it.double.remove("HorizontalPodAutoscaler", "shop", "old");
  it.double.put(autoscaler({ name: "changed", max: 7 }));
  it.double.put(autoscaler({ name: "new", max: 5 }));
  const view = await viewOf(it, { workloads: [], autoscalersIn: "shop", afresh: true }, soon());
  const target = { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" };
  const of = (namespace: string) => {
    const found = view.autoscalersOf({ ...target, namespace });
    return found.state === "known" ? found.value.map(({ name, maxReplicas }) => [name, maxReplicas]) : found;
  };
  t.strictSame(of("shop"), [
    ["changed", 7],
    ["new", 5],
  ]);
  t.strictSame(of("elsewhere"), [["old", 3]]);
  t.same(it.misses, ["HorizontalPodAutoscaler"]);
});

const WEB = { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" };

t.test("autoscalers that are in sync are not asked for", async (t) => {
  const it = await blind(t, { fill: (double) => void double.put(autoscaler({ max: 3 })) });
  const prepared = await it.cluster.prepare({ workloads: [], autoscalersIn: "shop" }, soon());
  t.match(prepared.view.autoscalersOf(WEB), { state: "known", value: [{ maxReplicas: 3 }] });
  t.equal(prepared.cutShort, false);
  t.strictSame(it.misses, []);
});

t.test("autoscalers that are not in sync are listed", async (t) => {
  const it = await live(t, { fill: (double) => void double.put(autoscaler({ max: 3 })) });
  await it.double.until(() => it.double.watchers() === 13);
  it.double.fault = ({ kind, verb, namespace }) =>
    kind === "HorizontalPodAutoscaler" && (verb === "watch" || namespace === "")
      ? { do: "answer", status: 503 }
      : undefined;
  it.double.cut("HorizontalPodAutoscaler");
  it.double.put(autoscaler({ name: "late", max: 5 }));
  const troubled = () =>
    it.cluster.status().find(({ kind }) => kind === "HorizontalPodAutoscaler")?.problem !== undefined;
  while (!troubled()) await new Promise((resolve) => setTimeout(resolve, 1));
  const view = await viewOf(it, { workloads: [], autoscalersIn: "shop" }, soon());
  t.match(view.autoscalersOf(WEB), { value: [{ name: "late" }, { name: "web" }] });
});

t.test("an answer that was asked for before a review arrived is not its answer", async (t) => {
  const it = await blind(t, { timings: { negativeMs: 60_000 } });
  const afresh = () => viewOf(it, { workloads: [], autoscalersIn: "shop", afresh: true }, soon());
  const asked = () => it.double.seen("list", "HorizontalPodAutoscaler").length - 1;
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  it.double.hold = async ({ kind, verb }) => {
    if (kind === "HorizontalPodAutoscaler" && verb === "list" && asked() === 1) await held;
  };
  const early = afresh();
  await it.double.until(() => asked() === 1);
  it.double.put(autoscaler({ name: "late", max: 5 }));
  const late = Promise.all([afresh(), afresh(), afresh()]);
  release();
  await early;
  for (const view of await late) t.match(view.autoscalersOf(WEB), { value: [{ name: "late" }] });
  t.equal(asked(), 2, "one under way, one waiting for all that came meanwhile");
});

t.test("a target that has not been seen is fetched by every review", async (t) => {
  const it = await blind(t, { timings: { negativeMs: 60_000 } });
  const target = { kind: "Deployment", namespace: "shop", name: "web" };
  const first = await viewOf(it, { workloads: [], target }, soon());
  t.equal(first.workload("Deployment", "shop", "web").state, "absent");
  it.double.put(deployment());
  const second = await viewOf(it, { workloads: [], target }, soon());
  t.equal(second.workload("Deployment", "shop", "web").state, "known", "what was absent a moment ago");
});

t.test("finds the target of a scale or an autoscaler, and then its claims", async (t) => {
  const it = await blind(t);
  it.double.put(deployment());
  it.double.put(claim());
  const target = { kind: "Deployment", namespace: "shop", name: "web" };
  const view = await viewOf(it, { workloads: [], target }, soon());
  t.equal(view.workload("Deployment", "shop", "web").state, "known");
  t.equal(view.claim("shop", "data").state, "known");
  const none = await viewOf(it, { workloads: [], target: { ...target, name: "nope" } }, soon());
  t.strictSame(none.workload("Deployment", "shop", "nope"), { state: "absent" });
});

t.test("a target that was deleted and recreated is fetched, by its uid", async (t) => {
  const withUid = (uid: string, replicas: number) => {
    const raw = deployment({ workload: { replicas } });
    return { ...raw, metadata: { ...(raw.metadata as object), uid } };
  };
  const it = await blind(t, { fill: (double) => void double.put(withUid("first", 1)) });
  it.double.remove("Deployment", "shop", "web");
  it.double.put(withUid("second", 3));
  const target = { kind: "Deployment", namespace: "shop", name: "web" };
  const seen = await viewOf(it, { workloads: [], target: { ...target, uid: "first" } }, soon());
  t.match(seen.workload("Deployment", "shop", "web"), { value: { uid: "first" } }, "the one that is known");
  const view = await viewOf(it, { workloads: [], target: { ...target, uid: "second" } }, soon());
  t.match(view.workload("Deployment", "shop", "web"), { value: { uid: "second", pods: { replicas: 3 } } });
});

t.test("does not ask for kinds that it never reads", async (t) => {
  const it = await blind(t);
  for (const kind of ["ReplicaSet", "Pod", "Rollout", "__proto__"]) {
    await viewOf(it, { workloads: [], target: { kind, namespace: "shop", name: "x" } }, soon());
  }
  t.equal(gets(it).length, 0);
});

t.test("what cannot be had in time is unknown, with the reason, and nothing waits longer", async (t) => {
  const it = await blind(t);
  it.double.fault = ({ verb, query }) =>
    verb === "get" || (verb === "list" && query.get("limit") !== "1") ? { do: "hang" } : undefined;
  const stop = new AbortController();
  const wanted = { ...wanting("data", "more"), autoscalersIn: "shop", afresh: true };
  const preparing = it.cluster.prepare(wanted, stop.signal);
  await it.double.until(() => gets(it).length === 2);
  stop.abort();
  const { view, cutShort } = await preparing;
  t.equal(cutShort, true, "and it is said that it was cut short");
  const reason = /did not answer within the time/;
  t.match(view.claim("shop", "data"), { state: "unknown", reason });
  t.match(view.claim("shop", "more"), { state: "unknown", reason });
  t.strictSame(view.claim("shop", "other"), { state: "absent" }, "what was not asked for is as it stands");
  const target = { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" };
  t.match(view.autoscalersOf(target), { state: "unknown", reason });
  t.match(view.autoscalersOf({ ...target, namespace: "other" }), { state: "known" });
});

t.test("a signal that has aborted already costs no request", async (t) => {
  const it = await blind(t);
  const view = await viewOf(it, wanting("data"), AbortSignal.abort());
  t.equal(view.claim("shop", "data").state, "unknown");
  t.equal(gets(it).length, 0);
});

t.test("one review that gives up does not spoil the answer for another", async (t) => {
  const it = await blind(t);
  it.double.put(claim());
  const stop = new AbortController();
  let release = () => {};
  it.double.fault = ({ verb }) => {
    if (verb !== "get") return undefined;
    release();
    return { do: "dribble", bytes: 1 };
  };
  const asked = new Promise<void>((resolve) => {
    release = resolve;
  });
  const hasty = viewOf(it, wanting("data"), stop.signal);
  const patient = viewOf(it, wanting("data"), soon());
  await asked;
  stop.abort();
  t.equal((await hasty).claim("shop", "data").state, "unknown");
  t.equal((await patient).claim("shop", "data").state, "known");
});

t.test("no right to look up (403), a server error and a lost server leave the claim unknown", async (t) => {
  const cases = [
    { status: 403, reason: /double says 403/ },
    { status: 500, reason: /double says 500/ },
  ];
  for (const { status, reason } of cases) {
    const it = await blind(t);
    it.double.fault = ({ verb }) => (verb === "list" ? undefined : { do: "answer", status });
    const view = await viewOf(it, wanting("data"), soon());
    t.match(view.claim("shop", "data"), { state: "unknown", reason });
    await viewOf(it, wanting("data"), soon());
    t.equal(gets(it).length, 1, "and are not asked again within the second");
  }
  const it = await blind(t);
  await it.double.stop();
  const view = await viewOf(it, wanting("data"), soon());
  t.match(view.claim("shop", "data"), { state: "unknown", reason: /no answer from the API server/ });
});

t.test("kinds that may not be listed are looked up one by one where that is allowed", async (t) => {
  const it = await live(t, { start: false, fill: (double) => void double.put(claim()) });
  it.double.fault = ({ verb, kind }) =>
    kind === "PersistentVolumeClaim" && verb !== "get" ? { do: "answer", status: 403 } : undefined;
  await it.cluster.start();
  const view = await viewOf(it, wanting("data", "nope"), soon());
  t.equal(view.claim("shop", "data").state, "known");
  t.equal(view.claim("shop", "nope").state, "absent");
});

t.test("names are encoded, so that they cannot reach another path", async (t) => {
  const it = await blind(t);
  const view = await viewOf(it, wanting("../../../../v1/nodes", "a?b#c"), soon());
  t.equal(view.claim("shop", "a?b#c").state, "absent");
  t.strictSame(
    gets(it).map(({ kind, name }) => [kind, name]),
    [
      ["PersistentVolumeClaim", "../../../../v1/nodes"],
      ["PersistentVolumeClaim", "a?b#c"],
    ],
  );
});

t.test("ten thousand claims of one review are asked for a few at a time, until its time is up", async (t) => {
  const it = await blind(t, { authority: await createAuthority() });
  let open = 0;
  it.double.fault = ({ verb }) => {
    if (verb !== "get") return undefined;
    open += 1;
    return { do: "hang" };
  };
  const stop = new AbortController();
  const names = Array.from({ length: 10_000 }, (_, i) => `data-${i}`);
  const preparing = viewOf(it, wanting(...names), stop.signal);
  await it.double.until(() => open === 8);
  stop.abort();
  const view = await preparing;
  t.equal(view.claim("shop", "data-9999").state, "unknown");
  t.equal(open, 8);
});

/** Every review of its own wants eight claims that no other wants. */
const crowd = (it: Live, reviews: number, signal: AbortSignal) =>
  Array.from({ length: reviews }, (_, review) =>
    viewOf(it, wanting(...Array.from({ length: 8 }, (_, i) => `data-${review}-${i}`)), signal),
  );

t.test("a hundred reviews together have no more than so many questions open", async (t) => {
  const it = await blind(t, { authority: await createAuthority() });
  it.double.fault = ({ verb }) => (verb === "get" ? { do: "hang" } : undefined);
  const stop = new AbortController();
  const preparing = crowd(it, 100, stop.signal);
  await it.double.until(() => gets(it).length === 64);
  // The others, of which there are 736, would come within this.
  await sleep(200);
  stop.abort();
  for (const view of await Promise.all(preparing)) {
    t.match(view.claim("shop", "data-0-0"), { state: /unknown|absent/ });
  }
  t.equal(gets(it).length, 64);
});

t.test("who comes after reviews that gave up on a hanging server is asked for at once", async (t) => {
  const it = await blind(t, { authority: await createAuthority() });
  it.double.put(claim());
  it.double.fault = ({ verb }) => (verb === "get" ? { do: "hang" } : undefined);
  const stop = new AbortController();
  const preparing = crowd(it, 20, stop.signal);
  await it.double.until(() => gets(it).length === 64);
  it.double.fault = () => undefined;
  const waiting = viewOf(it, wanting("data"), soon());
  stop.abort();
  await Promise.all(preparing);
  t.equal((await waiting).claim("shop", "data").state, "known", "its turn comes when theirs are given up");
  t.strictSame(
    gets(it)
      .slice(64)
      .map(({ name }) => name),
    ["data", "gp3"],
    "and none of theirs is asked any more",
  );
  const again = await viewOf(it, wanting("data-0-0"), soon());
  t.strictSame(again.claim("shop", "data-0-0"), { state: "absent" }, "a question given up is asked again");
});
