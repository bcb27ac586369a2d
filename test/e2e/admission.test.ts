import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import t, { type Test } from "tap";
import { run } from "../cli/run.ts";
import { ROOT } from "../manifests/render.ts";
import { findBinaries } from "./binaries.ts";
import { Cluster, eventually, type Outcome } from "./cluster.ts";
import { autoscaler, callsDuring, claim, namespace, STORAGE, workload } from "./objects.ts";
import { installAndServe, type Server } from "./webhook.ts";

// What a person sees at a shell when the manifests are installed on a real API server.

t.setTimeout(300_000);
const binaries = await findBinaries();
const skip = "skipped" in binaries ? binaries.skipped : false;

let cluster: Cluster;
let server: Server;

t.before(async () => {
  if ("skipped" in binaries) return;
  cluster = await Cluster.start(binaries);
  server = await installAndServe(cluster);
  await cluster.mustApply(STORAGE);
});

t.after(async () => {
  await server?.stop();
  await cluster?.stop();
});

/** A namespace of its own for a test, with claim `data` in it. */
async function withClaim(name: string, mode?: string): Promise<void> {
  await cluster.mustApply([namespace(name, mode), claim(name)]);
}

function denied(t: Test, outcome: Outcome, entry: string, rule: string): void {
  t.equal(outcome.code, 1, "kubectl fails");
  t.match(outcome.stderr, /^(Error from server \(Forbidden\)|error: failed to patch): /m);
  t.match(outcome.stderr, `admission webhook "${entry}" denied the request: `);
  t.match(outcome.stderr, `[${rule}]`);
}

function allowedSilently(t: Test, outcome: Outcome, what: string): void {
  t.equal(outcome.code, 0, `${what}: ${outcome.stderr}`);
  t.equal(outcome.stderr, "", `${what}: no warning`);
}

function warned(t: Test, outcome: Outcome, rule: string): void {
  t.equal(outcome.code, 0, outcome.stderr);
  t.match(outcome.stderr, new RegExp(`^Warning: .*${rule}`, "m"));
}

interface Expected {
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
  readonly verdict: string;
  readonly rules: readonly string[];
}

