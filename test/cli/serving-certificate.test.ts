import t from "tap";
import { logTo } from "../../src/cli/serving-certificate.ts";
import { selfManagedSource } from "../../src/tls/self-managed-source.ts";
import { FakeCluster } from "../tls/cluster.ts";

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
    ["warn", "certificate cannot be renewed now, the one from before is served"],
    ["info", "certificate in order again"],
  ]);
});

t.test("where nobody can verify what is presented it is one", async (t) => {
  const cluster = new FakeCluster();
  cluster.secretFailure = "connect ECONNREFUSED";
  const { lines } = await logged(t, cluster);
  t.strictSame(lines, [["error", "certificate not usable"]], "there was none from before");
});
