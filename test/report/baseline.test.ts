import t from "tap";
import { baselineMatcher, renderBaseline } from "../../src/report/baseline.ts";
import type { ReportParts } from "../../src/report/report.ts";
import { findingWith, reportWith } from "./sample.ts";

const warning = findingWith({ severity: "warning" });
const moved = { file: "web.yaml", line: 90, column: 1 };

function against(accepted: ReportParts["findings"], found: ReportParts["findings"]) {
  const text = renderBaseline(reportWith(accepted ? { findings: accepted } : {}));
  const matcher = baselineMatcher("b.json", text);
  const report = reportWith({ findings: found ?? [], isKnown: matcher.isKnown });
  return { summary: report.summary, obsolete: matcher.obsolete() };
}

t.test("what is accepted is known, wherever it moves to in its file", async (t) => {
  const { summary, obsolete } = against([findingWith()], [findingWith({ source: moved })]);
  t.match(summary, { errors: 0, known: 1 });
  t.same(obsolete, []);
});

t.test("what changes with a rollout, such as an image or a number, changes no fingerprint", async (t) => {
  const later = findingWith({ problem: "asks for 5 replicas", evidence: [], fixes: [] });
  t.match(against([findingWith()], [later]).summary, { known: 1 });
});

t.test("new are: one more of it, a graver one, another claim, another folder, another name", async (t) => {
  const claims = findingWith().claims.map((claim) => ({ ...claim, name: "other" }));
  const rows: readonly (readonly [string, ReportParts["findings"], ReportParts["findings"]])[] = [
    ["one more", [findingWith()], [findingWith(), findingWith({ source: moved })]],
    ["graver", [warning], [findingWith()]],
    ["another claim", [findingWith()], [findingWith({ claims })]],
    ["another folder", [findingWith()], [findingWith({ source: { ...moved, file: "other/web.yaml" } })]],
    [
      "another name",
      [findingWith()],
      [findingWith({ workload: { ...findingWith().workload, name: "api" } })],
    ],
  ];
  for (const [why, accepted, found] of rows) t.equal(against(accepted, found).summary.errors, 1, why);
  t.match(against([findingWith()], [warning]).summary, { warnings: 0, known: 1 }, "a milder one is known");
});

t.test("an entry that nothing came up for is named", async (t) => {
  t.match(against([findingWith()], []).obsolete, [
    /^the baseline's rwo-rolling-update of Deployment shop\/web is no longer found/,
  ]);
});

t.test("what is exempted is neither accepted nor known", async (t) => {
  const exempted = findingWith({
    severity: "warning",
    exempted: { by: "annotation", until: null, reason: "x", severity: "error" },
  });
  t.same(JSON.parse(renderBaseline(reportWith({ findings: [exempted] }))).findings, []);
});

t.test("what is not a usable baseline is refused with the way out", async (t) => {
  for (const text of [
    "",
    "[]",
    "{}",
    '{"kind":"Baseline","schemaVersion":9,"findings":[]}',
    '{"kind":"Baseline","schemaVersion":1,"findings":[{"fingerprint":"x"}]}',
  ]) {
    t.throws(() => baselineMatcher("b.json", text), {
      code: "AG_ERR_INPUT",
      message: /^b\.json: this is not a usable baseline .* --write-baseline$/,
    });
  }
});
