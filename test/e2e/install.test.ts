import { mkdir, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import t from "tap";
import { OVERLAYS, ROOT, render, type Webhook } from "../manifests/render.ts";
import { findBinaries } from "./binaries.ts";
import { as, Cluster, eventually } from "./cluster.ts";
import { namespace, STORAGE } from "./objects.ts";
import { configFile, install, NAMESPACE, pointAt, reached, Server } from "./webhook.ts";

// What the manifests do on a real API server, and whether the rights in them are enough and no more.

t.setTimeout(300_000);
const binaries = await findBinaries();
const skip = "skipped" in binaries ? binaries.skipped : false;

let cluster: Cluster;

t.before(async () => {
  if ("skipped" in binaries) return;
  cluster = await Cluster.start(binaries);
  await install(cluster);
  await cluster.mustApply([...STORAGE, namespace("shop")]);
});

t.after(async () => {
  await cluster?.stop();
});

/** A definition that takes anything: the operators' own are not ours to test, that the kinds exist is enough. */
function definition(group: string, kind: string, plural: string, version = "v1"): object {
  const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      names: { kind, plural },
      scope: "Namespaced",
      versions: [{ name: version, served: true, storage: true, schema }],
    },
  };
}

const FOREIGN_KINDS = [
  definition("cert-manager.io", "Certificate", "certificates"),
  definition("cert-manager.io", "Issuer", "issuers"),
  definition("monitoring.coreos.com", "ServiceMonitor", "servicemonitors"),
  definition("monitoring.coreos.com", "PrometheusRule", "prometheusrules"),
];

t.test("the API server takes every overlay under strict validation", { skip }, async (t) => {
  await cluster.mustApply(FOREIGN_KINDS);
  await cluster.must(["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"]);
  for (const path of ["base", ...OVERLAYS.map((name) => `overlays/${name}`)]) {
    for (const how of [["--server-side", "--force-conflicts"], []]) {
      const args = [...how, "--dry-run=server", "--validate=strict", "-k", `${ROOT}manifests/${path}`];
      const { code, stdout, stderr } = await cluster.kubectl(["apply", ...args]);
      t.equal(code, 0, `${path} ${how}: ${stderr}`);
      // kubectl itself remarks on objects that were applied from the client side before.
      const warnings = stderr
        .split("\n")
        .filter((line) => line !== "" && !line.includes("failed to migrate"));
      t.strictSame(warnings, [], `${path} ${how}`);
      t.equal(stdout.trim().split("\n").length, render(`manifests/${path}`).length, `${path} ${how}`);
    }
  }
});

interface Right {
  readonly allowed: boolean;
  readonly verb: string;
  readonly resource: string;
  readonly args: readonly string[];
}

const ours = ["-n", NAMESPACE];
const RIGHTS: readonly Right[] = [
  ...[
    ...[
      "namespaces",
      "nodes",
      "persistentvolumes",
      "storageclasses.storage.k8s.io",
      "csidrivers.storage.k8s.io",
    ],
    ...["persistentvolumeclaims", "deployments.apps", "statefulsets.apps", "daemonsets.apps"],
    ...["jobs.batch", "cronjobs.batch", "horizontalpodautoscalers.autoscaling"],
  ].flatMap((resource) => [
    { allowed: true, verb: "list", resource, args: ["-A"] },
    { allowed: true, verb: "watch", resource, args: ["-A"] },
    { allowed: false, verb: "update", resource, args: ["-A"] },
    { allowed: false, verb: "delete", resource, args: ["-A"] },
  ]),
  { allowed: false, verb: "list", resource: "pods", args: ["-A"] },
  { allowed: false, verb: "list", resource: "secrets", args: ["-A"] },
  { allowed: false, verb: "list", resource: "secrets", args: ours },
  { allowed: false, verb: "create", resource: "secrets", args: ours },
  { allowed: true, verb: "get", resource: "secrets/attachguard-tls", args: ours },
  { allowed: true, verb: "update", resource: "secrets/attachguard-tls", args: ours },
  { allowed: false, verb: "delete", resource: "secrets/attachguard-tls", args: ours },
  { allowed: false, verb: "get", resource: "secrets/other", args: ours },
  { allowed: false, verb: "get", resource: "secrets/attachguard-tls", args: ["-n", "default"] },
  { allowed: true, verb: "update", resource: "validatingwebhookconfigurations/attachguard", args: [] },
  { allowed: false, verb: "delete", resource: "validatingwebhookconfigurations/attachguard", args: [] },
  { allowed: false, verb: "get", resource: "validatingwebhookconfigurations/other", args: [] },
  { allowed: false, verb: "create", resource: "serviceaccounts/token", args: ours },
  { allowed: false, verb: "impersonate", resource: "users", args: [] },
];

