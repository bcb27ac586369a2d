/**
 * The webhook beside Gatekeeper with a simpler policy (gatekeeper.yaml), both over TLS with the objects of one real
 * kube-apiserver, in turns, with 16 connections. Gatekeeper runs twice: with all cores, and with one, as the webhook
 * does. A round in which one answer is not what it should be fails the run.
 *
 * GATEKEEPER names a folder with its `manager` and the `gatekeeper.yaml` of the same release, KUBEBUILDER_ASSETS one
 * with kube-apiserver, etcd and kubectl. BENCH_SIZE=full takes 2,000 Deployments and all that belongs to them instead
 * of 200, and more rounds; KEEP=1 leaves the logs.
 */
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { findBinaries } from "../test/e2e/binaries.ts";
import { Cluster, eventually, freePort } from "../test/e2e/cluster.ts";
import { parseManifests } from "../test/manifests/render.ts";
import { countOf, GENERATED, namespaceOf } from "./cluster-objects.ts";
import type { RoundResult } from "./load.ts";
import { type Bench, computedBy, logged, memoryOf, type Pair, pair, run, serve, start } from "./processes.ts";
import { report } from "./ratios.ts";

const FULL = process.env.BENCH_SIZE === "full";
const SCALE = FULL ? 0.1 : 0.01;
const NODES = FULL ? 200 : 50;
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? (FULL ? 10 : 7));
const ROUND = { connections: 16, count: FULL ? 2_000 : 1_000 };
/** Rounds that are not counted. */
const WARMING = 4;
/** How many objects are written at a time. */
const AT_A_TIME = 32;

interface Contestant {
  readonly name: string;
  readonly child: ChildProcess;
  readonly port: number;
  readonly path?: string;
}

interface Measured extends RoundResult {
  /** Microseconds of processor time. */
  readonly perReview: number;
}

/**
 * Writes the generated objects into etcd as they are. Through the API they would get uids of their own and lose their
 * status, and a scaling in the mix would be of another Deployment than the one that the cluster has.
 */
async function fill(etcd: string): Promise<number> {
  const prefixes: Readonly<Record<string, string>> = { nodes: "minions" };
  const puts = GENERATED.flatMap((kind) =>
    Array.from({ length: countOf(kind, SCALE, NODES) }, (_, at) => {
      const object: Record<string, unknown> = {
        kind: kind.kind,
        apiVersion: kind.apiVersion,
        ...kind.make(at),
      };
      const { namespace = "", name } = object.metadata as { namespace?: string; name: string };
      return { key: join("/registry", prefixes[kind.plural] ?? kind.plural, namespace, name), object };
    }),
  );
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  for (let from = 0; from < puts.length; from += AT_A_TIME) {
    const answers = puts.slice(from, from + AT_A_TIME).map(async ({ key, object }) => {
      const body = JSON.stringify({ key: base64(key), value: base64(JSON.stringify(object)) });
      const answer = await fetch(`${etcd}/v3/kv/put`, { method: "POST", body });
      if (!answer.ok) throw new Error(`etcd refuses ${key}: ${await answer.text()}`);
      await answer.arrayBuffer();
    });
    await Promise.all(answers);
  }
  return puts.length;
}

function namespaces(deployments: number): readonly object[] {
  const names = new Set(Array.from({ length: deployments }, (_, at) => namespaceOf(at)));
  return [...names].map((name) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } }));
}

/** What its controllers need before it starts; the constraint of gatekeeper.yaml has to wait for them. */
async function install(cluster: Cluster, folder: string): Promise<void> {
  const kinds = new Set(["Namespace", "CustomResourceDefinition"]);
  const manifests = parseManifests(readFileSync(join(folder, "gatekeeper.yaml"), "utf8"));
  // Not by `apply`: its annotation would be larger than annotations may be.
  for (const manifest of manifests.filter(({ kind }) => kinds.has(kind)))
    await cluster.must(["create", "-f", "-"], JSON.stringify(manifest));
}

/** As its Deployments start it, in one process: the controllers that make a constraint's kind run elsewhere there. */
async function startGatekeeper(
  bench: Bench,
  { folder, tls, kubeconfig }: { readonly folder: string; readonly tls: Pair; readonly kubeconfig: string },
  name: string,
  env: NodeJS.ProcessEnv = {},
): Promise<Contestant> {
  const [port, health, prometheus] = [await freePort(), await freePort(), await freePort()];
  const operations = ["webhook", "generate"].map((operation) => `--operation=${operation}`);
  const args = [
    ...operations,
    // Its controllers would look for the Pod that they run in.
    "--debug-use-fake-pod",
    ...["--disable-cert-rotation", "--disable-opa-builtin={http.send}", `--cert-dir=${tls.folder}`],
    ...["--host=127.0.0.1", `--port=${port}`, `--health-addr=127.0.0.1:${health}`],
    ...[`--prometheus-port=${prometheus}`, `--kubeconfig=${kubeconfig}`],
  ];
  const all = { ...process.env, POD_NAMESPACE: "gatekeeper-system", ...env };
  const { child, log } = logged(bench, name, join(folder, "manager"), args, all);
  await eventually(`${name} to be ready (${log})`, async () => {
    const answer = await fetch(`http://127.0.0.1:${health}/readyz`).catch(() => undefined);
    return answer?.ok ? true : undefined;
  });
  return { name, child, port, path: "/v1/admit" };
}

