import { writeFileSync } from "node:fs";
import t from "tap";
import { type Clock, SYSTEM_CLOCK } from "../../../src/cluster/live/clock.ts";
import type { ApiServerDouble, SeenRequest } from "../../support/api-server/api-server.ts";
import { createAuthority } from "../../support/api-server/certificates.ts";
import { agrees, type Live, live, QUICK } from "../../support/api-server/live.ts";
import { autoscaler, claim, deployment, node, storageClass, volume } from "../../support/objects.ts";

function fill(double: ApiServerDouble): void {
  for (let i = 0; i < 30; i++) {
    double.put(deployment({ name: `web-${i}`, claims: [`data-${i}`] }));
    double.put(claim({ name: `data-${i}` }));
  }
  double.put(autoscaler({ max: 5 }));
  double.put(volume());
  double.put(storageClass);
  double.put(node("n1"));
}

/** Changes of every sort, in several kinds. */
function change(double: ApiServerDouble): void {
  const tag = double.version;
  double.put(deployment({ name: `new-${tag}`, claims: ["data-1"] }));
  double.put(deployment({ name: "web-2", claims: [`data-${tag}`] }));
  double.put(claim({ name: `claim-${tag}` }));
  double.put(claim({ name: "data-2", spec: { volumeName: "pv-data" } }));
  const [first] = double.objects("Deployment");
  if (first !== undefined) double.remove("Deployment", "shop", first.metadata.name);
}

const watching = ({ double }: Pick<Live, "double">) => double.until(() => double.watchers() === 13);

const lists = (double: ApiServerDouble, kind = "Deployment") =>
  double.seen("list", kind).filter(({ query }) => query.get("limit") !== "1" && !query.has("continue"))
    .length;

/** Gives the fault to the first `times` requests that match. */
function faultOn(
  double: ApiServerDouble,
  verb: SeenRequest["verb"],
  fault: ReturnType<ApiServerDouble["fault"]>,
  times = 1,
): void {
  let left = times;
  double.fault = (request) => {
    if (request.kind !== "Deployment" || request.verb !== verb || left === 0) return undefined;
    left -= 1;
    return fault;
  };
}

t.test("resumes a watch that is cut without listing again", async (t) => {
  const it = await live(t, { fill });
  await watching(it);
  it.double.cut();
  change(it.double);
  await agrees(t, it);
  await watching(it);
  t.equal(lists(it.double), 1);
});

t.test("resumes after a connection cut in the middle of an event", async (t) => {
  const it = await live(t, { fill });
  await watching(it);
  it.double.write(
    "Deployment",
    '{"type":"DELETED","object":{"kind":"Deployment","metadata":{"name":"web-7","na',
  );
  it.double.cut("Deployment");
  change(it.double);
  await agrees(t, it);
  t.equal(lists(it.double), 1);
  t.ok(it.cluster.index.has("Deployment", "shop", "web-7"), "half an event changes nothing");
});

t.test("starts a list again that is cut between or within pages", async (t) => {
  for (const nth of [1, 2]) {
    const it = await live(t, { timings: { pageSize: 10 }, fill, start: false });
    let page = 0;
    it.double.fault = ({ kind, verb }) =>
      kind === "Deployment" && verb === "list" && ++page === nth ? { do: "cut", afterBytes: 700 } : undefined;
    await it.cluster.start();
    await agrees(t, it);
    t.ok(page > 3, `page ${nth} was cut`);
  }
});

t.test("notices a half-open connection by its silence and resumes", async (t) => {
  const it = await live(t, { fill, timings: { silenceMs: 150 } });
  await watching(it);
  it.double.freeze();
  change(it.double);
  await agrees(t, it);
  t.equal(lists(it.double), 1, "without listing again");
});

t.test("notices a list that stops half-way, and a request that is never answered", async (t) => {
  const it = await live(t, { fill, timings: { silenceMs: 100, responseMs: 100 }, start: false });
  faultOn(it.double, "list", { do: "hang" }, 2);
  await it.cluster.start();
  change(it.double);
  await agrees(t, it);
});

t.test("keeps a quiet watch whose bookmarks come in time", async (t) => {
  const it = await live(t, { fill, timings: { silenceMs: 400 }, double: { bookmarkEveryMs: 40 } });
  await watching(it);
  const before = it.double.seen("watch", "Deployment").length;
  await new Promise((resolve) => setTimeout(resolve, 900));
  t.equal(it.double.seen("watch", "Deployment").length, before);
  t.ok(
    it.cluster.status().every(({ ageSeconds = 1 }) => ageSeconds < 0.4),
    "and every kind is young",
  );
});