/** The outcomes that the README of an example documents. */
async function outcomesOf(folder: string): Promise<readonly Expected[]> {
  const readme = await readFile(join(folder, "README.md"), "utf8");
  return [...readme.matchAll(/^- `(\w+) ([^/`]+)\/([^`]+)`: \*\*(\w+)\*\*(.*)$/gm)].map(
    ([, kind = "", namespace = "", name = "", verdict = "", rest = ""]) => ({
      kind,
      namespace,
      name,
      verdict,
      rules: [...rest.matchAll(/`([^`]+)`/g)].map(([, rule = ""]) => rule),
    }),
  );
}

t.test("each example is answered as its README says, dry run and for real", { skip }, async (t) => {
  const examples = join(ROOT, "manifests/examples");
  const folders = (await readdir(examples, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  t.ok(folders.length >= 9);
  for (const { name } of folders) {
    const folder = join(examples, name);
    const expected = (await outcomesOf(folder)).filter(({ kind }) => kind === "Deployment");
    t.not(expected.length, 0, `${name} documents its outcome`);
    // Nothing can be dry-run into a namespace that is not there.
    const standing = (await readdir(folder)).filter((file) => /namespace|storage-class|claim/.test(file));
    for (const file of standing.sort(
      (a, b) => Number(b.includes("namespace")) - Number(a.includes("namespace")),
    )) {
      await cluster.must(["apply", "-f", join(folder, file)]);
    }
    for (const dryRun of [["--dry-run=server"], []]) {
      const outcome = await cluster.kubectl(["apply", "-f", folder, ...dryRun]);
      for (const { verdict, rules, namespace, name: workload } of expected) {
        const found = await cluster.kubectl(["get", "deployment", "-n", namespace, workload]);
        if (verdict === "deny") {
          for (const rule of rules) t.match(outcome.stderr, `[${rule}]`, `${name} ${dryRun}`);
          t.equal(outcome.code, 1, `${name} ${dryRun}`);
        } else {
          allowedSilently(t, outcome, `${name} ${dryRun}`);
        }
        const stored = verdict !== "deny" && dryRun.length === 0;
        t.equal(found.code, stored ? 0 : 1, `${name} ${dryRun}: ${stored ? "stored" : "not stored"}`);
      }
    }
  }
});

t.test("a denial says what, why and how to fix it, and its fix works as printed", { skip }, async (t) => {
  await withClaim("denial");
  const outcome = await cluster.apply([workload("denial")]);
  denied(t, outcome, "volumes.attachguard.dev", "rwo-rolling-update");
  t.match(outcome.stderr, "Deployment denial/web", "which workload");
  t.match(outcome.stderr, "claim data", "which claim");
  t.match(outcome.stderr, "Recreate", "the fix");
  t.match(outcome.stderr, "attachguard explain rwo-rolling-update", "where there is more");
  allowedSilently(t, await cluster.apply([workload("denial", { recreate: true })]), "Recreate");
});

t.test("server-side apply is judged like any other write", { skip }, async (t) => {
  await withClaim("ssa");
  const serverSide = ["--server-side", "--field-manager=e2e"];
  for (const args of [[...serverSide, "--dry-run=server"], serverSide]) {
    denied(t, await cluster.apply([workload("ssa")], args), "volumes.attachguard.dev", "rwo-rolling-update");
    allowedSilently(t, await cluster.apply([workload("ssa", { recreate: true })], args), args.join(" "));
  }
  // Unlike client-side apply, it also asks about an object that has not changed.
  const calls = await callsDuring(cluster, () =>
    cluster.apply([workload("ssa", { recreate: true, image: "registry.example.com/web:2" })], serverSide),
  );
  t.strictSame(calls, { "volumes.attachguard.dev": 1 });
});

t.test("kubectl scale is refused above one, and never below", { skip }, async (t) => {
  await withClaim("scaling");
  await cluster.mustApply([workload("scaling", { recreate: true })]);
  const scale = (replicas: number) =>
    cluster.kubectl(["-n", "scaling", "scale", "deployment/web", `--replicas=${replicas}`]);
  denied(t, await scale(3), "scale.attachguard.dev", "rwo-replicas");
  allowedSilently(t, await scale(0), "to zero");
  allowedSilently(t, await scale(1), "back to one");
  denied(t, await scale(2), "scale.attachguard.dev", "rwo-replicas");
});

t.test("a StatefulSet may not share one claim between two pods", { skip }, async (t) => {
  await withClaim("stateful");
  const kind = "StatefulSet";
  denied(
    t,
    await cluster.apply([workload("stateful", { kind, replicas: 2 })]),
    "statefulsets.attachguard.dev",
    "rwo-replicas",
  );
  allowedSilently(t, await cluster.apply([workload("stateful", { kind })]), "one replica");
  denied(
    t,
    await cluster.kubectl(["-n", "stateful", "scale", "statefulset/web", "--replicas=2"]),
    "scale.attachguard.dev",
    "rwo-replicas",
  );
});

t.test("an autoscaler is judged whichever version it is written in", { skip }, async (t) => {
  await withClaim("autoscaled");
  await cluster.mustApply([workload("autoscaled", { recreate: true })]);
  for (const version of ["v1", "v2"] as const) {
    denied(
      t,
      await cluster.apply([autoscaler("autoscaled", 3, version)]),
      "autoscalers.attachguard.dev",
      "rwo-autoscaling",
    );
  }
  allowedSilently(t, await cluster.apply([autoscaler("autoscaled", 1, "v1")]), "a maximum of one");
  denied(
    t,
    await cluster.apply([autoscaler("autoscaled", 2, "v1")]),
    "autoscalers.attachguard.dev",
    "rwo-autoscaling",
  );
});

t.test("a claim and its Deployment in one apply are judged together in both orders", { skip }, async (t) => {
  await cluster.mustApply([namespace("claim-first"), namespace("claim-last")]);

  const claimFirst = await cluster.apply([claim("claim-first"), workload("claim-first")]);
  denied(t, claimFirst, "volumes.attachguard.dev", "rwo-rolling-update");
  t.match(claimFirst.stdout, "persistentvolumeclaim/data created");

  const claimLast = await cluster.apply([workload("claim-last"), claim("claim-last")]);
  t.match(claimLast.stdout, "deployment.apps/web created");
  t.match(claimLast.stderr, /^Warning: .*claim-unknown/m, "the Deployment: its claim is not there yet");
  denied(t, claimLast, "claims.attachguard.dev", "rwo-rolling-update");
  t.match(claimLast.stderr, "Deployment claim-last/web", "the claim's denial names the workload");
});

t.test("each namespace has the mode that its label says", { skip }, async (t) => {
  for (const mode of ["enforce", "warn", "audit", "off"]) await withClaim(`mode-${mode}`, mode);

  const enforced = await cluster.apply([workload("mode-enforce")]);
  denied(t, enforced, "volumes.attachguard.dev", "rwo-rolling-update");

  warned(t, await cluster.apply([workload("mode-warn")]), "rwo-rolling-update");
  const strict = await cluster.apply(
    [workload("mode-warn", { image: "registry.example.com/web:2" })],
    ["--warnings-as-errors", "--dry-run=server"],
  );
  t.equal(strict.code, 1, "kubectl --warnings-as-errors makes a check of it");

  allowedSilently(t, await cluster.apply([workload("mode-audit")]), "audit");
  const annotations = await eventually("the audit event", async () => {
    const events = await cluster.auditEvents();
    return events.find(
      ({ verb, objectRef }) =>
        verb === "create" && objectRef?.resource === "deployments" && objectRef.namespace === "mode-audit",
    )?.annotations;
  });
  const ours = Object.entries(annotations).filter(([key]) => key.startsWith("volumes.attachguard.dev/"));
  t.match(JSON.stringify(ours), "rwo-rolling-update", "the API server's audit log has the rule");

  const calls = await callsDuring(cluster, async () =>
    allowedSilently(t, await cluster.apply([workload("mode-off")]), "off"),
  );
  t.strictSame(calls, {}, "mode off costs no call");
});

/** A namespace with a Deployment that was there before anybody judged it. */
async function withLatentFinding(name: string): Promise<void> {
  await cluster.mustApply([
    namespace(name, "off"),
    claim(name),
    workload(name, { finalizers: ["e2e.example.com/hold"] }),
  ]);
  await cluster.must(["label", "namespace", name, "attachguard.dev/mode=enforce", "--overwrite"]);
  await eventually("the new label to be seen", async () => {
    const outcome = await cluster.apply([workload(name, {}, "probe")], ["--dry-run=server"]);
    return outcome.code === 1 ? true : undefined;
  });
}

t.test("what was there before keeps every way out, and only its rollout is refused", { skip }, async (t) => {
  await withLatentFinding("latent");
  const kubectl = (...args: readonly string[]) => cluster.kubectl(["-n", "latent", ...args]);

  denied(
    t,
    await kubectl("rollout", "restart", "deployment/web"),
    "volumes.attachguard.dev",
    "rwo-rolling-update",
  );
  t.equal((await kubectl("annotate", "deployment/web", "note=1")).stderr, "", "metadata only");
  t.equal((await kubectl("scale", "deployment/web", "--replicas=0")).code, 0, "to zero");
  t.equal((await kubectl("scale", "deployment/web", "--replicas=1")).code, 0, "and back");

  // No controller writes a status here, so a rollout that is under way is written by hand.
  const status = { status: { observedGeneration: 1, replicas: 2, updatedReplicas: 1, readyReplicas: 1 } };
  await cluster.must([
    ...["-n", "latent", "patch", "deployment", "web", "--subresource=status", "--type=merge"],
    ...["-p", JSON.stringify(status)],
  ]);
  warned(
    t,
    await kubectl("set", "image", "deployment/web", "web=registry.example.com/web:0"),
    "rwo-rolling-update",
  );

  const recreate = { spec: { strategy: { type: "Recreate", rollingUpdate: null } } };
  allowedSilently(
    t,
    await kubectl("patch", "deployment", "web", "--type=merge", "-p", JSON.stringify(recreate)),
    "Recreate",
  );
});

t.test("a Terminating object can lose its finalizers, and deleting asks nobody", { skip }, async (t) => {
  await withLatentFinding("deleting");
  const calls = await callsDuring(cluster, async () => {
    await cluster.must(["-n", "deleting", "delete", "deployment", "web", "--wait=false"]);
    await cluster.must([
      "-n",
      "deleting",
      "patch",
      "deployment",
      "web",
      "--type=merge",
      "-p",
      '{"metadata":{"finalizers":null}}',
    ]);
    await cluster.must(["-n", "deleting", "delete", "pvc", "data", "--wait=false"]);
  });
  t.strictSame(calls, {});
  t.equal((await cluster.kubectl(["-n", "deleting", "get", "deployment", "web"])).code, 1, "it is gone");
});

interface Asked {
  readonly what: string;
  /** The reason is what the name says; the entries that are called. */
  readonly calls: Readonly<Record<string, number>>;
  readonly action: (namespace: string) => Promise<Outcome>;
}

const apply =
  (...objects: readonly ((namespace: string) => object)[]) =>
  (namespace: string) =>
    cluster.apply(objects.map((object) => object(namespace)));

const EMPTY_DIR = { name: "cache", emptyDir: {} };

// Rows build on each other: the namespace starts with claim `data` only.
const ASKED: readonly Asked[] = [
  {
    what: "a Deployment without volumes",
    calls: {},
    action: apply((ns) => workload(ns, { volumes: [] }, "plain")),
  },
  {
    what: "a Deployment with volumes that nobody attaches",
    calls: {},
    action: apply((ns) =>
      workload(
        ns,
        { volumes: [EMPTY_DIR, { name: "settings", configMap: { name: "settings" } }] },
        "scratch",
      ),
    ),
  },
  {
    what: "a Deployment of no replicas",
    calls: {},
    action: apply((ns) => workload(ns, { replicas: 0 }, "idle")),
  },
  {
    what: "a Deployment with a disk in its template",
    calls: { "volumes.attachguard.dev": 1 },
    action: apply((ns) =>
      workload(
        ns,
        {
          recreate: true,
          volumes: [
            {
              name: "disk",
              iscsi: { targetPortal: "10.0.0.1", iqn: "iqn.2026-01.com.example:disk", lun: 0 },
            },
          ],
        },
        "inline",
      ),
    ),
  },
  {
    what: "a Deployment with a claim",
    calls: { "volumes.attachguard.dev": 1 },
    action: apply((ns) => workload(ns, { recreate: true })),
  },
  {
    what: "the same again",
    calls: {},
    action: apply((ns) => workload(ns, { recreate: true })),
  },
  {
    what: "a label on it",
    calls: {},
    action: (ns) => cluster.kubectl(["-n", ns, "label", "deployment/web", "team=storage"]),
  },
  {
    what: "its status",
    calls: {},
    action: (ns) =>
      cluster.kubectl([
        "-n",
        ns,
        "patch",
        "deployment",
        "web",
        "--subresource=status",
        "--type=merge",
        "-p",
        '{"status":{"observedGeneration":1}}',
      ]),
  },
  {
    what: "a new image",
    calls: { "volumes.attachguard.dev": 1 },
    action: (ns) =>
      cluster.kubectl(["-n", ns, "set", "image", "deployment/web", "web=registry.example.com/web:2"]),
  },
  {
    what: "a scale to what it is",
    calls: {},
    action: (ns) => cluster.kubectl(["-n", ns, "scale", "deployment/web", "--replicas=1"]),
  },
  {
    what: "a scale down",
    calls: {},
    action: (ns) => cluster.kubectl(["-n", ns, "scale", "deployment/web", "--replicas=0"]),
  },
  {
    what: "a scale up from nothing",
    calls: { "scale.attachguard.dev": 1 },
    action: (ns) => cluster.kubectl(["-n", ns, "scale", "deployment/web", "--replicas=1"]),
  },
  {
    what: "an autoscaler that may not scale",
    calls: {},
    action: apply((ns) => autoscaler(ns, 1, "v1")),
  },
  {
    what: "a StatefulSet with a claim of its own for each pod",
    calls: {},
    action: apply((ns) => ({
      ...workload(ns, { kind: "StatefulSet", volumes: [] }, "sharded"),
    })),
  },
  {
    what: "a StatefulSet that names a claim",
    calls: { "statefulsets.attachguard.dev": 1 },
    action: (ns) =>
      cluster.apply([workload(ns, { kind: "StatefulSet", recreate: false }, "single")], ["--dry-run=server"]),
  },
  {
    what: "a claim",
    calls: { "claims.attachguard.dev": 1 },
    action: apply((ns) => claim(ns, "more")),
  },
  {
    what: "a change of a claim, as the volume binder makes it",
    calls: {},
    action: (ns) =>
      cluster.kubectl(["-n", ns, "annotate", "pvc", "more", "pv.kubernetes.io/bind-completed=yes"]),
  },
  {
    what: "kinds that are none of its business",
    calls: {},
    action: (ns) => cluster.kubectl(["-n", ns, "create", "configmap", "settings", "--from-literal=a=b"]),
  },
];

t.test("the API server asks only where something is at stake", { skip }, async (t) => {
  await withClaim("asked");
  for (const { what, calls, action } of ASKED) {
    const made = await callsDuring(cluster, async () => {
      const outcome = await action("asked");
      t.equal(outcome.code, 0, `${what}: ${outcome.stderr}`);
    });
    t.strictSame(made, calls, what);
  }
});

t.test("kube-system and its own namespace are never asked about", { skip }, async (t) => {
  for (const name of ["kube-system", "attachguard-system"]) {
    const calls = await callsDuring(cluster, () => cluster.mustApply([claim(name), workload(name)]));
    t.strictSame(calls, {}, name);
  }
});

t.test("both logs say alike what enforce denies, and to whom", { skip }, async (t) => {
  const keysIn = async (file: string, stdin = "") => {
    const { code, out } = await run(["audit", "--from-log", file, "--format", "json"], { stdin });
    t.equal(code, 1);
    const { fromLog } = JSON.parse(out);
    t.ok(fromLog.requests > 20);
    t.ok(fromLog.dryRuns > 0);
    t.strictSame(
      fromLog.keys.filter(({ possibly }: { possibly: number }) => possibly > 0),
      [],
    );
    return fromLog.keys
      .map(
        ({ rule, kind, namespace, name }: Record<string, string>) => `${rule} ${kind} ${namespace}/${name}`,
      )
      .sort();
  };
  const byAuditLog = await keysIn(join(cluster.folder, "audit.log"));
  const byServer = await keysIn("-", server.lines.map((line) => JSON.stringify(line)).join("\n"));
  t.ok(byAuditLog.length > 5);
  t.strictSame(byAuditLog, byServer);
});

t.test("everything the server wrote was JSON, and nothing failed on the way", { skip }, async (t) => {
  t.strictSame(await cluster.failedOpen(), new Map(), "no call failed");
  // Levels of 40 and above are warnings, errors and faults.
  const bad = server.lines.filter((line) => (line as { level: number }).level >= 40);
  t.strictSame(bad, []);
});

// The server and the control plane keep the process alive until the end of the suite has stopped them.
t.end();
