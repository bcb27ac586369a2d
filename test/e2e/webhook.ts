import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { json } from "node:stream/consumers";
import { issueCa, issueServing } from "../../src/tls/issue.ts";
import { configOf, ROOT, render, webhooksOf } from "../manifests/render.ts";
import { type Cluster, eventually } from "./cluster.ts";

export const NAMESPACE = "attachguard-system";

/** A running `attachguard serve`, with the rights that the manifests give it. */
export class Server {
  readonly port: number;
  readonly metricsPort: number;
  /** Every line it has written, parsed. */
  readonly lines: readonly unknown[];
  readonly #process: ChildProcess;

  private constructor(child: ChildProcess, port: number, metricsPort: number, lines: readonly unknown[]) {
    this.#process = child;
    this.port = port;
    this.metricsPort = metricsPort;
    this.lines = lines;
  }

  /** Starts one, with what its pod would be told in `env`, and waits until it listens. */
  static async start(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Server> {
    const loopback = ["--host", "127.0.0.1", "--port", "0", "--metrics-port", "0"];
    const child = spawn(process.execPath, [`${ROOT}src/cli/main.ts`, "serve", ...args, ...loopback], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...env },
    });
    const lines: unknown[] = [];
    const listening = new Promise<{ url: string; metricsUrl: string }>((resolve, reject) => {
      for (const stream of [child.stdout, child.stderr]) {
        createInterface({ input: stream }).on("line", (line) => {
          const entry = JSON.parse(line) as { msg?: string; url?: string; metricsUrl?: string };
          lines.push(entry);
          const { msg, url, metricsUrl } = entry;
          if (msg === "listening" && url && metricsUrl) resolve({ url, metricsUrl });
        });
      }
      child.once("error", reject);
      child.once("exit", (code) => reject(new Error(`serve ended with ${code}: ${JSON.stringify(lines)}`)));
    });
    const { url, metricsUrl } = await listening;
    return new Server(child, Number(new URL(url).port), Number(new URL(metricsUrl).port), lines);
  }

  /** What `/readyz` says. Like the kubelet, it does not look at the certificate. */
  async readiness(): Promise<{ readonly status: number; readonly problems: readonly string[] }> {
    const call = request({
      host: "127.0.0.1",
      port: this.port,
      path: "/readyz",
      rejectUnauthorized: false,
      agent: false,
    });
    call.end();
    const [response] = (await once(call, "response")) as [IncomingMessage];
    const body = (await json(response)) as { problems: readonly string[] };
    return { status: response.statusCode ?? 0, problems: body.problems };
  }

  /** Waits until every kind has been listed or refused. */
  async ready(): Promise<void> {
    await eventually("the server to be ready", async () =>
      (await this.readiness()).status === 200 ? true : undefined,
    );
  }

  /** @returns the exit code. */
  async stop(): Promise<number | null> {
    if (this.#process.exitCode !== null) return this.#process.exitCode;
    const exit = once(this.#process, "exit") as Promise<[number | null]>;
    this.#process.kill("SIGTERM");
    return (await exit)[0];
  }
}

/** The configuration file of the base, with a shutdown that does not wait for endpoints that nobody has here. */
export async function configFile(cluster: Cluster): Promise<string> {
  const path = join(cluster.folder, "config.yaml");
  const text = configOf(render("manifests/base"));
  await writeFile(path, text.replace(/delaySeconds: \d+/, "delaySeconds: 0"));
  return path;
}

/**
 * Applies the base as a person would, then lets its Service lead to this machine: a Service of type ExternalName is
 * followed by the API server without any kube-proxy, and it still asks for the certificate of the Service.
 */
export async function install(cluster: Cluster): Promise<void> {
  await cluster.must(["apply", "-k", `${ROOT}manifests/base`]);
  const patch = { spec: { type: "ExternalName", externalName: "localhost" } };
  await cluster.must(["-n", NAMESPACE, "patch", "service", "attachguard", "-p", JSON.stringify(patch)]);
}

/** A serving certificate for the Service, as cert-manager would put it into mounted files. */
export async function certificateFiles(
  folder: string,
): Promise<{ readonly args: readonly string[]; readonly ca: string }> {
  const now = Date.now();
  const ca = await issueCa({ name: "e2e", days: 1, now });
  const hosts = [`attachguard.${NAMESPACE}.svc`];
  const { certificate, key } = await issueServing({ ca, hosts, days: 1, now });
  const [certFile, keyFile] = [join(folder, "tls.crt"), join(folder, "tls.key")];
  await writeFile(certFile, certificate);
  await writeFile(keyFile, key);
  return { args: ["--tls-cert", certFile, "--tls-key", keyFile], ca: ca.certificate };
}

/** What an installation is called where it is not the base's own. */
export interface Installed {
  readonly namespace?: string;
  readonly service?: string;
  readonly configuration?: string;
}

/**
 * Points every entry of the webhook configuration at a port of this machine, by way of the Service of an installation,
 * and at a CA where one is given.
 */
export async function pointAt(
  cluster: Cluster,
  port: number,
  options: Installed & { readonly ca?: string } = {},
): Promise<void> {
  const { ca, namespace = NAMESPACE, service: name = "attachguard", configuration = "attachguard" } = options;
  const service = { namespace, name, path: "/validate", port };
  const caBundle = ca === undefined ? {} : { caBundle: Buffer.from(ca).toString("base64") };
  const webhooks = [...webhooksOf(render("manifests/base")).keys()].map((name) => ({
    name,
    clientConfig: { service, ...caBundle },
  }));
  const patch = JSON.stringify({ webhooks });
  await cluster.must(["patch", "validatingwebhookconfiguration", configuration, "-p", patch]);
}

const PROBE = {
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  metadata: { name: "probe", namespace: "default" },
  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
};

/** Waits until the API server reaches the server and trusts it: until then every request passes unjudged. */
export async function reached(cluster: Cluster): Promise<void> {
  const entry = "claims.attachguard.dev";
  await eventually("the API server to reach the webhook", async () => {
    const [calls, failures] = await Promise.all([cluster.calls(), cluster.failedOpen()]);
    await cluster.apply([PROBE], ["--dry-run=server"]);
    const [callsAfter, failuresAfter] = await Promise.all([cluster.calls(), cluster.failedOpen()]);
    const called = (callsAfter.get(entry) ?? 0) > (calls.get(entry) ?? 0);
    const failed = (failuresAfter.get(entry) ?? 0) > (failures.get(entry) ?? 0);
    return called && !failed ? true : undefined;
  });
}

/** The whole installation, with mounted certificates: the base and one server with its service account's rights. */
export async function installAndServe(cluster: Cluster): Promise<Server> {
  await install(cluster);
  const kubeconfig = await cluster.kubeconfigOf(NAMESPACE, "attachguard");
  const { args, ca } = await certificateFiles(cluster.folder);
  const config = await configFile(cluster);
  const server = await Server.start(["--config", config, "--kubeconfig", kubeconfig, ...args]);
  try {
    await server.ready();
    await pointAt(cluster, server.port, { ca });
    await reached(cluster);
  } catch (error) {
    await server.stop();
    throw new Error(`the server wrote ${JSON.stringify(server.lines.slice(-20))}`, { cause: error });
  }
  return server;
}
