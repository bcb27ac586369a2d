import { join } from "node:path";
import type { Test } from "tap";
import t from "tap";
import { connectDirectly } from "../../../src/cluster/live/direct-reader.ts";
import { ApiServerDouble } from "../../support/api-server/api-server.ts";
import { writeKubeConfig } from "../../support/api-server/live.ts";

const PODS = {
  resource: { group: "", version: "v1", plural: "pods" },
  namespace: undefined,
  fieldSelector: undefined,
};
const NODES = { ...PODS, resource: { group: "", version: "v1", plural: "nodes" } };

async function cluster(t: Test, bytes = 10_000_000) {
  const double = await ApiServerDouble.start();
  const kubeconfig = join(t.testdir(), "kubeconfig");
  writeKubeConfig(kubeconfig, double.url);
  const reader = await connectDirectly({ kubeconfig, env: {} }, { bytes });
  t.teardown(async () => {
    reader.close();
    await double.stop();
  });
  return { double, reader, signal: new AbortController().signal };
}

function pods(double: ApiServerDouble, count: number): void {
  for (let n = 0; n < count; n += 1)
    double.put({
      kind: "Pod",
      metadata: { name: `pod-${n}`, namespace: "shop" },
      spec: { text: "x".repeat(200) },
    });
}

t.test("every page of a list, and the server's time", async (t) => {
  const { double, reader, signal } = await cluster(t);
  pods(double, 1201);
  double.date = new Date("2026-01-01T00:00:00Z");
  t.equal(reader.serverTime, undefined);
  t.equal((await reader.list(PODS, signal)).length, 1201);
  t.equal(double.seen("list", "Pod").length, 3);
  t.equal(reader.serverTime, Date.parse("2026-01-01T00:00:00Z"));
  t.equal(reader.context, "double");
});

t.test("a list whose token ran out is started over, once", async (t) => {
  const { double, reader, signal } = await cluster(t);
  pods(double, 600);
  let asked = 0;
  double.hold = async () => {
    asked += 1;
    if (asked === 1) double.expireContinues();
  };
  t.equal((await reader.list(PODS, signal)).length, 600);
  double.hold = async () => double.expireContinues();
  await t.rejects(reader.list(PODS, signal), { name: "ApiError", message: /too old/ });
});

t.test("more than the limit is not held, and says so; the next look counts again", async (t) => {
  const { double, reader, signal } = await cluster(t, 100_000);
  pods(double, 600);
  await t.rejects(reader.list(PODS, signal), { name: "TooMuchError" });
  await t.rejects(
    reader.list(NODES, signal),
    { name: "TooMuchError" },
    "all answers of a look count together",
  );
  reader.nextLook();
  t.strictSame(await reader.list(NODES, signal), []);
});

t.test("a refusal has its status and the server's words; what hangs ends with the signal", async (t) => {
  const { double, reader, signal } = await cluster(t);
  double.forbidden.add("nodes");
  await t.rejects(reader.list(NODES, signal), { name: "ApiError", message: /nodes is forbidden/ });
  t.equal(await reader.get({ group: "", version: "v1", plural: "namespaces" }, "none", signal), undefined);
  double.fault = () => ({ do: "hang" });
  await t.rejects(reader.list(PODS, AbortSignal.timeout(20)), { name: "TimeoutError" });
});
