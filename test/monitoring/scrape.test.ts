import t from "tap";
import { countWorkloads } from "../../src/admission/workload-gauges.ts";
import { DEFAULT_CONFIG } from "../../src/config/config.ts";
import { createMetrics } from "../../src/metrics.ts";
import { objectOf, reviewOf } from "../admission/support/reviews.ts";
import { startServer } from "../admission/support/server.ts";
import { promtool, WITHOUT_PROMTOOL } from "./promtool.ts";

t.test("promtool has nothing to say against a real scrape", { skip: WITHOUT_PROMTOOL }, async (t) => {
  const { post, scrape, cluster, metrics } = await startServer(t, { objects: [objectOf("004")] });
  await post(reviewOf("042"));
  const whole = { view: cluster.view, workloads: () => cluster.index.workloads() };
  const verify = async () => ({ state: "refused", reason: "no keys" }) as const;
  const counts = await countWorkloads(whole, DEFAULT_CONFIG, verify, new AbortController().signal);
  metrics.showWorkloads(counts);
  metrics.countFinding("rwo-replicas", "error", "shop");
  const text = await scrape();
  for (const name of ["admission_reviews_total", "findings_total", "workloads", "latent_findings"]) {
    t.match(text, `\nattachguard_${name}{`, name);
  }
  const ours = promtool(["check", "metrics"], { input: text });
  t.equal(ours.code, 0, ours.said);
  t.equal(ours.said, "");
  const withProcess = createMetrics();
  const { code, said } = promtool(["check", "metrics"], { input: await withProcess.registry.metrics() });
  withProcess.registry.clear();
  t.equal(code, 0, said);
});
