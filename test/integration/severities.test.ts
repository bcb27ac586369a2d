/** Every rule with every configured severity, in a file and at creation: one answer. */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import t from "tap";
import { parseAllDocuments } from "yaml";
import { RULES } from "../../src/policy/rules/index.ts";
import { MemoryCluster } from "../admission/support/memory-cluster.ts";
import type { Json } from "../admission/support/reviews.ts";
import { responseOf, startServer, verdictSeen } from "../admission/support/server.ts";
import { run } from "../cli/run.ts";
import { creationOf, type Manifest } from "../demo/review.ts";

const SETTINGS = [undefined, "error", "warning", "off"] as const;
type Setting = (typeof SETTINGS)[number];

/** The objects of a rule's failing example, the one that breaks the rule first. */
function objectsOf(text: string, subject: string): readonly Manifest[] {
  const objects = parseAllDocuments(text).map((document) => {
    const object = document.toJS() as Manifest;
    return { ...object, metadata: { namespace: "default", ...object.metadata } };
  });
  const isSubject = ({ kind }: Manifest) =>
    subject === "claim" ? kind === "PersistentVolumeClaim" : /^(Deployment|StatefulSet)$/.test(kind);
  return [...objects.filter(isSubject), ...objects.filter((object) => !isSubject(object))];
}

/** What a rule's own finding comes to: where others decide as well, they are turned off. */
function configFor(rule: string, setting: Setting): Readonly<Record<string, "error" | "warning" | "off">> {
  const others = RULES.filter(({ id }) => id !== rule).map(({ id }) => [id, "off"] as const);
  return Object.fromEntries([...others, ...(setting === undefined ? [] : [[rule, setting] as const])]);
}

const VERDICTS = { error: "deny", warning: "warn", off: "allow" } as const;

t.test("check and admission do with a configured severity what it says", async (t) => {
  const server = await startServer(t, { cluster: new MemoryCluster() });
  for (const rule of RULES) {
    for (const setting of SETTINGS) {
      const what = `${rule.id}: ${setting ?? "as it is"}`;
      const severities = configFor(rule.id, setting);
      const folder = t.testdir({
        "example.yaml": rule.examples.fail,
        "config.yaml": JSON.stringify({ severities }),
      });
      const checked = await run([
        "check",
        join(folder, "example.yaml"),
        "--format=json",
        "--config",
        join(folder, "config.yaml"),
      ]);
      const wanted = setting ?? rule.severity;
      const found = JSON.parse(checked.out).findings.map(({ severity }: { severity: string }) => severity);
      t.same([...new Set(found)], wanted === "off" ? [] : [wanted], `${what}, in a file`);
      t.equal(checked.code, wanted === "error" ? 1 : 0, `${what}, exit code`);

      const [subject, ...others] = objectsOf(rule.examples.fail, rule.subject);
      server.cluster.reset(others);
      server.configure({ severities });
      const review = creationOf(subject as Manifest, randomUUID());
      const answer = responseOf(t, await server.post(review), review);
      t.equal(verdictSeen(answer), VERDICTS[wanted], `${what}, at creation`);
    }
  }
});

t.test(
  "a claim that is missing for certain denies where that is configured, and nothing less certain does",
  async (t) => {
    const rule = RULES.find(({ id }) => id === "claim-unknown");
    const [subject] = objectsOf(rule?.examples.fail ?? "", "workload");
    const cluster = new MemoryCluster();
    const server = await startServer(t, {
      cluster,
      config: { severities: { "claim-unknown": "error" } },
    });
    const verdictOf = async (dryRun: boolean): Promise<string> => {
      const review = creationOf(subject as Manifest, randomUUID()) as Json & { request: Json };
      review.request.dryRun = dryRun;
      return verdictSeen(responseOf(t, await server.post(review), review));
    };
    t.equal(await verdictOf(false), "deny", "a complete picture and a direct look call it absent");
    t.equal(await verdictOf(true), "warn", "a dry run stores nothing, so what it needs may come with it");
    const { ClusterIndex } = await import("../../src/cluster/cluster-index.ts");
    cluster.index = new ClusterIndex({ completeness: () => ({ reason: "the lookup failed" }) });
    t.equal(await verdictOf(false), "warn", "a lookup that failed says nothing");
  },
);
