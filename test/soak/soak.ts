/**
 * The live view under random faults, for SOAK_SECONDS (300): every few seconds the faults stop, the picture must become
 * the server's truth, and they begin again. SOAK_SEED repeats a run's faults, though not its timing.
 */
import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import type { ApiServerDouble, Fault } from "../support/api-server/api-server.ts";
import { createAuthority } from "../support/api-server/certificates.ts";
import { agrees, live } from "../support/api-server/live.ts";
import {
  autoscaler,
  claim,
  deployment,
  job,
  node,
  statefulSet,
  storageClass,
  volume,
} from "../support/objects.ts";

const SECONDS = Number(process.env.SOAK_SECONDS ?? 300);
const SEED = Number(process.env.SOAK_SEED ?? Date.now() % 1_000_000);

/** Numbers from 0 up to 1 that the seed decides (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const random = randomFrom(SEED);
const below = (limit: number): number => Math.floor(random() * limit);
const oneOf = <T>(values: readonly T[]): T => values[below(values.length)] as T;

/** More than the versions that one life of the server gives out. */
const BAND = 1_000_000;

const KINDS = [
  "Deployment",
  "StatefulSet",
  "Job",
  "PersistentVolumeClaim",
  "PersistentVolume",
  "Node",
] as const;
const PLURALS = ["deployments", "persistentvolumeclaims", "horizontalpodautoscalers", "nodes"] as const;

function change(double: ApiServerDouble): void {
  const name = `x-${below(400)}`;
  const put = [
    () => double.put(deployment({ name, claims: [`x-${below(400)}`], workload: { replicas: below(5) } })),
    () => double.put(statefulSet({ name, claims: [`x-${below(400)}`] })),
    () => double.put(job({ name })),
    () => double.put(claim({ name, spec: { volumeName: `x-${below(400)}` } })),
    () => double.put(volume({ name, modes: [oneOf(["ReadWriteOnce", "ReadWriteMany"])] })),
    () => double.put(autoscaler({ name, target: name, max: 1 + below(9) })),
    () => double.put(node(name, { zone: String(below(3)) })),
    () => double.put(storageClass),
  ];
  if (random() < 0.7) {
    oneOf(put)();
    return;
  }
  const objects = double.objects(oneOf(KINDS));
  if (objects.length === 0) return;
  const { kind, metadata } = oneOf(objects);
  double.remove(kind, metadata.namespace ?? "", metadata.name);
}

function randomFault(): Fault | undefined {
  const faults: readonly (Fault | undefined)[] = [
    { do: "answer", status: 500 },
    { do: "answer", status: 503, body: "<html>" },
    { do: "answer", status: 429 },
    { do: "answer", status: 200, body: "" },
    { do: "answer", status: 401 },
    { do: "answer", status: 410 },
    { do: "hang" },
    { do: "cut", afterBytes: below(3_000) },
    { do: "dribble", bytes: 1 + below(500) },
  ];
  return oneOf(faults);
}

t.setTimeout((SECONDS + 60) * 1000);

t.test(`the picture survives ${SECONDS} s of random faults (seed ${SEED})`, async (t) => {
  const authority = await createAuthority();
  const it = await live(t, {
    authority,
    fill: (double) => {
      for (let i = 0; i < 1_000; i++) change(double);
    },
    double: { bookmarkEveryMs: 100, firstVersion: 1_000 * BAND },
    timings: { pageSize: 25, silenceMs: 400, responseMs: 300, backoffMs: [2, 200], watchSeconds: [1, 3] },
  });
  const { double, cluster } = it;
  const outage = async (options: { firstVersion?: number }) => {
    await double.stop();
    for (let i = below(50); i > 0; i--) change(double);
    await sleep(below(200));
    await double.restart(options);
  };
  // No version is ever given out twice: a server that does that, and has overtaken us when we come back, cannot be
  // told from one that went on (client-go cannot either; restoring etcd with --bump-revision prevents it).
  let highest = 1_000 * BAND;
  let lowest = highest;
  const events: Readonly<Record<string, () => unknown>> = {
    cut: () => double.cut(random() < 0.5 ? undefined : oneOf(KINDS)),
    freeze: () => double.freeze(random() < 0.5 ? undefined : oneOf(KINDS)),
    end: () => double.endWatches(),
    compact: () => double.compact(),
    expire: () => double.expireContinues(),
    "half an event": () => {
      double.write("Deployment", '{"type":"MODIFIED","object":{"kind":"Depl');
      double.cut("Deployment");
    },
    garbage: () => double.write(oneOf(KINDS), "}{\n"),
    "errors on many requests": () => {
      const often = random();
      double.fault = () => (random() < often ? randomFault() : undefined);
    },
    "errors on no request": () => {
      double.fault = () => undefined;
    },
    forbid: () => double.forbidden.add(oneOf(PLURALS)),
    unserve: () => double.unserved.add(oneOf(PLURALS)),
    permit: () => {
      double.forbidden.clear();
      double.unserved.clear();
    },
    expiry: () => {
      double.expiry = oneOf(["status", "event"] as const);
    },
    certificate: async () => double.useCertificate(await authority.issue()),
    restart: () => outage({}),
    "restart with higher versions": () => {
      highest += BAND;
      return outage({ firstVersion: highest });
    },
    "restart with lower versions": () => {
      lowest -= BAND;
      return outage({ firstVersion: lowest });
    },
    burst: () => {
      for (let i = 0; i < 500; i++) change(double);
    },
  };

  const counts = new Map<string, number>();
  const end = Date.now() + SECONDS * 1000;
  let checks = 0;
  while (Date.now() < end) {
    const pause = Date.now() + 3_000;
    while (Date.now() < pause) {
      const name = oneOf(Object.keys(events));
      counts.set(name, (counts.get(name) ?? 0) + 1);
      await events[name]?.();
      for (let i = below(20); i > 0; i--) change(double);
      await sleep(below(60));
    }
    double.fault = () => undefined;
    double.forbidden.clear();
    double.unserved.clear();
    await agrees(t, it);
    checks += 1;
  }
  t.comment(
    `${checks} comparisons, ${double.requests.length} requests; ${[...counts].map((entry) => entry.join(" ")).join(", ")}`,
  );
  while (!cluster.status().every(({ state, problem }) => state === "synced" && problem === undefined))
    await sleep(10);
  await cluster.close();
  await double.until(() => double.connections === 0);
  t.pass("nothing is left open");
});
