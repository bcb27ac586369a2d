import { Agent } from "node:https";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "node:tls";
import t, { type Test } from "tap";
import { replaceFile, type ServerProcess, startProcess, writePair } from "../admission/support/process.ts";
import { CLASSES, type Json, objectOf, reviewOf } from "../admission/support/reviews.ts";
import { CA, exchange, responseOf, serving, verdictSeen } from "../admission/support/server.ts";

const CALLERS = 4;
/** How often a replica is asked whether it is ready. */
const PROBE_MS = 50;
const TLS = { ca: CA.certificate, servername: "localhost" };

/**
 * What stands between the API server and the replicas: new connections go to a replica that was ready when it was
 * last asked; connections that are open stay where they are, whatever becomes of the replica.
 */
class Service {
  readonly #members = new Map<ServerProcess, boolean>();
  readonly #presented = new Set<string>();
  #next = 0;
  #probing: Promise<void> | undefined;
  #closed = false;

  /** The serial numbers of the certificates that connections were opened with. */
  get presented(): ReadonlySet<string> {
    return this.#presented;
  }

  open(): void {
    this.#probing = this.#probe();
  }

  /** Resolves when the replica gets connections. */
  async add(member: ServerProcess): Promise<void> {
    this.#members.set(member, false);
    while (this.#members.get(member) !== true) await sleep(PROBE_MS);
  }

  /** Ends a replica as a rollout does; resolves to its exit code. */
  async end(member: ServerProcess): Promise<number | null> {
    member.child.kill("SIGTERM");
    const code = await member.ended;
    this.#members.delete(member);
    return code;
  }

  connect() {
    const ready = [...this.#members].filter(([, isReady]) => isReady).map(([{ port }]) => port);
    const port = ready[this.#next++ % ready.length];
    if (port === undefined) throw new Error("no replica is ready");
    const socket = connect({ host: "127.0.0.1", port, ...TLS });
    socket.once("secureConnect", () => this.#presented.add(socket.getPeerCertificate().serialNumber));
    return socket;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#probing;
  }

  async #probe(): Promise<void> {
    while (!this.#closed) {
      await Promise.all(
        [...this.#members.keys()].map(async (member) => {
          const ready = await isReady(member);
          if (this.#members.has(member)) this.#members.set(member, ready);
        }),
      );
      await sleep(PROBE_MS);
    }
  }
}

async function isReady({ port }: ServerProcess): Promise<boolean> {
  try {
    const reply = await exchange(
      { host: "127.0.0.1", port, path: "/readyz", agent: false, ...TLS },
      undefined,
    );
    return reply.status === 200;
  } catch {
    return false;
  }
}

/** Sends reviews one after the other until told to stop; every answer, and every request without one. */
function caller(t: Test, service: Service, keepAlive: boolean, stop: AbortSignal) {
  const agent = new Agent({ keepAlive, maxSockets: 1 });
  agent.createConnection = () => service.connect();
  const seen: string[] = [];
  const lost: string[] = [];
  const done = (async () => {
    for (let at = 0; !stop.aborted; at++) {
      const review = reviewOf("005", (request) => {
        request.uid = `uid-${keepAlive}-${at}`;
      });
      try {
        const options = { agent, method: "POST", path: "/validate?timeout=5s", host: "localhost" };
        const headers = { "content-type": "application/json" };
        const reply = await exchange({ ...options, headers }, JSON.stringify(review));
        seen.push(verdictSeen(responseOf(t, reply, review)));
      } catch (error) {
        lost.push(`request ${at}: ${error}`);
      }
    }
    agent.destroy();
  })();
  return { seen, lost, done };
}

t.test("no request fails over a rolling restart, a rotation of the certificate and a reload", async (t) => {
  const folder = t.testdir({
    "config.yaml": configuration("enforce"),
    "cluster.json": JSON.stringify({
      apiVersion: "v1",
      kind: "List",
      items: [...CLASSES, objectOf("004")],
    }),
  });
  const config = join(folder, "config.yaml");
  writePair(folder, await serving());
  const words = [
    ...["--tls-cert", join(folder, "tls.crt"), "--tls-key", join(folder, "tls.key")],
    ...["--config", config, "--cluster", join(folder, "cluster.json")],
  ];
  const service = new Service();
  service.open();
  const old = [await startProcess(t, words), await startProcess(t, words)];
  for (const member of old) await service.add(member);

  const stop = new AbortController();
  const callers = Array.from({ length: CALLERS }, (_, at) => caller(t, service, at % 2 === 0, stop.signal));
  const progress = async (fits: () => boolean) => {
    while (!fits()) await sleep(PROBE_MS);
  };
  const felt = (verdict: string, since: readonly number[]) =>
    progress(() => callers.every(({ seen }, at) => seen.slice(since[at]).includes(verdict)));
  const counts = () => callers.map(({ seen }) => seen.length);
  await felt("deny", [0, 0, 0, 0]);

  let since = counts();
  replaceFile(config, configuration("warn"));
  await felt("warn", since);
  writePair(folder, await serving());
  await progress(() => service.presented.size === 2);

  for (const member of old) {
    const fresh = await startProcess(t, words);
    await service.add(fresh);
    t.equal(await service.end(member), 0, "a replica ends by itself");
  }
  writePair(folder, await serving());
  since = counts();
  replaceFile(config, configuration("enforce"));
  await felt("deny", since);
  await progress(() => service.presented.size === 3);

  stop.abort();
  await Promise.all(callers.map(({ done }) => done));
  await service.close();
  t.same(
    callers.flatMap(({ lost }) => lost),
    [],
    "every request got its answer",
  );
  const verdicts = callers.flatMap(({ seen }) => seen);
  t.same([...new Set(verdicts)].sort(), ["deny", "warn"], "and no other than the modes give");
  const faults = old.flatMap(({ lines }) => lines).filter(({ level }: Json) => Number(level) >= 50);
  t.same(faults, [], "without a fault");
});

function configuration(mode: string): string {
  return `mode: ${mode}\nshutdown: { delaySeconds: 1, graceSeconds: 5 }\n`;
}