async function measure(load: ChildProcess, { child, port, path }: Contestant): Promise<Measured> {
  const before = computedBy(child);
  const result = await run(load, { ...ROUND, port, ...(path !== undefined && { path }) });
  return { ...result, perReview: (computedBy(child) - before) / ROUND.count };
}

/** All of them in turns; the first is the one that the others are compared with. */
async function compare(load: ChildProcess, contestants: readonly Contestant[]): Promise<void> {
  const rounds = new Map<string, Measured[]>(contestants.map(({ name }) => [name, []]));
  for (let round = -WARMING; round < ROUNDS; round += 1) {
    for (const contestant of contestants) {
      const measured = await measure(load, contestant);
      const { name } = contestant;
      if (measured.wrong > 0)
        throw new Error(`${name}: ${measured.wrong} of ${ROUND.count} answers are not what they should be`);
      if (round >= 0) rounds.get(name)?.push(measured);
    }
  }
  const of = (name: string, value: (round: Measured) => number) => (rounds.get(name) ?? []).map(value);
  const [own, ...others] = contestants.map(({ name }) => name);
  for (const other of others) {
    const against = (value: (round: Measured) => number) => {
      const theirs = of(other, value);
      return of(own ?? "", value).map((mine, at) => mine / (theirs[at] ?? Number.NaN));
    };
    report(
      `throughput / ${other}`,
      against((round) => round.perSecond),
    );
    report(
      `p99 / ${other}`,
      against((round) => round.p99),
    );
    report(
      `processor time / ${other}`,
      against((round) => round.perReview),
    );
  }
  for (const { name, child } of contestants) {
    report(
      `${name}: reviews a second`,
      of(name, (round) => round.perSecond),
    );
    report(
      `${name}: p99 (ms)`,
      of(name, (round) => round.p99),
    );
    report(
      `${name}: processor time a review (µs)`,
      of(name, (round) => round.perReview),
    );
    report(`${name}: memory (MiB)`, [memoryOf(child)]);
  }
}

const folder = process.env.GATEKEEPER;
const binaries = await findBinaries();
if (folder === undefined) {
  console.log("skipped: GATEKEEPER does not name a folder with Gatekeeper's manager and gatekeeper.yaml");
} else if ("skipped" in binaries) {
  console.log(`skipped: ${binaries.skipped}`);
} else {
  const bench: Bench = { folder: mkdtempSync(join(tmpdir(), "attachguard-bench-")), children: [] };
  const cluster = await Cluster.start(binaries);
  try {
    const { kubeconfig } = cluster;
    const deployments = Math.round(20_000 * SCALE);
    await cluster.mustApply(namespaces(deployments));
    const objects = await fill(cluster.etcd);
    await install(cluster, folder);

    const tls = await pair(bench);
    const load = start(bench, "load.ts", [tls.ca, String(deployments)]);
    const ours = await serve(bench, "attachguard", tls, ["--kubeconfig", kubeconfig]);
    const common = { folder, tls, kubeconfig };
    const gatekeeper = await startGatekeeper(bench, common, "Gatekeeper");
    const policy = parseManifests(readFileSync(join(import.meta.dirname, "gatekeeper.yaml"), "utf8"));
    await eventually("the constraint to be accepted", async () =>
      (await cluster.apply(policy)).code === 0 ? true : undefined,
    );
    const single = await startGatekeeper(bench, common, "Gatekeeper, one core", { GOMAXPROCS: "1" });
    for (const contestant of [gatekeeper, single]) {
      await eventually(`${contestant.name} to know its policy and its objects`, async () =>
        (await measure(load, contestant)).wrong === 0 ? true : undefined,
      );
    }

    console.log(`${objects} objects, ${availableParallelism()} cores, Node ${process.version}`);
    await compare(load, [{ ...ours, name: "attachguard" }, gatekeeper, single]);
  } finally {
    for (const child of bench.children) child.kill("SIGKILL");
    await cluster.stop();
    if (process.env.KEEP) console.log(bench.folder);
    else rmSync(bench.folder, { recursive: true, force: true });
  }
}
