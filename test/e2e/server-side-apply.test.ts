import t from "tap";
import { findBinaries } from "./binaries.ts";
import { Cluster } from "./cluster.ts";

// Why the way out "Recreate" has a precaution: what the API server does with it, by the way it is applied.

t.setTimeout(120_000);
const binaries = await findBinaries();
const skip = "skipped" in binaries ? binaries.skipped : false;

let cluster: Cluster;

t.before(async () => {
  if (!("skipped" in binaries)) cluster = await Cluster.start(binaries);
});

t.after(async () => {
  await cluster?.stop();
});

const web = (strategy?: object): string =>
  JSON.stringify({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", namespace: "default" },
    spec: {
      ...(strategy === undefined ? {} : { strategy }),
      selector: { matchLabels: { app: "web" } },
      template: {
        metadata: { labels: { app: "web" } },
        spec: { containers: [{ name: "web", image: "example.com/web" }] },
      },
    },
  });
const RECREATE = { type: "Recreate" };
const PATCH = '{"spec":{"strategy":{"type":"Recreate","rollingUpdate":null}}}';

t.test(
  "a server-side apply cannot set Recreate until the live object has no rollingUpdate",
  { skip },
  async (t) => {
    const serverSide = ["apply", "--server-side", "-f", "-"];
    await cluster.must(serverSide, web());
    for (const strategy of [RECREATE, { ...RECREATE, rollingUpdate: null }]) {
      t.match(await cluster.kubectl(serverSide, web(strategy)), {
        code: 1,
        stderr: /spec\.strategy\.rollingUpdate: Forbidden/,
      });
    }
    await cluster.must(["patch", "deployment", "web", "--type", "merge", "-p", PATCH]);
    await cluster.must(serverSide, web(RECREATE));
    await cluster.must(["delete", "deployment", "web"]);
  },
);

t.test("where the fenceposts are written in the manifest, and client-side, it can", { skip }, async (t) => {
  for (const [how, before] of [
    [["apply", "--server-side", "-f", "-"], { type: "RollingUpdate", rollingUpdate: { maxSurge: 1 } }],
    [["apply", "-f", "-"], undefined],
  ] as const) {
    await cluster.must(how, web(before));
    await cluster.must(how, web(RECREATE));
    const { spec } = await cluster.get<{ spec: { strategy: object } }>("deployment", "web");
    t.strictSame(spec.strategy, RECREATE);
    await cluster.must(["delete", "deployment", "web"]);
  }
});

t.end();
