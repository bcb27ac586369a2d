import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pino } from "pino";
import t from "tap";
import { logTo, servingCertificate } from "../../../src/cli/serve/serving-certificate.ts";
import { DEFAULT_CONFIG } from "../../../src/config/config.ts";
import { issueCa, issueServing } from "../../../src/tls/issue.ts";
import { selfManagedSource } from "../../../src/tls/self-managed-source.ts";
import { FakeCluster } from "../../tls/cluster.ts";

/** A source whose problems are logged as `serve` logs them. */
async function logged(t: { teardown(done: () => unknown): void }, cluster: FakeCluster) {
  const lines: (readonly [level: string, message: string])[] = [];
  const clock = { now: Date.now() };
  const say = (level: string) => (first: unknown, message?: string) => {
    lines.push([level, message ?? String(first)]);
  };
  const source = await selfManagedSource({
    secret: cluster.secret,
    webhooks: cluster.webhooks,
    serviceName: "attachguard",
    namespace: "attachguard-system",
    servingDays: 14,
    now: () => clock.now,
    onProblem: logTo({ info: say("info"), warn: say("warn"), error: say("error") }),
    every: 0,
  });
  t.teardown(() => source.close());
  return { lines, clock, source };
}

t.test("a lost API server is no error while the certificate is served", async (t) => {
  const cluster = new FakeCluster();
  const { lines, source } = await logged(t, cluster);
  cluster.secretFailure = "connect ECONNREFUSED";
  cluster.webhookFailure = "connect ECONNREFUSED";
  await source.check();
  await source.check();
  cluster.secretFailure = undefined;
  cluster.webhookFailure = undefined;
  await source.check();
  t.strictSame(lines, [
    ["warn", "certificate cannot be renewed now; serving the previous one"],
    ["info", "certificate is usable again"],
  ]);
});

t.test("where nobody can verify what is presented it is one", async (t) => {
  const cluster = new FakeCluster();
  cluster.secretFailure = "connect ECONNREFUSED";
  const { lines } = await logged(t, cluster);
  t.strictSame(lines, [["error", "certificate not usable"]], "there was none from before");
});

t.test("a certificate for another namespace than the server's is told at once", async (t) => {
  const now = Date.now();
  const ca = await issueCa({ name: "test", days: 1, now });
  const said = async (host: string, namespace: string | undefined) => {
    const folder = t.testdir();
    const { certificate, key } = await issueServing({ ca, hosts: [host], days: 1, now });
    const [tlsCert, tlsKey] = [join(folder, "tls.crt"), join(folder, "tls.key")];
    writeFileSync(tlsCert, certificate);
    writeFileSync(tlsKey, key);
    const lines: string[] = [];
    const log = pino({}, { write: (line: string) => void lines.push(line) });
    const terminal = {
      argv: [],
      env: { POD_NAMESPACE: namespace },
      stdin: process.stdin,
      stdout: process.stdout,
      stderr: process.stderr,
    };
    const source = await servingCertificate({ tlsCert, tlsKey }, DEFAULT_CONFIG, terminal, log);
    await source.close();
    return lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
  };
  t.match(await said("attachguard.attachguard-system.svc", "bar"), [
    /names no Service in namespace bar.*issue it for SERVICE\.bar\.svc/,
  ]);
  t.strictSame(await said("foo-attachguard.bar.svc", "bar"), []);
  t.strictSame(await said("*.bar.svc", "bar"), []);
  t.strictSame(await said("localhost", undefined), [], "outside a cluster nobody asks by a Service's name");
});
