import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import t from "tap";
import { renderJson } from "../../src/report/json.ts";
import { buildReport } from "../../src/report/report.ts";
import { errorWith, findingWith, judgedWith } from "./sample.ts";

const schema = JSON.parse(readFileSync(new URL("../../docs/report.schema.json", import.meta.url), "utf8"));
const validate = new Ajv({ strict: true, allowUnionTypes: true, allErrors: true }).compile(schema);

const full = buildReport(
  [
    findingWith(),
    findingWith({
      source: null,
      exempted: { by: "waiver", until: "2027-01-01T00:00:00Z", reason: "moved in January" },
    }),
  ],
  [judgedWith()],
  [errorWith(), errorWith({ fatal: false })],
);

t.test("prints one object that its schema describes", async (t) => {
  for (const report of [full, buildReport([], [], [])]) {
    const text = renderJson(report);
    t.ok(validate(JSON.parse(text)), JSON.stringify(validate.errors));
    t.ok(text.endsWith("}\n"));
  }
});

t.test("the schema refuses what the contract does not say", async (t) => {
  const document = JSON.parse(renderJson(full));
  const broken: readonly [string, unknown][] = [
    ["another schemaVersion", { ...document, schemaVersion: 2 }],
    ["an unknown member", { ...document, more: [] }],
    ["a missing member", { ...document, summary: { workloads: 0, errors: 0, warnings: 0 } }],
    ["an unknown verdict", { ...document, workloads: [{ ...document.workloads[0], verdict: "maybe" }] }],
    ["a line 0", { ...document, errors: [{ ...document.errors[0], line: 0 }] }],
  ];
  for (const [why, value] of broken) t.notOk(validate(value), why);
});

t.test("has exactly the members of the contract, whatever else the policy knows", async (t) => {
  const document = JSON.parse(renderJson(full));
  t.same(Object.keys(document), ["schemaVersion", "findings", "workloads", "errors", "summary"]);
  t.same(Object.keys(document.findings[0]), [
    "rule",
    "severity",
    "workload",
    "source",
    "claims",
    "factors",
    "message",
    "evidence",
    "fixes",
    "exempted",
  ]);
  t.same(Object.keys(document.findings[0].fixes[0]), ["id", "summary", "cost", "patch"]);
  t.same(Object.keys(document.workloads[0]), [
    "apiVersion",
    "kind",
    "namespace",
    "name",
    "verdict",
    "factors",
  ]);
  t.same(Object.keys(document.errors[0]), ["file", "line", "column", "message"]);
});
