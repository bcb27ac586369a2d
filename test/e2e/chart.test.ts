import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { parse } from "yaml";
import { CHART, HELMS, type Helm, HOOK, WITHOUT_HELM } from "../charts/helm.ts";
import { type Manifest, parseManifests, ROOT, type Webhook } from "../manifests/render.ts";
import { findBinaries } from "./binaries.ts";
import { Cluster, eventually } from "./cluster.ts";
import { pointAt, Server } from "./webhook.ts";

// What Helm does with the chart on a real API server. No controllers run there, so that nothing waits for pods, hooks
// that need a Job are left out, and what their pods would run is run by hand.

t.setTimeout(300_000);
const binaries = await findBinaries();
const skip = "skipped" in binaries ? binaries.skipped : WITHOUT_HELM;

let cluster: Cluster;

t.before(async () => {
  if (skip !== false || "skipped" in binaries) return;
  cluster = await Cluster.start(binaries);
});

t.after(async () => {
  await cluster?.stop();
});

const NAME = "foo-attachguard";
const CONFIGURATION = "foo-attachguard.bar";
const inBar = ["-n", "bar"];

function helm({ command, version }: Helm, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, [...args, "--kubeconfig", cluster.kubeconfig], {
    encoding: "utf8",
    env: { PATH: process.env.PATH, HOME: cluster.folder },
  });
  if (status !== 0) throw new Error(`helm ${version} ${args.join(" ")}: ${stderr}`);
  return stdout;
}

interface Container {
  readonly command?: readonly string[];
  readonly args: readonly string[];
}

interface PodSpec {
  readonly containers: readonly [Container];
}

interface Hooks {
  /** What gives the pod of the hook its rights. */
  readonly rights: readonly Manifest[];
  readonly container: Container;
  /** A kubeconfig with those rights and no others. */
  readonly kubeconfig: string;
}

/** Makes the account and the rights of a release's hook, as Helm does before it starts the hook's pod. */
async function hooksOf(binary: Helm, event: "test" | "pre-delete"): Promise<Hooks> {
  const objects = parseManifests(helm(binary, "get", "hooks", "foo", ...inBar)).filter(
    ({ metadata }) => metadata.annotations?.[HOOK] === event,
  );
  const isPod = ({ kind }: Manifest) => kind === "Pod" || kind === "Job";
  const rights = objects.filter((object) => !isPod(object));
  await cluster.mustApply(rights);
  const account = objects.find(({ kind }) => kind === "ServiceAccount")?.metadata.name ?? "";
  const { spec } = objects.find(isPod) as Manifest & { spec: PodSpec | { template: { spec: PodSpec } } };
  const { containers } = "template" in spec ? spec.template.spec : spec;
  const kubeconfig = await cluster.kubeconfigOf("bar", account);
  return { rights, container: containers[0], kubeconfig };
}

/** Runs what the pod of `helm test` runs, with its account. */
async function helmTest(binary: Helm): Promise<{ readonly status: number | null; readonly stdout: string }> {
  const { rights, container, kubeconfig } = await hooksOf(binary, "test");
  const { clusters, users } = parse(await readFile(kubeconfig, "utf8"));
  const account = await mkdtemp(join(cluster.folder, "account-"));
  const ca = Buffer.from(clusters[0].cluster["certificate-authority-data"], "base64");
  await writeFile(join(account, "token"), users[0].user.token);
  await writeFile(join(account, "ca.crt"), ca);
  const ran = spawnSync(process.execPath, [...(container.command?.slice(1) ?? []), ...container.args], {
    encoding: "utf8",
    env: {
      SERVICE_ACCOUNT: account,
      API_SERVER: clusters[0].cluster.server,
      NODE_EXTRA_CA_CERTS: join(account, "ca.crt"),
    },
  });
  await cluster.must(["delete", "-f", "-"], listOf(rights));
  return { status: ran.status, stdout: ran.stdout + ran.stderr };
}

const listOf = (items: readonly Manifest[]) => JSON.stringify({ apiVersion: "v1", kind: "List", items });

/** What the servers have filled in: it has to survive whatever Helm does. */
async function filledIn(): Promise<{ readonly bundles: readonly unknown[]; readonly secret: unknown }> {
  const { webhooks } = await cluster.get<{ webhooks: readonly Webhook[] }>(
    "validatingwebhookconfiguration",
    CONFIGURATION,
  );
  const { data } = await cluster.get<{ data?: unknown }>("secret", `${NAME}-tls`, ...inBar);
  return { bundles: webhooks.map(({ clientConfig }) => clientConfig.caBundle), secret: data };
}

for (const binary of HELMS) {
  t.test(`Helm ${binary.version}: install, upgrade, rollback, uninstall`, { skip }, async (t) => {
    helm(binary, "install", "foo", CHART, ...inBar, "--create-namespace", "--set", "failurePolicy=Fail");
    const kubeconfig = await cluster.kubeconfigOf("bar", NAME);
    const config = await cluster.get<{ data: Record<string, string> }>("configmap", NAME, ...inBar);
    const file = join(cluster.folder, "chart-config.yaml");
    const text = config.data["config.yaml"] ?? "";
    await writeFile(file, text.replace(/delaySeconds: \d+/, "delaySeconds: 0"));
    const server = await Server.start(["--config", file, "--kubeconfig", kubeconfig], {
      POD_NAMESPACE: "bar",
    });
    t.teardown(() => server.stop());
    await server.ready();
    const before = await eventually("the CA to be written", async () => {
      const found = await filledIn();
      return found.bundles.every(Boolean) ? found : undefined;
    });
    t.ok(before.secret);

    helm(binary, "upgrade", "foo", CHART, ...inBar, "--set", "failurePolicy=Fail,timeoutSeconds=5");
    t.strictSame(await filledIn(), before, "an upgrade changes neither CA nor certificate");
    helm(binary, "rollback", "foo", "1", ...inBar);
    t.strictSame(await filledIn(), before, "nor does a rollback");

    const patch = { spec: { type: "ExternalName", externalName: "localhost" } };
    await cluster.must([...inBar, "patch", "service", NAME, "-p", JSON.stringify(patch)]);
    const installed = { namespace: "bar", service: NAME, configuration: CONFIGURATION };
    await pointAt(cluster, server.port, installed);
    t.match(await helmTest(binary), { status: 0, stdout: "mode enforce: a Deployment of two replicas" });
    await server.stop();

    // What the pre-delete hook's pod does; then the rest goes without anything that blocks writes.
    const { rights, container, kubeconfig: hook } = await hooksOf(binary, "pre-delete");
    const remove = spawnSync(
      process.execPath,
      [`${ROOT}src/cli/main.ts`, ...container.args, "--kubeconfig", hook],
      { encoding: "utf8", env: { ...process.env, POD_NAMESPACE: "bar" } },
    );
    t.equal(remove.status, 0, remove.stderr);
    await cluster.must(["delete", "-f", "-"], listOf(rights));
    t.notMatch(await cluster.must(["get", "validatingwebhookconfigurations", "-o", "name"]), CONFIGURATION);
    helm(binary, "uninstall", "foo", ...inBar, "--no-hooks");
    const left = await cluster.must([
      ...["get", "clusterroles,clusterrolebindings,validatingwebhookconfigurations"],
      ...["-l", "app.kubernetes.io/instance=foo", "-o", "name"],
    ]);
    t.equal(left, "", "nothing outside the namespace is left");
  });
}

// The control plane keeps the process alive until the end of the suite has stopped it.
t.end();
