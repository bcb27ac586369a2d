import { isIPv6 } from "node:net";
import { networkInterfaces } from "node:os";
import closeWithGrace from "close-with-grace";
import type { Logger } from "pino";
import { type AdmissionServer, buildServer } from "../../admission/server.ts";
import { followWorkloads } from "../../admission/workload-gauges.ts";
import type { WholeCluster } from "../../cluster/cluster.ts";
import { FileCluster } from "../../cluster/file-cluster.ts";
import { loadConfig, watchConfig } from "../../config/config.ts";
import type { Config } from "../../config/model.ts";
import { heldUntilRestart } from "../../config/restart.ts";
import { AttachguardError, messageOf } from "../../errors.ts";
import { createMetrics, type Metrics } from "../../metrics.ts";
import { verifyWaiver } from "../../waiver/waiver.ts";
import type { Terminal } from "../terminal.ts";
import { type CertificateOptions, servingCertificate } from "./serving-certificate.ts";
import { allocateYoung } from "./young-generation.ts";

export interface ServeOptions extends CertificateOptions {
  readonly config?: string;
  /** `live`, or files and folders; absent: live. */
  readonly cluster?: readonly string[];
  readonly host?: string;
  readonly port: number;
  readonly metricsPort: number;
}

/** Beyond what draining may take: then something hangs, and the process ends anyway. */
const SPARE_SECONDS = 5;

/**
 * Runs the webhook until SIGTERM (drains first: API servers are still learning that this one is going away) or SIGINT.
 *
 * @returns never resolves: the process exits when the server has closed, 0 after a signal, 1 after a fault.
 * @throws AttachguardError where it cannot start; nothing is left open then.
 */
export async function serve(options: ServeOptions, terminal: Terminal, log: Logger): Promise<number> {
  const open: Closer[] = [];
  try {
    const { server, config } = await start(options, terminal, log, open);
    allocateYoung();
    closeWithGrace({ delay: false, logger: log }, async ({ signal, err }) => {
      if (err) log.fatal({ error: err.message, stack: err.stack }, "fault");
      else log.info({ signal }, "closing");
      endIfItHangs(config(), log);
      await (signal === "SIGINT" ? server.close() : server.drain());
      await closeAll(open);
      log.info("closed");
    });
  } catch (error) {
    await closeAll(open);
    throw error;
  }
  return new Promise(() => {});
}

/** By the current configuration: a reload may have made the time for draining longer. */
function endIfItHangs({ shutdown }: Config, log: Logger): void {
  const seconds = shutdown.delaySeconds + shutdown.graceSeconds + SPARE_SECONDS;
  const timer = setTimeout(() => {
    log.fatal({ seconds }, "shutdown timed out; exiting");
    process.exit(1);
  }, seconds * 1000);
  timer.unref();
}

type Closer = () => Promise<void>;

/** Last opened, first closed. */
async function closeAll(open: Closer[]): Promise<void> {
  for (const close of open.splice(0).reverse()) await close();
}

interface Running {
  readonly server: AdmissionServer;
  readonly config: () => Config;
}

