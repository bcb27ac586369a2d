import { readFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { connectLiveCluster } from "../../../src/cluster/live/connect.ts";
import { run } from "../../cli/run.ts";
import { QUICK, writeKubeConfig } from "../../support/api-server/live.ts";
import { pictureOf } from "../../support/api-server/picture.ts";
import { type Answers, replay } from "../../support/api-server/recorded.ts";

// What the oldest and the newest supported API server answered to the same requests about the same objects
// (test/e2e/record-api.ts): both give the same view of the cluster.

const FIXTURES = join(import.meta.dirname, "../../fixtures/api");
const VERSIONS = ["1.30", "1.36"] as const;

const recorded = (version: string) =>
  JSON.parse(readFileSync(join(FIXTURES, `${version}.json`), "utf8")) as Answers;

async function replayed(t: Test, version: string) {
  const server = await replay(recorded(version));
  const kubeconfig = join(t.testdir(), "kubeconfig");
  writeKubeConfig(kubeconfig, server.url);
  t.teardown(() => server.stop());
  return { ...server, kubeconfig };
}

async function viewOf(t: Test, version: string) {
  const { kubeconfig, asked } = await replayed(t, version);
  const log: string[] = [];
  const say = (_fields: object, message: string) => log.push(message);
  const cluster = await connectLiveCluster({
    kubeconfig,
    env: {},
    log: { info: () => {}, warn: say, error: say },
    timings: QUICK,
  });
  t.teardown(() => cluster.close());
  await cluster.start();
  // The recorded watches: the Deployment has been scaled, an autoscaler removed.
  for (let tries = 0; cluster.index.count("HorizontalPodAutoscaler") !== 1 && tries < 1_000; tries += 1)
    await new Promise((resolve) => setTimeout(resolve, 5));
  return { cluster, asked, log };
}

/** A picture without what an API server makes up: identities and times. */
function plain(picture: object): unknown {
  return JSON.parse(
    JSON.stringify(picture, (key, value) =>
      /^(uid|resourceVersion|createdAt|generation|(batch\.kubernetes\.io\/)?controller-uid)$/.test(key)
        ? undefined
        : value,
    ),
  );
}

for (const version of VERSIONS) {
  t.test(`a server of ${version} serves every kind that is read, and no optional one`, async (t) => {
    const { cluster, asked, log } = await viewOf(t, version);
    const status = cluster.status();
    t.equal(status.length, 13);
    t.strictSame(
      status.filter(({ state, problem }) => state !== "synced" || problem !== undefined),
      [],
    );
    t.strictSame(log, [], "and nothing is said about those that it does not have");
    t.notOk(
      asked.some((request) => request.includes("sendInitialEvents")),
      "lists are not asked for as a watch",
    );
  });
}

t.test("both give the same picture of the same objects", async (t) => {
  const [oldest, newest] = [await viewOf(t, "1.30"), await viewOf(t, "1.36")];
  t.strictSame(plain(pictureOf(oldest.cluster.index)), plain(pictureOf(newest.cluster.index)));
  t.match(pictureOf(oldest.cluster.index)["Deployment/shop/web"], { name: "web" });
});

t.test("files that the cluster has already are no change, whichever version has them", async (t) => {
  for (const version of VERSIONS) {
    const { kubeconfig } = await replayed(t, version);
    const file = join(FIXTURES, "objects.yaml");
    const { code, out, err } = await run([
      "check",
      "--live",
      "--kubeconfig",
      kubeconfig,
      "--format",
      "json",
      file,
    ]);
    t.ok(code === 0 || code === 1, `${version}: ${err}`);
    const { notes, errors } = JSON.parse(out) as { notes: unknown[]; errors: unknown[] };
    t.strictSame({ notes, errors }, { notes: [], errors: [] }, version);
  }
});

t.test("a list asked for as a watch is what the oldest server refuses", async (t) => {
  const [, answers] =
    Object.entries(recorded("1.30")).find(([request]) => request.includes("sendInitialEvents=true")) ?? [];
  t.equal(answers?.[0]?.status, 422);
  t.match(answers?.[0]?.body, "unless the WatchList feature gate is enabled");
});
