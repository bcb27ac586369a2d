import t from "tap";
import type { AuditFacts } from "../../src/report/audit-facts.ts";
import { auditOverview } from "../../src/report/audit-overview.ts";
import { renderMarkdown } from "../../src/report/formats/markdown.ts";
import { renderText } from "../../src/report/formats/text.ts";
import { mergedReport } from "../../src/report/report.ts";
import { PLAIN } from "./formats/options.ts";
import { findingWith, judgedWith, reportWith } from "./sample.ts";

const audit: AuditFacts = {
  cluster: { uid: "u-1", context: "prod" },
  scope: { namespace: null, selector: null },
  time: "2026-11-09T08:00:00Z",
  read: [{ kind: "Node", namespace: null, state: "unread", why: "forbidden" }],
};
const NOW = Date.parse(audit.time);
const DAY = 86_400_000;

const ref = (name: string, namespace = "shop") => ({ ...findingWith().workload, name, namespace });
const storageOnly = [{ id: "rwx-claim", summary: "x", cost: "y", targets: [] }] as const;
const exempted = (until: string | null) =>
  ({ by: "waiver", until, reason: "moves", severity: "error" }) as const;

const report = reportWith({
  audit,
  findings: [
    findingWith({ workload: ref("rolls"), source: null }),
    findingWith({ workload: ref("scales"), source: null, rule: "rwo-autoscaling", fixes: storageOnly }),
    findingWith({ workload: ref("mild", "lab"), source: null, severity: "warning" }),
    findingWith({
      workload: ref("soon"),
      source: null,
      severity: "warning",
      exempted: exempted(new Date(NOW + 3 * DAY).toISOString()),
    }),
    findingWith({
      workload: ref("later"),
      source: null,
      severity: "warning",
      exempted: exempted(new Date(NOW + 30 * DAY).toISOString()),
    }),
  ],
  workloads: [
    judgedWith({ workload: ref("mild", "lab"), verdict: "warn" }),
    judgedWith({
      workload: ref("rolls"),
      verdict: "deny",
      state: "latent",
      plan: {
        fixes: findingWith().fixes.filter(({ id }) => id === "recreate"),
        steps: [findingWith().fixes.flatMap(({ targets }) => targets)],
      },
    }),
    judgedWith({ workload: ref("scales"), verdict: "deny", state: "latent", imminent: "near-maximum" }),
    judgedWith({ workload: ref("hangs"), verdict: "allow", state: "stuck", reason: "waits for itself" }),
  ],
});

t.test(
  "the worst first: stuck, then what an autoscaler may push over, then errors, then warnings",
  async (t) => {
    const { worst } = auditOverview(report, NOW);
    t.same(
      worst.map(({ workload }) => workload.name),
      ["hangs", "scales", "rolls", "mild"],
    );
  },
);

t.test(
  "an unfinished rollout comes before an autoscaler near its maximum, and what is safe is not imminent",
  async (t) => {
    const waits = judgedWith({ workload: ref("waits"), state: "latent", imminent: "rollout-unfinished" });
    const safe = judgedWith({ workload: ref("safe"), imminent: "rollout-unfinished" });
    const more = {
      ...report,
      findings: reportWith({
        findings: ["rolls", "scales", "waits"].map((name) =>
          findingWith({ workload: ref(name), source: null }),
        ),
      }).findings,
      workloads: [...report.workloads, waits, safe],
    };
    t.same(
      auditOverview(more, NOW).worst.map(({ workload }) => workload.name),
      ["hangs", "waits", "scales", "rolls"],
    );
    const text = renderText(more, { colour: false, detail: "summary" });
    t.match(text, "latent   Deployment shop/waits: its rollout has not finished");
    t.match(text, "latent   Deployment shop/scales: its autoscaler is within one of the maximum");
    const markdown = renderMarkdown(more, PLAIN);
    t.match(markdown, "3 latent (would get stuck), 1 stuck now.");
    t.match(markdown, "**Stuck now:**\n\n- `Deployment shop/hangs`: waits for itself");
  },
);

t.test("tallies count what is neither exempted nor known", async (t) => {
  const { byNamespace, byRule, byDriver, byClass } = auditOverview(report, NOW);
  t.same(byNamespace, [
    ["shop", 2, 0],
    ["lab", 0, 1],
  ]);
  t.same(byRule, [
    ["rwo-rolling-update", 1, 1],
    ["rwo-autoscaling", 1, 0],
  ]);
  t.same(byDriver, [["ebs.csi.aws.com", 2, 1]]);
  t.same(byClass, [["gp3", 2, 1]]);
});

t.test("what Recreate mends, what needs another storage, and which exemptions end soon", async (t) => {
  const { fixedByRecreate, needStorage, expiring } = auditOverview(report, NOW);
  t.same(
    fixedByRecreate.map(({ workload }) => workload.workload.name),
    ["rolls"],
  );
  t.same(
    needStorage.map(({ workload }) => workload.name),
    ["scales"],
  );
  t.same(
    expiring.map(({ finding }) => finding.workload.name),
    ["soon"],
  );
});

t.test("the first screen says it in words, and what was not read", async (t) => {
  const text = renderText({ ...report, since: null }, { colour: false, detail: "summary" });
  t.match(text, "Audit of prod at 2026-11-09T08:00:00Z");
  t.match(
    text,
    /4 workloads with volumes; 4 of them .*\n.*2 latent \(would get stuck\), 1\nstuck now|2 latent/,
  );
  t.match(text, "stuck    Deployment shop/hangs: waits for itself");
  t.match(text, "Fixed by strategy Recreate alone (1;");
  t.match(text, "kubectl patch deployment web -n shop");
  t.match(text, "Exempted (2, 1 of them expire within 14 days)");
  t.match(text, "Not read, so not judged or only in part: Node (forbidden)");
});

t.test("of several clusters each finding says its own, and one that fails spoils nothing", async (t) => {
  const merged = mergedReport([
    { context: "a", report },
    { context: "b", report: { ...report, audit: { ...audit, cluster: { uid: "u-2", context: "b" } } } },
    { context: "c", report: { uid: null, context: "c", problem: "context c: it does not answer" } },
  ]);
  t.same([...new Set(merged.findings.map(({ cluster }) => cluster))], ["a", "b"]);
  t.equal(merged.summary.errors, 2 * report.summary.errors);
  t.match(merged.errors, [{ message: "context c: it does not answer", code: "AG_ERR_API_SERVER" }]);
  t.equal(auditOverview(merged, NOW).fixedByRecreate.length, 2, "of one name in two clusters both");
  t.throws(() => mergedReport([{ context: "c", report: { uid: null, context: "c", problem: "gone" } }]), {
    code: "AG_ERR_API_SERVER",
  });
});
