import { readFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { FastifyBaseLogger, FastifyInstance } from "fastify";
import type { Cluster } from "../cluster/cluster.ts";
import type { Config } from "../config/model.ts";
import { heldUntilRestart } from "../config/restart.ts";
import { AttachguardError, messageOf } from "../errors.ts";
import type { WaiverCheck } from "../judge/context.ts";
import type { Metrics } from "../metrics.ts";
import type { CertificateSource, CertificateStatus } from "../tls/certificate-source.ts";
import { parseCertificate } from "../tls/pair.ts";
import { bodyMemory, memoryLimit } from "./body/memory.ts";
import { decide } from "./decide.ts";
import { DryRunMemory } from "./dry-run-memory.ts";
import { createApp } from "./fastify-app.ts";
import { healthPlugin } from "./health-plugin.ts";
import { HTTP_TIMEOUTS, type HttpTimeouts } from "./http-limits.ts";
import { plainListener, type TlsListener, tlsListener } from "./listeners.ts";
import { metricsPlugin } from "./metrics-plugin.ts";
import { validatePlugin } from "./validate-plugin.ts";

export interface ServerDependencies {
  readonly cluster: Cluster;
  /** The configuration in force; asked again for every request. */
  readonly config: () => Config;
  /** The configuration that the process began with, where it may have changed since; absent: the one in force now. */
  readonly startConfig?: Config;
  /** Why the configuration file as it is now is not in force; `undefined` when it is. */
  readonly configProblem?: () => string | undefined;
  readonly certificates: CertificateSource;
  readonly verifyWaiver: WaiverCheck;
  readonly metrics: Metrics;
  /** A pino logger. */
  readonly logger: FastifyBaseLogger;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  readonly timeouts?: HttpTimeouts;
}

export interface Ports {
  readonly host: string;
  /** 0 picks any free one. */
  readonly port: number;
  readonly metricsPort: number;
}

export interface AdmissionServer {
  /** `/validate`, `/healthz`, `/readyz` over TLS. */
  readonly app: FastifyInstance;
  /** `/metrics` over plain HTTP. */
  readonly metricsApp: FastifyInstance;
  /** Opens both ports and returns their numbers. @throws AttachguardError AG_ERR_LISTEN */
  listen(ports: Ports): Promise<{ readonly port: number; readonly metricsPort: number }>;
  /**
   * For SIGTERM: stops being ready, keeps answering while the endpoint is being removed, then closes, waits for what is
   * in flight, and ends what remains.
   */
  drain(): Promise<void>;
  /** Closes at once. */
  close(): Promise<void>;
}

/**
 * Puts the webhook together.
 *
 * @throws AttachguardError AG_ERR_CONFIG where the CA for client certificates cannot be used
 */
export async function buildServer(dependencies: ServerDependencies): Promise<AdmissionServer> {
  const { cluster, config, certificates, metrics, logger } = dependencies;
  const now = dependencies.now ?? Date.now;
  const timeouts = dependencies.timeouts ?? HTTP_TIMEOUTS;
  const atStart = dependencies.startConfig ?? config();
  const clientCa = await clientCaOf(atStart);
  const memory = new DryRunMemory(() => config().dryRunMemory);
  const { verifyWaiver } = dependencies;
  const sources = { cluster, config, memory, verifyWaiver, now, answersOnly: true as const };
  let draining = false;
  let tls: TlsListener | undefined;
  let notPresented: string | undefined;

  const app = createApp({
    logger,
    metrics,
    server: (handler) => {
      tls = tlsListener(handler, certificates.current, clientCa, timeouts);
      return tls.server;
    },
  });
  // Sent from the start of draining on, so that the API server's connections are gone before the port is.
  app.addHook("onSend", (_request, reply, _payload, done) => {
    if (draining) reply.header("connection", "close");
    done();
  });
  await app.register(validatePlugin, {
    decide: (request, signal) => decide(request, sources, signal),
    config,
    metrics,
    bodyLimit: atStart.limits.bodyBytes,
    bodyMemory: bodyMemory(memoryLimit()),
    callers: () => (clientCa === undefined ? null : config().clientAuth),
  });
  await app.register(healthPlugin, {
    state: () => ({
      kinds: cluster.status(),
      draining,
      certificate: withProblem(certificates.status(now()), notPresented),
      configProblems: [
        ...[dependencies.configProblem?.()].filter((problem) => problem !== undefined),
        ...heldUntilRestart(atStart, config()).map(
          (key) => `${key} was changed while the server ran: it takes effect after a restart`,
        ),
      ],
      staleAfterSeconds: config().cluster.staleAfterSeconds,
    }),
  });

  const metricsApp = createApp({
    logger,
    metrics,
    server: (handler) => plainListener(handler, timeouts),
  });
  metrics.watchCluster(() => cluster.status());
  await metricsApp.register(metricsPlugin, { metrics });

  metrics.certificateExpiry.set(certificates.current.notAfter / 1000);
  const unsubscribe = certificates.subscribe((certificate) => {
    try {
      tls?.present(certificate);
      notPresented = undefined;
      metrics.certificateExpiry.set(certificate.notAfter / 1000);
    } catch (error) {
      // TLS is stricter than the code that read the pair (about a key that is too short, say); the old one stays.
      notPresented = `the new one cannot be presented (${messageOf(error)}), the previous one is`;
      logger.warn({ error: messageOf(error) }, "new certificate not usable; serving the previous one");
    }
  });

  const close = async (): Promise<void> => {
    unsubscribe();
    await Promise.all([closeApp(app, config().shutdown.graceSeconds), closeApp(metricsApp, 1)]);
  };
  return {
    app,
    metricsApp,
    listen: async ({ host, port, metricsPort }) => ({
      port: await listenOn(app, host, port),
      metricsPort: await listenOn(metricsApp, host, metricsPort),
    }),
    drain: async () => {
      if (draining) return;
      draining = true;
      logger.info({ delaySeconds: config().shutdown.delaySeconds }, "draining");
      await sleep(config().shutdown.delaySeconds * 1000);
      await close();
    },
    close: async () => {
      draining = true;
      await close();
    },
  };
}

/**
 * Waits for what is in flight, then ends the connections that remain: a client that sends slowly must not keep the
 * server from ending.
 */
async function closeApp(app: FastifyInstance, graceSeconds: number): Promise<void> {
  const timer = setTimeout(() => app.server.closeAllConnections(), graceSeconds * 1000);
  try {
    await app.close();
  } finally {
    clearTimeout(timer);
  }
}

async function listenOn(app: FastifyInstance, host: string, port: number): Promise<number> {
  try {
    await app.listen({ host, port });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const remedy =
      code === "EADDRINUSE" || code === "EACCES"
        ? "choose another port, or stop what uses it"
        : "correct the host: it has to be an address of this machine";
    throw new AttachguardError(
      "AG_ERR_LISTEN",
      `cannot listen on ${host}:${port} (${messageOf(cause)}); ${remedy}`,
      { cause },
    );
  }
  return (app.server.address() as AddressInfo).port;
}

async function clientCaOf({ clientAuth }: Config): Promise<string | undefined> {
  if (clientAuth === null) return undefined;
  try {
    const pem = await readFile(clientAuth.caFile, "utf8");
    // TLS treats an empty text as none, and then trusts every public CA.
    parseCertificate(pem);
    return pem;
  } catch (cause) {
    throw new AttachguardError(
      "AG_ERR_CONFIG",
      `clientAuth.caFile ${clientAuth.caFile} cannot be used (${messageOf(cause)}); name a PEM file with the CA of the API server's client certificate`,
      { cause },
    );
  }
}

function withProblem(status: CertificateStatus, problem: string | undefined): CertificateStatus {
  return problem === undefined ? status : { ...status, problem };
}
