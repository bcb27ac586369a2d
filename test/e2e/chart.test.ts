import { spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { CHART, HELMS, type Helm, WITHOUT_HELM } from "../charts/helm.ts";
import { ROOT, type Webhook } from "../manifests/render.ts";
import { findBinaries } from "./binaries.ts";
import { Cluster, eventually } from "./cluster.ts";
import { Server } from "./webhook.ts";

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

function helm({ command, version }: Helm, ...args: readonly string[]): void {
  const { status, stderr } = spawnSync(command, [...args, "--kubeconfig", cluster.kubeconfig], {
    encoding: "utf8",
    env: { PATH: process.env.PATH, HOME: cluster.folder },
  });
  if (status !== 0) throw new Error(`helm ${version} ${args.join(" ")}: ${stderr}`);
}

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
    await server.stop();

    // What the pre-delete hook's pod does; then the rest goes without anything that blocks writes.
    const remove = spawnSync(
      process.execPath,
      [`${ROOT}src/cli/main.ts`, "webhooks", "remove", CONFIGURATION, "--kubeconfig", cluster.kubeconfig],
      { encoding: "utf8", env: { ...process.env, POD_NAMESPACE: "bar" } },
    );
    t.equal(remove.status, 0, remove.stderr);
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
