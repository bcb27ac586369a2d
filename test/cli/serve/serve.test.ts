import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync } from "node:fs";
import { request } from "node:https";
import { createServer } from "node:net";
import { join } from "node:path";
import t, { type Test } from "tap";
import { makeDevelopmentCertificates } from "../../../src/tls/development.ts";

const ROOT = join(import.meta.dirname, "../../..");
const BIN = join(ROOT, "src/cli/main.ts");
const EXAMPLE = join(ROOT, "manifests/examples/logger-recreate");

interface Line {
  readonly level: number;
  readonly msg: string;
  readonly [key: string]: unknown;
}

/** Starts a server in a folder; every line that it prints has to be JSON. */
function serve(t: Test, cwd: string, words: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(
    process.execPath,
    [BIN, "serve", "--host", "127.0.0.1", "--port", "0", "--metrics-port", "0", ...words],
    {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      // A server that does not end by itself must fail its test, not outlive it.
      timeout: 60_000,
      killSignal: "SIGKILL",
    },
  );
  t.teardown(() => child.kill("SIGKILL"));
  const texts = { out: "", err: "" };
  let heard = () => {};
  for (const [name, stream] of [
    ["out", child.stdout],
    ["err", child.stderr],
  ] as const) {
    stream.setEncoding("utf8").on("data", (text) => {
      texts[name] += text;
      heard();
    });
  }
  const closed = once(child, "close").then(([code]) => {
    heard();
    return code as number | null;
  });
  const lines = (): Line[] =>
    `${texts.out}${texts.err}`
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line));
  const line = async (msg: string): Promise<Line> => {
    for (;;) {
      const found = lines().find((each) => each.msg === msg);
      if (found !== undefined) return found;
      if (child.exitCode !== null) throw new Error(`the server ended: ${texts.out}${texts.err}`);
      await new Promise<void>((resolve) => {
        heard = resolve;
      });
    }
  };
  return { child, closed, lines, line, texts };
}

async function certificates(t: Test): Promise<string> {
  const folder = t.testdir();
  await makeDevelopmentCertificates({
    folder: join(folder, "certs"),
    hosts: [],
    force: false,
    now: Date.now(),
  });
  return folder;
}

function statusOf(url: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    // Who the server is does not matter here; the demo and the replayed reviews check the certificate.
    const call = request(url, { rejectUnauthorized: false, agent: false }, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode));
    });
    call.on("error", reject).end();
  });
}

t.test("serves with the certificates of this folder, answers, and closes on SIGINT", async (t) => {
  const folder = await certificates(t);
  const server = serve(t, folder, ["--cluster", EXAMPLE]);
  const { url, metricsUrl } = await server.line("listening");
  await server.line("synced");
  t.equal(await statusOf(`${url}/readyz`), 200);
  t.equal((await fetch(String(metricsUrl))).status, 200);
  server.child.kill("SIGINT");
  t.equal(await server.closed, 0);
  t.ok(server.lines().some(({ msg }) => msg === "closed"));
  t.equal(server.texts.err, "");
});

t.test("SIGTERM drains: not ready, still answering, then gone", async (t) => {
  const folder = await certificates(t);
  const config = join(folder, "config.yaml");
  cpSync(join(ROOT, "test/fixtures/serve/drain.yaml"), config);
  const server = serve(t, folder, ["--cluster", EXAMPLE, "--config", config]);
  const { url } = await server.line("listening");
  await server.line("synced");
  server.child.kill("SIGTERM");
  await server.line("draining");
  t.equal(await statusOf(`${url}/readyz`), 503);
  t.equal(await statusOf(`${url}/healthz`), 200);
  t.equal(await server.closed, 0);
});

t.test("what keeps it from starting is one JSON line with a code, and exit 2", async (t) => {
  const folder = await certificates(t);
  // Not the checkout: after `attachguard certs` there are certificates in it.
  mkdirSync(join(folder, "without"));
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  t.teardown(() => taken.close());
  const address = taken.address();
  const port = typeof address === "object" && address !== null ? String(address.port) : "";
  const cases: readonly {
    why: string;
    words: readonly string[];
    code: string;
    says: string;
    cwd?: string;
  }[] = [
    { why: "an unknown option", words: ["--wat"], code: "AG_ERR_USAGE", says: "unknown option '--wat'" },
    {
      why: "a port that is none",
      words: ["--port", "70000"],
      code: "AG_ERR_USAGE",
      says: "from 0 (any free port) to 65535",
    },
    {
      why: "a key without a certificate",
      words: ["--tls-key", "k"],
      code: "AG_ERR_USAGE",
      says: "go together",
    },
    {
      why: "no certificate",
      words: ["--cluster", EXAMPLE],
      cwd: join(folder, "without"),
      code: "AG_ERR_TLS",
      says: "attachguard certs",
    },
    {
      why: "a certificate that is not there",
      words: ["--cluster", EXAMPLE, "--tls-cert", "no.crt", "--tls-key", "no.key"],
      code: "AG_ERR_TLS",
      says: "no.crt",
    },
    {
      why: "no such files",
      words: ["--cluster", "no-such-folder"],
      code: "AG_ERR_INPUT",
      says: "no-such-folder",
    },
    {
      why: "the cluster and files together",
      words: ["--cluster", "live", EXAMPLE],
      code: "AG_ERR_USAGE",
      says: "`--cluster live` takes no files beside it",
    },
    { why: "no configuration", words: ["--config", "no.yaml"], code: "AG_ERR_CONFIG", says: "no.yaml" },
    { why: "no kubeconfig", words: [], code: "AG_ERR_CONFIG", says: "kubeconfig" },
    {
      why: "the port is taken",
      words: ["--cluster", EXAMPLE, "--port", port],
      code: "AG_ERR_LISTEN",
      says: port,
    },
  ];
  for (const { why, words, code, says, cwd = folder } of cases) {
    const server = serve(t, cwd, words, { HOME: folder, KUBECONFIG: "" });
    t.equal(await server.closed, 2, why);
    t.equal(server.texts.err.trim().split("\n").length, 1, why);
    const line = JSON.parse(server.texts.err);
    t.equal(line.code, code, why);
    t.match(line.msg, says, why);
    server.lines();
  }
});

t.test("Node's own warnings come as JSON lines too", async (t) => {
  const folder = await certificates(t);
  const warn = "process.on('SIGCONT',()=>process.emitWarning('old',{code:'TEST1'}))";
  const server = serve(t, folder, ["--cluster", EXAMPLE], {
    NODE_OPTIONS: `--import=data:text/javascript,${warn}`,
  });
  await server.line("listening");
  server.child.kill("SIGCONT");
  t.match(await server.line("old"), { warning: "Warning", code: "TEST1", level: 40 });
  server.child.kill("SIGINT");
  t.equal(await server.closed, 0);
  server.lines();
});