t.test("the service account may do what the servers need and no more", { skip }, async (t) => {
  const identity = as({ user: `system:serviceaccount:${NAMESPACE}:attachguard` });
  for (const { allowed, verb, resource, args } of RIGHTS) {
    const { stdout } = await cluster.kubectl(["auth", "can-i", verb, resource, ...args, ...identity]);
    t.equal(stdout.trim(), allowed ? "yes" : "no", `${verb} ${resource} ${args.join(" ")}`);
  }
});

interface SecretData {
  readonly data?: Readonly<Record<string, string>>;
}

async function caBundles(): Promise<readonly (string | undefined)[]> {
  const { webhooks } = await cluster.get<{ webhooks: readonly Webhook[] }>(
    "validatingwebhookconfiguration",
    "attachguard",
  );
  return webhooks.map(({ clientConfig }) => clientConfig.caBundle);
}

t.test(
  "two servers that start at once agree on one CA, and the API server trusts it",
  { skip },
  async (t) => {
    const kubeconfig = await cluster.kubeconfigOf(NAMESPACE, "attachguard");
    const args = ["--config", await configFile(cluster), "--kubeconfig", kubeconfig];
    const servers = await Promise.all([Server.start(args), Server.start(args)]);
    t.teardown(() => Promise.all(servers.map((server) => server.stop())));
    for (const server of servers) {
      await server.ready();
      t.strictSame(await server.readiness(), { status: 200, problems: [] }, "it sees every kind");
    }
    const bundles = await caBundles();
    t.ok(bundles[0], "caBundle is filled in");
    for (const bundle of bundles) t.equal(bundle, bundles[0], "the same for every entry");

    for (const { port } of servers) {
      await pointAt(cluster, port);
      await t.resolves(reached(cluster), "the API server calls it by the Service's name");
    }

    const secret = await cluster.get<SecretData>("secret", "attachguard-tls", ...ours);
    t.ok(Object.keys(secret.data ?? {}).length > 0, "the CA is in the Secret");

    // What a person does to upgrade, and a GitOps controller all the time.
    await cluster.must(["apply", "-k", `${ROOT}manifests/base`]);
    t.strictSame(await caBundles(), bundles, "applying the base again leaves caBundle");
    t.strictSame(
      (await cluster.get<SecretData>("secret", "attachguard-tls", ...ours)).data,
      secret.data,
      "and the Secret",
    );
  },
);

t.test("uninstalling leaves nothing behind", { skip }, async (t) => {
  await cluster.must(["delete", "-k", `${ROOT}manifests/base`, "--wait=false"]);
  await eventually("everything outside the namespace to go", async () => {
    const left = await cluster.must([
      ...["get", "clusterroles,clusterrolebindings,validatingwebhookconfigurations"],
      ...["-l", "app.kubernetes.io/part-of=attachguard", "-o", "name"],
    ]);
    return left === "" ? true : undefined;
  });
  t.pass("gone");
});

const ELSEWHERE = "storage-guard";

t.test("an overlay of five lines installs it into another namespace", { skip }, async (t) => {
  const overlay = join(cluster.folder, "overlay");
  await mkdir(overlay);
  const lines = [
    `resources: [${relative(overlay, `${ROOT}manifests/base`)}]`,
    `namespace: ${ELSEWHERE}`,
    "images:",
    "  - name: attachguard",
    "    newName: registry.example.com/attachguard",
  ];
  await writeFile(join(overlay, "kustomization.yaml"), `${lines.join("\n")}\n`);
  await cluster.must(["apply", "-k", overlay]);
  const there = ["-n", ELSEWHERE];
  const patch = { spec: { type: "ExternalName", externalName: "localhost" } };
  await cluster.must([...there, "patch", "service", "attachguard", "-p", JSON.stringify(patch)]);
  const kubeconfig = await cluster.kubeconfigOf(ELSEWHERE, "attachguard");
  const server = await Server.start(["--config", await configFile(cluster), "--kubeconfig", kubeconfig], {
    POD_NAMESPACE: ELSEWHERE,
  });
  t.teardown(() => server.stop());
  await server.ready();
  await eventually("the CA to be written", async () =>
    (await caBundles()).every(Boolean) ? true : undefined,
  );
  const data = (await cluster.get<SecretData>("secret", "attachguard-tls", ...there)).data;
  t.ok(Object.keys(data ?? {}).length > 0, "the CA is in the Secret there");
  await pointAt(cluster, server.port, { namespace: ELSEWHERE });
  await t.resolves(reached(cluster), "the API server calls it by the Service's name there");

  const claim = (namespace: string) => ({
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: "own", namespace },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
  });
  const before = await cluster.calls();
  await cluster.mustApply([claim(ELSEWHERE), claim("kube-system")]);
  t.strictSame(
    await cluster.calls(),
    before,
    "nothing in its own namespace or in kube-system is asked about",
  );
  await cluster.must(["delete", "-k", overlay, "--wait=false"]);
});

// The control plane keeps the process alive until the end of the suite has stopped it.
t.end();
