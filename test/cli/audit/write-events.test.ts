import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import t, { type Test } from "tap";
import { eventsWrittenLine, MAX_EVENTS, writeEvents } from "../../../src/cli/audit/write-events.ts";
import { connectObjectClient } from "../../../src/cluster/live/connect.ts";
import { stuckEvents } from "../../../src/report/cluster-events.ts";
import type { JudgedWorkload } from "../../../src/report/report.ts";
import { judgedWith } from "../../report/sample.ts";
import { writeKubeConfig } from "../../support/api-server/live.ts";
import { run } from "../run.ts";

const stuck = (name = "web", reason = "its rollout waits for itself"): JudgedWorkload =>
  judgedWith({ workload: { ...judgedWith().workload, name }, state: "stuck", reason });

const NOW = Date.parse("2026-11-26T08:00:00.123Z");
const uidOf = ({ name }: { readonly name: string }) => `uid-of-${name}`;

interface Event {
  readonly metadata: { readonly name: string };
  readonly series?: { readonly count: number };
}

/** An API server that has events and nothing else; `answer` may say something else to a request. */
async function server(t: Test, answer: (method: string) => number | undefined = () => undefined) {
  const events = new Map<string, Event>();
  const seen: string[] = [];
  const http = createServer(async (request, response) => {
    const { method = "", url = "" } = request;
    seen.push(method);
    const body = (await json(request)) as Event;
    const send = (code: number, answered: object) => {
      response.writeHead(code, { "content-type": "application/json" });
      response.end(JSON.stringify(answered));
    };
    const status = answer(method);
    const name = method === "POST" ? body.metadata.name : (url.split("/").at(-1) ?? "");
    const found = events.get(name);
    if (status !== undefined) return send(status, { message: `no ${method}` });
    if (method === "POST") {
      if (found !== undefined) return send(409, { message: "already exists" });
      events.set(name, body);
      return send(201, body);
    }
    if (found === undefined) return send(404, { message: "not found" });
    events.set(name, { ...found, ...body });
    send(200, { ...found, ...body });
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  const kubeconfig = join(t.testdir(), "kubeconfig");
  writeKubeConfig(kubeconfig, `http://127.0.0.1:${(http.address() as AddressInfo).port}`);
  const client = await connectObjectClient({ kubeconfig, env: {} });
  t.teardown(() => {
    client.close();
    http.close();
    http.closeAllConnections();
  });
  const write = (...workloads: readonly JudgedWorkload[]) => writeEvents({ workloads }, client, uidOf, NOW);
  return { events, seen, write };
}

t.test("one event says what is stuck, and a second run continues it", async (t) => {
  const { events, seen, write } = await server(t);
  t.match(await write(stuck(), judgedWith({ state: "latent" })), { created: 1, repeated: 0 });
  const [event] = [...events.values()];
  t.match(event, {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: { name: /^web\.[0-9a-f]{16}$/, namespace: "shop" },
    eventTime: "2026-11-26T08:00:00.123000Z",
    reportingController: "attachguard.dev/audit",
    reportingInstance: "attachguard-audit",
    action: "Audit",
    reason: "VolumeStuck",
    type: "Warning",
    note: "Stuck: its rollout waits for itself. What frees it: attachguard diagnose Deployment/web -n shop",
    regarding: {
      apiVersion: "apps/v1",
      kind: "Deployment",
      namespace: "shop",
      name: "web",
      uid: "uid-of-web",
    },
  });
  t.match(await write(stuck()), { created: 0, repeated: 1 });
  t.match(await write(stuck()), { created: 0, repeated: 1 });
  t.strictSame([...events.values()][0]?.series, {
    count: 3,
    lastObservedTime: "2026-11-26T08:00:00.123000Z",
  });
  t.notOk(seen.includes("GET"), "no right to read is needed");
  t.match(
    await write(stuck("web", "its old pod has ended")),
    { created: 1 },
    "another state is another event",
  );
});

t.test("at most 100 a run; what is refused is said, what is gone passed over", async (t) => {
  const { events, write } = await server(t);
  const many = await write(...Array.from({ length: MAX_EVENTS + 3 }, (_, at) => stuck(`web-${at}`)));
  t.match(many, { created: 100, beyond: 3 });
  t.equal(events.size, 100);
  t.match(
    eventsWrittenLine(many),
    "100 created, 0 repeated; 3 more stuck workloads left out: one run writes no more",
  );
  const refusing = await server(t, () => 403);
  t.match(await refusing.write(stuck()), { problems: [/^shop\/web\.\w+: no POST$/] });
  const gone = await server(t, () => 404);
  t.match(await gone.write(stuck()), { created: 0, passedOver: 1, problems: [] });
});

t.test("a note of at most 1,024 bytes, and a name that the API server takes", async (t) => {
  const name = `${"a".repeat(235)}.b`;
  const [event] = stuckEvents([stuck(name, "é".repeat(2_000))], uidOf, NOW);
  t.ok(Buffer.byteLength(event?.note ?? "") <= 1_024);
  t.ok(Buffer.byteLength(event?.note ?? "") > 1_000);
  t.match(event?.note, /é…$/);
  t.match(event?.metadata.name, /^a{235}\.[0-9a-f]{16}$/);
  t.strictSame(
    stuckEvents([stuck()], () => undefined, NOW),
    [],
    "without a uid nobody would find it",
  );
});

t.test("wrong calls", async (t) => {
  for (const words of [
    ["--from", "-"],
    ["--context", "a", "--context", "b"],
  ]) {
    const { code, err } = await run(["audit", "--events", ...words]);
    t.equal(code, 2);
    t.match(err, /--events: with/);
  }
});