async function start(
  options: ServeOptions,
  terminal: Terminal,
  log: Logger,
  open: Closer[],
): Promise<Running> {
  const ownNamespace = terminal.env.POD_NAMESPACE || undefined;
  const initial = await loadConfig(options.config, ownNamespace);
  const metrics = createMetrics({ namespaceLabel: initial.metrics.namespaceLabel });
  const { config, configProblem } = await followConfig(
    { file: options.config, ownNamespace },
    initial,
    metrics,
    log,
    open,
  );
  const certificates = await servingCertificate(options, initial, terminal, log);
  open.push(() => certificates.close());
  const cluster = await clusterOf(options, config, terminal, metrics, log);
  open.push(() => cluster.close());
  const server = await buildServer({
    cluster,
    config,
    startConfig: initial,
    configProblem,
    certificates,
    verifyWaiver: (jws, subject, now) => verifyWaiver(jws, subject, config().waivers.keys, now),
    metrics,
    logger: log,
  });
  open.push(() => server.close());
  const host = options.host ?? anyAddress();
  const ports = await server.listen({ host, port: options.port, metricsPort: options.metricsPort });
  log.info(
    {
      url: `https://${inUrl(host)}:${ports.port}`,
      metricsUrl: `http://${inUrl(host)}:${ports.metricsPort}/metrics`,
      cluster: options.cluster ?? ["live"],
    },
    "listening",
  );
  const endCounting = followWorkloads({
    ...{ cluster, config, metrics, log },
    verifyWaiver: (jws, subject, now) => verifyWaiver(jws, subject, config().waivers.keys, now),
  });
  open.push(async () => endCounting());
  // Not waited for: until every kind has been listed, /readyz says so.
  cluster.start().then(
    () => log.info({ kinds: cluster.status() }, "synced"),
    (error: unknown) => log.error({ error: messageOf(error) }, "not synced"),
  );
  return { server, config };
}

interface FollowedConfig {
  readonly config: () => Config;
  readonly configProblem: () => string | undefined;
}

async function followConfig(
  { file, ownNamespace }: { readonly file: string | undefined; readonly ownNamespace: string | undefined },
  initial: Config,
  metrics: Metrics,
  log: Logger,
  open: Closer[],
): Promise<FollowedConfig> {
  if (file === undefined) return { config: () => initial, configProblem: () => undefined };
  const watch = await watchConfig(
    file,
    initial,
    {
      changed: (config) => {
        const afterRestart = heldUntilRestart(initial, config);
        log[afterRestart.length > 0 ? "warn" : "info"]({ file, afterRestart }, "configuration changed");
      },
      failed: ({ code, message }) => {
        metrics.configReloadFailures.inc();
        log.error({ file, code, error: message }, "invalid configuration; keeping the previous one");
      },
    },
    ownNamespace,
  );
  open.push(() => watch.close());
  return { config: () => watch.current, configProblem: () => watch.problem?.message };
}

async function clusterOf(
  options: ServeOptions,
  config: () => Config,
  terminal: Terminal,
  metrics: Metrics,
  log: Logger,
): Promise<WholeCluster> {
  const paths = options.cluster ?? ["live"];
  if (paths.includes("live")) {
    if (paths.length > 1) {
      throw new AttachguardError(
        "AG_ERR_USAGE",
        "`--cluster live` takes no files beside it: name either the cluster or files (a file of that name is ./live)",
      );
    }
    const { connectLiveCluster } = await import("../../cluster/live/connect.ts");
    return connectLiveCluster({
      kubeconfig: options.kubeconfig,
      context: options.context,
      env: terminal.env,
      log,
      nodes: config().cluster.watchNodes,
      staleAfterSeconds: () => config().cluster.staleAfterSeconds,
      onLookupMiss: (kind) => metrics.lookupMisses.inc({ kind }),
    });
  }
  return readFiles(new FileCluster(paths, terminal.stdin), log);
}

/** Files are read before the port opens, so that a wrong path is reported at once. */
async function readFiles(cluster: FileCluster, log: Logger): Promise<FileCluster> {
  await cluster.start();
  const texts = { fatal: [] as string[], notes: [] as string[] };
  for (const { file, line, column, message, fatal } of cluster.errors) {
    texts[fatal ? "fatal" : "notes"].push(`${file}:${line}:${column}: ${message}`);
  }
  if (texts.fatal.length > 0) throw new AttachguardError("AG_ERR_INPUT", texts.fatal.join("\n"));
  for (const note of texts.notes) log.info({ note }, "note on the cluster's files");
  return cluster;
}

/** Both address families where the machine has them. */
function anyAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return addresses.some(({ family }) => family === "IPv6") ? "::" : "0.0.0.0";
}

function inUrl(host: string): string {
  return isIPv6(host) ? `[${host}]` : host;
}
