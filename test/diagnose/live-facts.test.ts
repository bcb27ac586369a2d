import { join } from "node:path";
import type { Test } from "tap";
import t from "tap";
import { connectDirectly } from "../../src/cluster/live/direct-reader.ts";
import { DIAGNOSED_KINDS } from "../../src/diagnose/facts.ts";
import { lookLive } from "../../src/diagnose/live/live-facts.ts";
import { ApiServerDouble } from "../support/api-server/api-server.ts";
import { writeKubeConfig } from "../support/api-server/live.ts";

const PATIENCE = 30_000;
/** Long enough for the answers that come, and not for the one that never does. */
const SHORT = 400;

async function cluster(t: Test, bytes = 10_000_000) {
  const double = await ApiServerDouble.start();
  const kubeconfig = join(t.testdir(), "kubeconfig");
  writeKubeConfig(kubeconfig, double.url);
  const reader = await connectDirectly({ kubeconfig, env: {} }, { bytes });
  t.teardown(async () => {
    reader.close();
    await double.stop();
  });
  double.put({ kind: "Namespace", metadata: { name: "kube-system", uid: "the-cluster" } });
  return { double, reader };
}

t.test("every kind but leases, complete", async (t) => {
  const { reader } = await cluster(t);
  const { facts } = await lookLive(reader, { namespace: null, patience: PATIENCE });
  t.strictSame(
    facts.readings.map(({ kind, state }) => [kind, state]),
    DIAGNOSED_KINDS.filter((kind) => kind !== "Lease").map((kind) => [kind, "complete"]),
  );
  t.match(facts, { source: "live", clusterUid: "the-cluster", context: "double", timeIsLeast: false });
});

t.test("forbidden, not served, and what does not answer in time are three things", async (t) => {
  const { double, reader } = await cluster(t);
  double.forbidden.add("volumeattachments");
  double.unserved.add("horizontalpodautoscalers");
  double.fault = ({ kind }) => (kind === "CSINode" ? { do: "hang" } : undefined);
  const { facts } = await lookLive(reader, { namespace: null, patience: SHORT });
  const of = (kind: string) => facts.readings.find((reading) => reading.kind === kind);
  t.match(of("VolumeAttachment"), { state: "unread", why: "forbidden" });
  t.match(of("HorizontalPodAutoscaler"), { state: "absent", why: null });
  t.match(of("CSINode"), { state: "unread", why: "no answer in time" });
  t.match(of("Pod"), { state: "complete" });
});

t.test("what is too much is unread, never cut short in silence", async (t) => {
  const { double, reader } = await cluster(t, 60_000);
  for (let n = 0; n < 300; n += 1)
    double.put({
      kind: "Pod",
      metadata: { name: `pod-${n}`, namespace: "shop" },
      spec: { nodeName: "x".repeat(300) },
    });
  const { facts } = await lookLive(reader, { namespace: null, patience: PATIENCE });
  t.match(
    facts.readings.find(({ kind }) => kind === "Pod"),
    { state: "unread", why: "more than this command reads" },
  );
});

t.test("a list that may be read in one namespace only is read there", async (t) => {
  const { double, reader } = await cluster(t);
  double.put({ kind: "Pod", metadata: { name: "web", namespace: "shop" }, spec: {}, status: {} });
  double.fault = ({ namespace }) => (namespace === "shop" ? undefined : { do: "answer", status: 403 });
  const { facts } = await lookLive(reader, { namespace: "shop", patience: PATIENCE });
  const pods = facts.readings.filter(({ kind }) => kind === "Pod");
  t.strictSame(
    pods.map(({ namespace, state }) => [namespace, state]),
    [
      ["shop", "complete"],
      [null, "unread"],
    ],
  );
  t.equal(facts.objects.Pod.length, 1);
  t.equal(facts.clusterUid, null);
});

t.test("an API server that never answers is an error, not an empty cluster", async (t) => {
  const { double, reader } = await cluster(t);
  double.fault = () => ({ do: "hang" });
  await t.rejects(lookLive(reader, { namespace: null, patience: 50 }), {
    code: "AG_ERR_API_SERVER",
    message: /does not answer \(no answer in time\)/,
  });
});