t.test("resumes from the version of the last bookmark", async (t) => {
  const it = await live(t, { fill });
  await watching(it);
  it.double.put(node("n2"));
  it.double.bookmark("Deployment");
  it.double.endWatches("Deployment");
  await it.double.until(() => it.double.seen("watch", "Deployment").length === 2);
  t.equal(it.double.seen("watch", "Deployment")[1]?.query.get("resourceVersion"), it.double.version);
  t.equal(lists(it.double), 1);
});

for (const expiry of ["status", "event"] as const) {
  t.test(`lists again when the version is gone, told by ${expiry}`, async (t) => {
    const it = await live(t, { fill });
    await watching(it);
    it.double.expiry = expiry;
    it.double.fault = ({ verb }) => (verb === "watch" ? { do: "answer", status: 503 } : undefined);
    it.double.cut();
    change(it.double);
    it.double.compact();
    it.double.fault = () => undefined;
    await agrees(t, it);
    t.ok(lists(it.double) >= 2, "deletions in between are noticed by the list");
  });
}

t.test("lists at once when the version is gone after an outage, and is in sync only then", async (t) => {
  const waits: number[] = [];
  const time = { ahead: 0 };
  const clock: Clock = {
    now: () => performance.now() + time.ahead,
    sleep: (ms, signal) => {
      // Other kinds go on meanwhile: what they wait for between watches, or where an API is not served, says nothing.
      if (ms !== QUICK.shortWatchMs && ms !== QUICK.notServedMs) waits.push(ms);
      return SYSTEM_CLOCK.sleep(Math.min(ms, 5), signal);
    },
    random: () => 0,
  };
  for (const expiry of ["status", "event"] as const) {
    const it = await live(t, { fill, timings: { backoffMs: [100, 30_000] }, connect: { clock } });
    const status = () => it.cluster.status().find(({ kind }) => kind === "Deployment");
    await watching(it);
    it.double.expiry = expiry;
    it.double.fault = ({ kind }) => (kind === "Deployment" ? { do: "answer", status: 503 } : undefined);
    it.double.cut("Deployment");
    time.ahead += 60_000;
    while (waits.at(-1) !== 30_000) await new Promise((resolve) => setTimeout(resolve, 2));
    change(it.double);
    it.double.compact();
    let lists = 0;
    it.double.fault = ({ kind, verb, query }) => {
      if (kind !== "Deployment" || verb !== "list" || query.get("limit") === "1") return undefined;
      lists += 1;
      return { do: "answer", status: 503 };
    };
    const mark = waits.length;
    while (lists === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    t.equal(waits[mark], 0, `${expiry}: without a wait`);
    t.match(status(), { state: "held", problem: /./ }, `${expiry}: not in sync`);
    t.ok((status()?.ageSeconds ?? 0) >= 60, `${expiry}: with the age of the facts`);
    t.equal(it.cluster.view.workload("Deployment", "shop", "nope").state, "unknown");
    it.double.fault = () => undefined;
    await agrees(t, it);
    t.match(status(), { state: "synced", problem: undefined }, `${expiry}: then it is`);
    t.ok((status()?.ageSeconds ?? 60) < 5);
    t.equal(it.cluster.view.workload("Deployment", "shop", "nope").state, "absent");
  }
});

t.test("a version that is always gone does not make it list in a loop", async (t) => {
  const it = await live(t, { fill, timings: { backoffMs: [50, 5_000] } });
  await watching(it);
  faultOn(it.double, "watch", { do: "answer", status: 410 }, Number.POSITIVE_INFINITY);
  it.double.cut("Deployment");
  await new Promise((resolve) => setTimeout(resolve, 600));
  t.ok(lists(it.double) < 8, `${lists(it.double)} lists in 600 ms`);
  it.double.fault = () => undefined;
  await agrees(t, it);
});

t.test("starts over, with larger pages, when the continue token has expired", async (t) => {
  const it = await live(t, { fill, timings: { pageSize: 4 }, start: false });
  let expired = 0;
  it.double.fault = ({ kind, verb, query }) => {
    if (kind === "Deployment" && verb === "list" && query.has("continue") && expired < 3) {
      expired += 1;
      it.double.remove("Deployment", "shop", `web-${expired}`);
      it.double.expireContinues();
    }
    return undefined;
  };
  await it.cluster.start();
  await agrees(t, it);
  const limits = it.double.seen("list", "Deployment").map(({ query }) => query.get("limit"));
  t.strictSame([...new Set(limits)], ["4", "8", "16", "32"]);
});

t.test("waits as long as Retry-After says", async (t) => {
  const it = await live(t, { fill, start: false });
  faultOn(it.double, "list", { do: "answer", status: 429, headers: { "retry-after": "1" } });
  const before = performance.now();
  await it.cluster.start();
  t.ok(performance.now() - before >= 990, "a second, where the backoff alone would be some milliseconds");
  await agrees(t, it);
});

t.test("a watch refused with 429 or 500 is resumed, not listed again", async (t) => {
  for (const status of [429, 500, 502, 503, 504]) {
    const it = await live(t, { fill });
    await watching(it);
    faultOn(it.double, "watch", { do: "answer", status, body: "<html>bad gateway</html>" }, 3);
    it.double.cut("Deployment");
    change(it.double);
    await agrees(t, it);
    t.equal(lists(it.double), 1, String(status));
  }
});

t.test("lists that fail with 500 are tried until they succeed", async (t) => {
  const it = await live(t, { fill, start: false });
  faultOn(it.double, "list", { do: "answer", status: 500 }, 5);
  await it.cluster.start();
  await agrees(t, it);
  const troubles = it.log.filter(({ kind, level }) => kind === "Deployment" && level === "warn");
  t.equal(troubles.length, 1, "one line when trouble begins, not one a try");
  t.match(troubles[0], { problem: /double says 500/ });
});

t.test("reads events that come in pieces, whatever the pieces", async (t) => {
  for (const bytes of [1, 2, 7, 1000]) {
    const it = await live(t, { fill, start: false });
    it.double.fault = () => ({ do: "dribble", bytes });
    if (bytes < 7) it.double.fault = ({ verb }) => (verb === "watch" ? { do: "dribble", bytes } : undefined);
    await it.cluster.start();
    await watching(it);
    it.double.put({
      kind: "Namespace",
      metadata: { name: "ns", labels: { greeting: "grüß-多附加-🐘" } },
    });
    change(it.double);
    await agrees(t, it);
    t.equal(lists(it.double), 1, `${bytes} bytes at a time`);
  }
});

t.test("applies duplicate and out-of-order versions in the order in which they come", async (t) => {
  const it = await live(t, { fill });
  await watching(it);
  const version = Number(it.double.version);
  const event = (type: string, name: string, resourceVersion: number, replicas: number) => {
    const raw = deployment({ name, workload: { replicas } });
    const metadata = { ...(raw.metadata as object), resourceVersion: String(resourceVersion) };
    return `${JSON.stringify({ type, object: { ...raw, metadata } })}\n`;
  };
  const replicas = (name: string) => {
    const found = it.cluster.index.workload("Deployment", "shop", name);
    return found.state === "known" && found.value.pods.by === "replicas"
      ? found.value.pods.replicas
      : found.state;
  };
  const marker = async (name: string) => {
    it.double.write("Deployment", event("ADDED", name, version, 1));
    while (replicas(name) !== 1) await new Promise((resolve) => setImmediate(resolve));
  };
  it.double.write("Deployment", event("MODIFIED", "web-1", version - 3, 7));
  it.double.write("Deployment", event("MODIFIED", "web-1", version - 3, 7));
  it.double.write("Deployment", event("ADDED", "web-1", version - 9, 4));
  it.double.write("Deployment", event("DELETED", "web-2", version - 2, 1));
  it.double.write("Deployment", event("DELETED", "web-2", version - 2, 1));
  it.double.write("Deployment", event("MODIFIED", "not-seen-before", version - 1, 2));
  await marker("done");
  t.equal(replicas("web-1"), 4, "the last in the stream counts, not the highest");
  t.equal(replicas("web-2"), "absent");
  t.equal(replicas("not-seen-before"), 2, "a change of what is not there adds it");
  change(it.double);
  it.double.put(node("n2"));
  it.double.compact();
  it.double.cut("Deployment");
  await agrees(t, it);
});

t.test("a server that comes back with other, higher versions is listed again", async (t) => {
  const it = await live(t, { fill });
  await watching(it);
  await it.double.stop();
  change(it.double);
  await it.double.restart({ firstVersion: 5_000_000 });
  change(it.double);
  await agrees(t, it);
});

t.test("a server restored from an older backup, whose versions are lower, is listed again", async (t) => {
  // The second pair is the other way round as text.
  for (const [before, after] of [
    [900_000, 100],
    [10_000, 9_000],
  ] as const) {
    const it = await live(t, { fill, double: { firstVersion: before } });
    await watching(it);
    await it.double.stop();
    change(it.double);
    await it.double.restart({ firstVersion: after });
    change(it.double);
    await agrees(t, it);
    change(it.double);
    await agrees(t, it);
  }
});

t.test("versions are compared as numbers: a longer one is the newer one", async (t) => {
  const restored = await live(t, { fill, double: { firstVersion: 1_000_000 } });
  await watching(restored);
  await restored.double.stop();
  await restored.double.restart({ firstVersion: 999_000 });
  change(restored.double);
  await agrees(t, restored);

  const grown = await live(t, { fill, double: { firstVersion: 900 } });
  await watching(grown);
  grown.double.fault = ({ kind }) => (kind === "Deployment" ? { do: "answer", status: 503 } : undefined);
  grown.double.cut("Deployment");
  for (let i = 0; i < 40; i++) change(grown.double);
  t.ok(Number(grown.double.version) > 1000, "one digit more");
  grown.double.fault = () => undefined;
  await agrees(t, grown);
  t.equal(lists(grown.double), 1, "1000 is not before 999");
});

t.test("a server that was away with its past intact is not listed again", async (t) => {
  const it = await live(t, { fill });
  await watching(it);
  it.double.fault = () => ({ do: "answer", status: 503 });
  it.double.cut();
  change(it.double);
  await it.double.until(() => it.double.seen("list", "Deployment").length > 1);
  it.double.fault = () => undefined;
  await agrees(t, it);
  t.equal(lists(it.double), 1, "one object is asked for to see the server's version, then the watch goes on");
});

t.test("takes a burst of a thousand events", async (t) => {
  const it = await live(t, { fill });
  await watching(it);
  for (let i = 0; i < 1000; i++) {
    if (i % 3 === 2) it.double.remove("PersistentVolumeClaim", "shop", `burst-${i - 1}`);
    else
      it.double.put(claim({ name: `burst-${i - (i % 6 === 3 ? 3 : 0)}`, spec: { volumeName: `pv-${i}` } }));
  }
  await agrees(t, it);
  t.equal(lists(it.double, "PersistentVolumeClaim"), 1);
});

t.test("events that cannot be read lead to a new list, not to a guess", async (t) => {
  const unreadable = [
    "not json\n",
    '{"type":"ADDED"}\n',
    '{"type":"SURPRISE","object":{"metadata":{"name":"web-1"}}}\n',
    '{"type":"BOOKMARK","object":{"metadata":{}}}\n',
    '{"type":"MODIFIED","object":{"metadata":{}}}\n',
    "null\n",
  ];
  for (const text of unreadable) {
    const it = await live(t, { fill });
    await watching(it);
    it.double.write("Deployment", text);
    await it.double.until(() => lists(it.double) === 2);
    change(it.double);
    await agrees(t, it);
  }
});

t.test("answers that are not of an API server are reported and tried again", async (t) => {
  for (const body of [
    "<html>login</html>",
    "[]",
    '"x"',
    "null",
    '{"items":{}}',
    '{"metadata":{"resourceVersion":"1"},"items":3}',
  ]) {
    const it = await live(t, { fill, start: false });
    faultOn(it.double, "list", { do: "answer", status: 200, body });
    await it.cluster.start();
    await agrees(t, it);
    t.match(it.log.find(({ level }) => level === "warn")?.problem, /not answered with (a list|JSON)/, body);
  }
});

t.test("a watch that always ends at once is not opened in a hot loop", async (t) => {
  const it = await live(t, { fill, timings: { backoffMs: [20, 5_000], shortWatchMs: 1000 } });
  await watching(it);
  it.double.fault = ({ verb, kind }) =>
    verb === "watch" && kind === "Deployment" ? { do: "answer", status: 200, body: "" } : undefined;
  it.double.cut("Deployment");
  await new Promise((resolve) => setTimeout(resolve, 600));
  const tries = it.double.seen("watch", "Deployment").length;
  t.ok(tries < 10, `${tries} tries in 600 ms`);
  it.double.fault = () => undefined;
});

t.test("survives a serving certificate that changes, by the same authority and by another", async (t) => {
  const first = await createAuthority("first");
  const second = await createAuthority("second");
  const it = await live(t, { fill, authority: first });
  await watching(it);
  it.double.useCertificate(await first.issue());
  it.double.cut();
  change(it.double);
  await agrees(t, it);
  await watching(it);
  it.double.useCertificate(await second.issue());
  it.double.cut();
  change(it.double);
  const distrusted = () =>
    it.cluster.status().some(({ problem }) => /certificate|issuer|signature/i.test(problem ?? ""));
  while (!distrusted()) await new Promise((resolve) => setTimeout(resolve, 2));
  writeFileSync(it.kubeconfig.replace(/kubeconfig$/, "ca.crt"), second.pem);
  await agrees(t, it);
});
