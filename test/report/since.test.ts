import t from "tap";
import type { AuditFacts } from "../../src/report/audit-facts.ts";
import { renderJson } from "../../src/report/formats/json.ts";
import type { ReportParts } from "../../src/report/report.ts";
import { since } from "../../src/report/since.ts";
import { findingWith, judgedWith, reportWith } from "./sample.ts";

const COMPLETE: AuditFacts = {
  cluster: { uid: "u-1", context: "prod" },
  scope: { namespace: null, selector: null },
  time: "2026-11-02T08:00:00Z",
  read: [{ kind: "Deployment", namespace: null, state: "complete", why: null }],
};
const warning = findingWith({ severity: "warning", source: null });
const error = findingWith({ source: null });

function compare(
  before: Partial<ReportParts>,
  after: Partial<ReportParts>,
  facts: { readonly before?: Partial<AuditFacts>; readonly after?: Partial<AuditFacts> } = {},
) {
  const earlier = renderJson(reportWith({ ...before, audit: { ...COMPLETE, ...facts.before } }));
  const audit = { ...COMPLETE, ...facts.after, time: "2026-11-09T08:00:00Z" };
  return since("old.json", earlier, reportWith({ ...after, audit }), audit);
}

t.test("new, fixed, graver and unchanged, in numbers of findings", async (t) => {
  const rows: readonly (readonly [string, ReportParts["findings"], ReportParts["findings"], object])[] = [
    ["unchanged", [error], [error], { unchanged: 1, new: 0, fixed: 0, graver: 0 }],
    ["new", [], [error], { new: 1 }],
    ["fixed", [error], [], { fixed: 1, notComparable: 0 }],
    ["graver", [warning], [error], { graver: 1, unchanged: 0 }],
    ["milder", [error], [warning], { unchanged: 1, graver: 0 }],
    ["one more of it", [error], [error, error], { unchanged: 1, new: 1 }],
  ];
  for (const [why, before, after, expected] of rows) {
    t.match(compare({ findings: before ?? [] }, { findings: after ?? [] }), expected, why);
  }
});

t.test("latent then and stuck now is graver", async (t) => {
  const { workload } = findingWith();
  const at = (state: "latent" | "stuck") => ({
    findings: [error],
    workloads: [judgedWith({ workload, state, verdict: "deny" })],
  });
  t.match(compare(at("latent"), at("stuck")), { graver: 1, unchanged: 0 });
  t.match(compare(at("stuck"), at("stuck")), { graver: 0, unchanged: 1 });
});

t.test("gone is fixed only where the kinds were completely read both times", async (t) => {
  const unread = [{ kind: "Deployment", namespace: null, state: "unread", why: "forbidden" }] as const;
  for (const facts of [{ before: { read: unread } }, { after: { read: unread } }]) {
    const compared = compare({ findings: [error] }, { findings: [] }, facts);
    t.match(compared, { fixed: 0, notComparable: 1 });
    t.match(compared.reasons, [/^Deployment objects were not read completely (then|now) \(forbidden\)$/]);
  }
});

t.test("another cluster, scope or file is refused", async (t) => {
  const refused = { code: "AG_ERR_INPUT" };
  t.throws(() => compare({}, {}, { before: { cluster: { uid: "u-2", context: "prod" } } }), {
    ...refused,
    message: /another cluster \(uid u-2, here u-1\)/,
  });
  t.throws(() => compare({}, {}, { before: { scope: { namespace: "shop", selector: null } } }), {
    ...refused,
    message: /another namespace or selector/,
  });
  for (const text of ["", "[]", "{}", renderJson(reportWith())]) {
    t.throws(() => since("old.json", text, reportWith(), COMPLETE), refused);
  }
});
