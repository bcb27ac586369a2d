import { request as plainRequest } from "node:http";
import { Agent, type RequestOptions } from "node:https";
import { pino } from "pino";
import type { Test } from "tap";
import { HTTP_TIMEOUTS, type HttpTimeouts } from "../../../src/admission/http-limits.ts";
import { type AdmissionServer, buildServer } from "../../../src/admission/server.ts";
import type { Cluster } from "../../../src/cluster/cluster.ts";
import { DEFAULT_CONFIG } from "../../../src/config/config.ts";
import type { Config } from "../../../src/config/model.ts";
import type { WaiverCheck } from "../../../src/judge/context.ts";
import { createMetrics, type Metrics } from "../../../src/metrics.ts";
import { MemorySource } from "../../../src/tls/certificate-source.ts";
import { DAY, issueCa, issueServing } from "../../../src/tls/issue.ts";
import { type CertificateAndKey, servingCertificate } from "../../../src/tls/pair.ts";
import { exchange, type Reply } from "./exchange.ts";
import { MemoryCluster } from "./memory-cluster.ts";
import { CLASSES, type Json, RECORDED_AT } from "./reviews.ts";

export interface TestServer {
  readonly server: AdmissionServer;
  readonly cluster: MemoryCluster;
  readonly metrics: Metrics;
  readonly certificates: MemorySource;
  readonly port: number;
  readonly metricsPort: number;
  /** PEM of the CA that the client trusts. */
  readonly ca: CertificateAndKey;
  readonly agent: Agent;
  /** Every line logged so far. */
  readonly log: Json[];
  /** Replaces the configuration, as a reload does. */
  configure(change: Partial<Config>): void;
  /** Sends a body to `/validate`. */
  post(body: unknown, options?: RequestOptions): Promise<Reply>;
  get(path: string, options?: RequestOptions): Promise<Reply>;
  scrape(): Promise<string>;
}

export interface ServerOptions {
  readonly objects?: readonly unknown[];
  readonly cluster?: MemoryCluster;
  /** Judged over in place of `cluster`. */
  readonly live?: Cluster;
  readonly config?: Partial<Config>;
  readonly now?: () => number;
  readonly timeouts?: Partial<HttpTimeouts>;
  readonly verifyWaiver?: WaiverCheck;
  readonly configProblem?: () => string | undefined;
  /** 0, the default, takes any free port. */
  readonly port?: number;
  readonly host?: string;
}

/** Signed the certificates of every server in these tests. */
export const CA = await issueCa({ name: "test CA", days: 1, now: Date.now() });

/** A serving certificate for the loopback interface. */
export async function serving(ca: CertificateAndKey = CA) {
  return servingCertificate(
    await issueServing({ ca, hosts: ["localhost", "127.0.0.1"], days: 1, now: Date.now() }),
  );
}

/** The webhook over real TLS on a free port, closed when the test ends. */
export async function startServer(t: Test, options: ServerOptions = {}): Promise<TestServer> {
  const cluster = options.cluster ?? new MemoryCluster([...CLASSES, ...(options.objects ?? [])]);
  let config: Config = {
    ...DEFAULT_CONFIG,
    shutdown: { delaySeconds: 0, graceSeconds: 1 },
    ...options.config,
  };
  const certificates = new MemorySource(await serving());
  const metrics = createMetrics({ process: false });
  const log: Json[] = [];
  const server = await buildServer({
    cluster: options.live ?? cluster,
    config: () => config,
    ...(options.configProblem === undefined ? {} : { configProblem: options.configProblem }),
    certificates,
    verifyWaiver:
      options.verifyWaiver ?? (async () => ({ state: "refused", reason: "this test has no keys" })),
    metrics,
    logger: pino({ level: "debug" }, { write: (line: string) => log.push(JSON.parse(line)) }),
    now: options.now ?? (() => RECORDED_AT),
    timeouts: { ...HTTP_TIMEOUTS, ...options.timeouts },
  });
  const ports = await server.listen({
    host: options.host ?? "127.0.0.1",
    port: options.port ?? 0,
    metricsPort: 0,
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 32, ca: CA.certificate, servername: "localhost" });
  t.teardown(async () => {
    agent.destroy();
    await server.close();
  });
  const send = (
    method: string,
    path: string,
    body: string | Buffer | undefined,
    extra: RequestOptions = {},
  ) => exchange({ host: "127.0.0.1", port: ports.port, agent, method, path, ...extra }, body);
  return {
    server,
    cluster,
    metrics,
    certificates,
    ...ports,
    ca: CA,
    agent,
    log,
    configure: (change) => {
      config = { ...config, ...change };
    },
    post: (body, extra = {}) =>
      send(
        "POST",
        "/validate?timeout=5s",
        typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body),
        { headers: { "content-type": "application/json" }, ...extra },
      ),
    get: (path, extra) => send("GET", path, undefined, extra),
    scrape: () => scrape(ports.metricsPort),
  };
}

function scrape(port: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  plainRequest({ host: "127.0.0.1", port, path: "/metrics" }, (response) => {
    let text = "";
    response.setEncoding("utf8");
    response.on("data", (chunk) => {
      text += chunk;
    });
    response.on("end", () => resolve(text));
  })
    .on("error", reject)
    .end();
  return promise;
}

export { DAY, exchange, type Reply };

/** The response of a review that was answered, checked to be well formed. */
export function responseOf(t: Test, reply: Reply, review: unknown): Json & { allowed: boolean } {
  t.equal(reply.status, 200, "a well-formed review is answered with 200");
  t.match(reply.headers["content-type"], /^application\/json/);
  t.notOk("retry-after" in reply.headers, "never Retry-After");
  const { apiVersion, kind, response } = reply.body;
  t.equal(apiVersion, "admission.k8s.io/v1");
  t.equal(kind, "AdmissionReview");
  const answer = response as Json & { allowed: boolean };
  t.equal(answer.uid, ((review as Json).request as Json).uid, "the same uid");
  t.type(answer.allowed, "boolean");
  if (!answer.allowed) {
    t.match(answer.status, { code: 403, reason: "Forbidden", message: /\S/ });
  }
  return answer;
}

/** `deny`, `warn` or `allow`, as the API server's user sees it. */
export function verdictSeen(answer: Json): string {
  if (answer.allowed === false) return "deny";
  return Array.isArray(answer.warnings) && answer.warnings.length > 0 ? "warn" : "allow";
}

/** The rules named in a denial and its warnings. */
export function rulesSeen(answer: Json): readonly string[] {
  const texts = [...((answer.warnings as string[]) ?? []), String((answer.status as Json)?.message ?? "")];
  return [
    ...new Set(texts.flatMap((text) => [...text.matchAll(/\[([a-z-]+)\]/g)].map(([, rule]) => String(rule)))),
  ];
}
