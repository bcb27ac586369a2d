import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { isIPv6 } from "node:net";
import { delimiter, dirname, join, resolve } from "node:path";
import type { Cluster, Context, KubeConfig, User } from "@kubernetes/client-node";
import { parse } from "yaml";
import { AttachguardError, messageOf } from "../../errors.ts";

/** Where to look for the API server's address and our credentials. */
export interface ConfigSource {
  /** `--kubeconfig`: this file and nothing else. */
  readonly kubeconfig?: string | undefined;
  /** `--context`: instead of the file's current context. */
  readonly context?: string | undefined;
  /** KUBECONFIG, HOME, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are read from it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where the pod's service account is mounted. */
  readonly serviceAccount?: string;
}

interface Parts {
  readonly clusters: Cluster[];
  readonly users: User[];
  readonly contexts: Context[];
  currentContext: string | undefined;
}

const SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

/**
 * The client's configuration: `--kubeconfig`, else the pod's service account, else KUBECONFIG (a list of files, of
 * which the first to say something wins, as in kubectl), else `~/.kube/config`. A named context is only looked for
 * in files. Everything is read afresh on every call.
 *
 * @throws AttachguardError AG_ERR_CONFIG where there is no configuration, or a file or the context cannot be used.
 */
export async function loadKubeConfig(source: ConfigSource): Promise<KubeConfig> {
  const { KubeConfig } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  const pod = inCluster(source);
  config.loadFromOptions(pod ?? (await fromFiles(config, source)));
  if (config.getCurrentCluster() === null) {
    throw new AttachguardError(
      "AG_ERR_CONFIG",
      `context ${JSON.stringify(config.getCurrentContext() ?? "")} names no cluster of the kubeconfig; choose one with --context (there are: ${
        config
          .getContexts()
          .map((context) => context.name)
          .join(", ") || "none"
      })`,
    );
  }
  return config;
}

/** The context that commands for the same cluster have to name; null for a pod, which has none. */
export function contextOf(config: KubeConfig): string | null {
  const isPod = config.getUsers().some(({ name }) => name === "in-cluster");
  return isPod ? null : config.getCurrentContext() || null;
}

function inCluster({ kubeconfig, context, env, serviceAccount = SERVICE_ACCOUNT }: ConfigSource) {
  const host = env.KUBERNETES_SERVICE_HOST;
  const port = env.KUBERNETES_SERVICE_PORT;
  if (kubeconfig !== undefined || context !== undefined || !host || !port) return undefined;
  const tokenFile = join(serviceAccount, "token");
  if (!existsSync(tokenFile)) return undefined;
  const name = "in-cluster";
  return {
    clusters: [
      {
        name,
        caFile: join(serviceAccount, "ca.crt"),
        server: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`,
        skipTLSVerify: false,
      },
    ],
    users: [{ name, authProvider: readingToken(tokenFile) }],
    contexts: [{ name, cluster: name, user: name }],
    currentContext: name,
  };
}

async function fromFiles(blank: KubeConfig, { kubeconfig, context, env }: ConfigSource): Promise<Parts> {
  const parts: Parts = { clusters: [], users: [], contexts: [], currentContext: undefined };
  const files = filesOf(kubeconfig, env);
  for (const file of files) {
    await addFile(parts, blank, file);
  }
  if (files.length === 0) {
    throw new AttachguardError(
      "AG_ERR_CONFIG",
      "no cluster to connect to: not in a pod, KUBECONFIG names no file that exists and there is no ~/.kube/config; give --kubeconfig FILE, or judge files instead",
    );
  }
  if (context !== undefined) parts.currentContext = context;
  return parts;
}

/** kubectl skips the files of a list that do not exist, but not the one that was asked for by name. */
function filesOf(kubeconfig: string | undefined, env: ConfigSource["env"]): string[] {
  if (kubeconfig !== undefined) return [kubeconfig];
  if (env.KUBECONFIG) return env.KUBECONFIG.split(delimiter).filter((file) => file && existsSync(file));
  return env.HOME ? [join(env.HOME, ".kube", "config")].filter(existsSync) : [];
}

async function addFile(parts: Parts, config: KubeConfig, file: string): Promise<void> {
  let tokenFiles: Map<string, string>;
  try {
    const text = await readFile(file, "utf8");
    config.loadFromString(text);
    config.makePathsAbsolute(dirname(resolve(file)));
    tokenFiles = tokenFilesOf(parse(text), dirname(resolve(file)));
  } catch (thrown) {
    throw new AttachguardError("AG_ERR_CONFIG", `kubeconfig ${file} cannot be used: ${messageOf(thrown)}`, {
      cause: thrown,
    });
  }
  addNew(parts.clusters, config.getClusters().map(allowPlainHttp));
  addNew(
    parts.users,
    config.getUsers().map((user) => {
      const tokenFile = tokenFiles.get(user.name);
      return tokenFile === undefined ? user : { ...user, authProvider: readingToken(tokenFile) };
    }),
  );
  addNew(parts.contexts, config.getContexts());
  parts.currentContext ||= config.getCurrentContext();
}

function addNew<T extends { readonly name: string }>(all: T[], more: readonly T[]): void {
  for (const one of more) {
    if (!all.some((other) => other.name === one.name)) all.push(one);
  }
}

/** The client takes `http:` (`kubectl proxy`) only together with `insecure-skip-tls-verify`, where no TLS is at all. */
function allowPlainHttp(cluster: Cluster): Cluster {
  return cluster.server.startsWith("http:") ? { ...cluster, skipTLSVerify: true } : cluster;
}

/** The client reads a user's token from `token-file`, which is not how a kubeconfig spells it (`tokenFile`). */
function tokenFilesOf(document: unknown, folder: string): Map<string, string> {
  const found = new Map<string, string>();
  const users = (document as { users?: unknown } | null)?.users;
  if (!Array.isArray(users)) return found;
  for (const entry of users as { name?: unknown; user?: { tokenFile?: unknown } | null }[]) {
    const file = entry?.user?.tokenFile;
    if (typeof file === "string" && file !== "") found.set(String(entry.name), resolve(folder, file));
  }
  return found;
}

const readingToken = (tokenFile: string) => ({ name: "tokenFile", config: { tokenFile } });
