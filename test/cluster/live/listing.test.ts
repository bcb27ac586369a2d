import t from "tap";
import { claim, deployment, namespace, node, volume } from "../../support/api-server/objects.ts";
import { agrees, live } from "../../support/api-server/live.ts";
import { createAuthority } from "../../support/api-server/certificates.ts";
import type { ApiServerDouble } from "../../support/api-server/api-server.ts";

const fill = (count: number) => (double: ApiServerDouble) => {
  for (let i = 0; i < count; i++) {
    double.put(deployment("shop", `web-${i}`, `data-${i}`));
    double.put(claim("shop", `data-${i}`));
  }
  double.put(volume("pv-1"));
  double.put(namespace("shop"));
  double.put(node("n1"));
};

t.test("lists every kind in pages and then watches from the version of the list", async (t) => {
  const { double, cluster } = await live(t, { fill: fill(25), timings: { pageSize: 10 } });
  await agrees(t, { double, cluster });
  const pages = double.seen("list", "Deployment");
  t.same(
    pages.map(({ query }) => [query.get("limit"), query.has("continue")]),
    [["10", false], ["10", true], ["10", true]],
  );
  await double.until(() => double.watchers() === 12);
  const [watch] = double.seen("watch", "Deployment");
  t.equal(watch?.query.get("resourceVersion"), double.version);
  t.equal(watch?.query.get("allowWatchBookmarks"), "true");
  const seconds = Number(watch?.query.get("timeoutSeconds"));
  t.ok(seconds >= 300 && seconds <= 600, `timeoutSeconds ${seconds}`);
  double.put(deployment("shop", "late", "data-1"));
  double.remove("Deployment", "shop", "web-3");
  await agrees(t, { double, cluster });
});

t.test("works over TLS with the CA of the kubeconfig", async (t) => {
  const { double, cluster } = await live(t, { fill: fill(3), authority: await createAuthority() });
  t.match(double.url, /^https:/);
  double.put(claim("shop", "ü-多"));
  await agrees(t, { double, cluster });
});
