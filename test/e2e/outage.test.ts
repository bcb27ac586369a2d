import t from "tap";
import { ROOT } from "../manifests/render.ts";
import { findBinaries } from "./binaries.ts";
import { Cluster, eventually, type Outcome } from "./cluster.ts";
import { asController, autoscaler, callsDuring, claim, namespace, STORAGE, workload } from "./objects.ts";
import { installAndServe, pointAt, type Server } from "./webhook.ts";

// What a cluster feels when nobody answers: nothing by default, and with fail-closed only where it must.

t.setTimeout(300_000);
const binaries = await findBinaries();
const skip = "skipped" in binaries ? binaries.skipped : false;

let cluster: Cluster;
let server: Server;

t.before(async () => {
  if ("skipped" in binaries) return;
  cluster = await Cluster.start(binaries);
  server = await installAndServe(cluster);
  await cluster.mustApply([
    ...STORAGE,
    namespace("shop"),
    claim("shop"),
    workload("shop", { recreate: true }),
  ]);
});

t.after(async () => {
  await server?.stop();
  await cluster?.stop();
});

t.test("when the API server is restarted the server is in sync again within seconds", { skip }, async (t) => {
  for (const downMs of [0, 12_000]) {
    await cluster.restartApiServer(downMs);
    const begun = Date.now();
    await eventually("every kind to be in sync", async () =>
      (await server.readiness()).problems.length === 0 ? true : undefined,
    );
    t.ok(Date.now() - begun < 45_000, `down for ${downMs} ms: no kind waits as one that was never seen`);
    const outcome = await cluster.apply([workload("shop", {}, "judged")], ["--dry-run=server"]);
    t.not(outcome.code, 0, "and judges by what is there");
    t.match(outcome.stderr, "[rwo-rolling-update]");
  }
  const refused = server.lines.filter((line) => (line as { state?: string }).state === "refused");
  t.strictSame(refused, [], "a starting API server's 403 is not the last word");
  const errors = server.lines.filter((line) => ((line as { level?: number }).level ?? 0) >= 50);
  t.strictSame(errors, [], "and nothing of it is an error");
});

t.test("the server ends with 0 when it is told to", { skip }, async (t) => {
  t.equal(await server.stop(), 0);
});

t.test("without a server every request passes, and the API server counts them", { skip }, async (t) => {
  const before = (await cluster.failedOpen()).get("volumes.attachguard.dev") ?? 0;
  const outcome = await cluster.apply([workload("shop", {}, "unjudged")]);
  t.equal(outcome.code, 0, outcome.stderr);
  t.equal((await cluster.failedOpen()).get("volumes.attachguard.dev"), before + 1);
});

t.test("fail-closed refuses what nobody judged, and says who did not answer", { skip }, async (t) => {
  await cluster.must(["apply", "-k", `${ROOT}manifests/overlays/fail-closed`]);
  await pointAt(cluster, server.port);
  const outcome = await eventually("the API server to take up the policy", async () => {
    const outcome = await cluster.apply([workload("shop", {}, "refused")], ["--dry-run=server"]);
    return outcome.code === 0 ? undefined : outcome;
  });
  t.match(outcome.stderr, 'failed calling webhook "volumes.attachguard.dev"');
  t.match(outcome.stderr, "/validate", "the address is in the message");
});

interface Row {
  readonly what: string;
  /** The entry that fails, where it does. */
  readonly refusedBy: string | undefined;
  readonly reason: string;
  readonly action: () => Promise<Outcome>;
}

const scale = (replicas: number, ...identity: readonly string[]) =>
  cluster.kubectl(["-n", "shop", "scale", "deployment/web", `--replicas=${replicas}`, ...identity]);

const ROWS: readonly Row[] = [
  {
    what: "a Deployment without a claim",
    refusedBy: undefined,
    reason: "its conditions say that nothing is at stake",
    action: () => cluster.apply([workload("shop", { volumes: [] }, "plain")]),
  },
  {
    what: "a Deployment with a claim",
    refusedBy: "volumes.attachguard.dev",
    reason: "it cannot be judged",
    action: () => cluster.apply([workload("shop", {}, "disk")]),
  },
  {
    what: "a StatefulSet with a claim",
    refusedBy: "statefulsets.attachguard.dev",
    reason: "it cannot be judged",
    action: () => cluster.apply([workload("shop", { kind: "StatefulSet" }, "disk")]),
  },
  {
    what: "scaling to zero",
    refusedBy: undefined,
    reason: "a way out must not depend on us",
    action: () => scale(0),
  },
  {
    what: "a person who scales up",
    refusedBy: "scale.attachguard.dev",
    reason: "it cannot be judged",
    action: () => scale(1),
  },
  {
    what: "the autoscaler that scales up",
    refusedBy: undefined,
    reason: "an outage must not become one of the control plane",
    action: () => scale(1, ...asController("horizontal-pod-autoscaler")),
  },
  {
    what: "an autoscaler that a person makes",
    refusedBy: "autoscalers.attachguard.dev",
    reason: "it cannot be judged",
    action: () => cluster.apply([autoscaler("shop", 3)]),
  },
  {
    what: "a claim that a person makes",
    refusedBy: "claims.attachguard.dev",
    reason: "it cannot be judged",
    action: () => cluster.apply([claim("shop", "more")]),
  },
  {
    what: "a claim that the StatefulSet controller makes",
    refusedBy: undefined,
    reason: "an outage must not become one of the control plane",
    action: () =>
      cluster.kubectl(
        ["apply", "-f", "-", ...asController("statefulset-controller")],
        JSON.stringify(claim("shop", "data-db-0")),
      ),
  },
  {
    what: "a claim of a generic ephemeral volume",
    refusedBy: undefined,
    reason: "an outage must not become one of the control plane",
    action: () =>
      cluster.kubectl(
        ["apply", "-f", "-", ...asController("ephemeral-volume-controller")],
        JSON.stringify(claim("shop", "scratch-pod-0")),
      ),
  },
  {
    what: "an annotation",
    refusedBy: undefined,
    reason: "nothing is at stake",
    action: () => cluster.kubectl(["-n", "shop", "annotate", "deployment/web", "note=1"]),
  },
  {
    what: "a deletion",
    refusedBy: undefined,
    reason: "DELETE is not registered",
    action: () => cluster.kubectl(["-n", "shop", "delete", "deployment", "web", "--wait=false"]),
  },
  {
    what: "a Deployment in attachguard-system",
    refusedBy: undefined,
    reason: "or the servers could not come back",
    action: () => cluster.apply([workload("attachguard-system")]),
  },
];

t.test("fail-closed keeps open what has to stay open", { skip }, async (t) => {
  for (const { what, refusedBy, reason, action } of ROWS) {
    const { code, stderr } = await action();
    t.equal(code, refusedBy === undefined ? 0 : 1, `${what}: ${reason} (${stderr})`);
    if (refusedBy !== undefined) t.match(stderr, `failed calling webhook "${refusedBy}"`, what);
  }
});

t.test("switching the webhook off is one command", { skip }, async (t) => {
  await cluster.must(["delete", "validatingwebhookconfiguration", "attachguard"]);
  await eventually("the API server to forget it", async () =>
    (await cluster.apply([workload("shop", {}, "free")], ["--dry-run=server"])).code === 0 ? true : undefined,
  );
  t.strictSame(await callsDuring(cluster, () => cluster.mustApply([workload("shop", {}, "free")])), {});
});

// The control plane keeps the process alive until the end of the suite has stopped it.
t.end();
