import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import t from "tap";
import type { Fix } from "../../../src/policy/fixes.ts";
import { renderJson } from "../../../src/report/formats/json.ts";
import type { Telling } from "../../../src/report/report.ts";
import { IN_FILES, STORED } from "../../support/telling.ts";
import { errorWith, findingWith, judgedWith, noteWith, reportWith } from "../sample.ts";

const schema = JSON.parse(readFileSync(new URL("../../../docs/report.schema.json", import.meta.url), "utf8"));
const validate = new Ajv({ strict: true, allowUnionTypes: true, allErrors: true }).compile(schema);

const full = reportWith({
  findings: [
    findingWith(),
    findingWith({
      source: null,
      factors: null,
      exempted: {
        by: "waiver",
        until: "2027-01-01T00:00:00Z",
        reason: "moved in January",
        severity: "error",
      },
    }),
  ],
  workloads: [judgedWith()],
  notJudged: [{ object: { ...judgedWith().workload, kind: "CloneSet" }, source: null }],
  errors: [errorWith()],
  notes: [noteWith(), noteWith({ source: null })],
  telling: { docsUrl: "https://example.com/rules/", isStored: () => true },
});

t.test("prints one object that its schema describes", async (t) => {
  for (const report of [full, reportWith()]) {
    const text = renderJson(report);
    t.ok(validate(JSON.parse(text)), JSON.stringify(validate.errors));
    t.ok(text.endsWith("}\n"));
  }
});

t.test(
  "what a fix changes and what has a part in it are named in full, whatever the file says",
  async (t) => {
    const web = { apiVersion: "apps/v1", kind: "Deployment", namespace: "", name: "web" };
    const fix: Fix = { id: "recreate", summary: "", cost: "", targets: [{ object: web, patch: {} }] };
    const report = reportWith({
      findings: [findingWith({ workload: { ...web, namespace: "default" }, fixes: [fix] })],
    });
    const object = { ...web, apiVersion: "v1", kind: "PersistentVolumeClaim", name: "data" };
    const place = { file: "web.yaml", line: 1, column: 1, endColumn: null, text: null };
    const relatedPlaces = [{ object, place }];
    const findings = report.findings.map((finding) => ({ ...finding, relatedPlaces }));
    const [{ fixes, related }] = JSON.parse(renderJson({ ...report, findings })).findings;
    t.equal(fixes[0].targets[0].namespace, "default");
    t.equal(related[0].namespace, "default");
  },
);

t.test("the schema refuses what the contract does not say", async (t) => {
  const document = JSON.parse(renderJson(full));
  const broken: readonly [string, unknown][] = [
    ["another schemaVersion", { ...document, schemaVersion: 1 }],
    ["an unknown member", { ...document, more: [] }],
    ["a missing member", { ...document, summary: { workloads: 0, errors: 0, warnings: 0 } }],
    ["an unknown verdict", { ...document, workloads: [{ ...document.workloads[0], verdict: "maybe" }] }],
    ["a line 0", { ...document, errors: [{ ...document.errors[0], line: 0 }] }],
  ];
  for (const [why, value] of broken) t.notOk(validate(value), why);
});

t.test("has exactly the members of the contract, whatever else the policy knows", async (t) => {
  const document = JSON.parse(renderJson(full));
  const members = (value: object): string => Object.keys(value).join(" ");
  t.equal(members(document), "schemaVersion toolVersion findings workloads notJudged errors notes summary");
  t.equal(
    members(document.findings[0]),
    "rule severity workload source place related claims factors message evidence fixes docsUrl fingerprint known exempted",
  );
  t.equal(members(document.findings[0].fixes[0]), "id summary cost softens patch targets commands");
  t.equal(members(document.workloads[0]), "apiVersion kind namespace name source verdict state factors plan");
  t.equal(members(document.errors[0]), "file line column message code");
  t.equal(members(document.notes[0]), "source message");
});

t.test(
  "a fix has the patch of the object itself, all targets, and a command only for what is stored",
  async (t) => {
    const [web] = findingWith().fixes;
    const scaler = {
      apiVersion: "autoscaling/v2",
      kind: "HorizontalPodAutoscaler",
      namespace: "shop",
      name: "web",
    };
    const patch = { spec: { maxReplicas: 1 } };
    const two = { ...web, targets: [{ object: scaler, patch }, ...(web?.targets ?? [])] } as Fix;
    const fixIn = (telling: Telling) =>
      JSON.parse(renderJson(reportWith({ findings: [findingWith({ fixes: [two] })], telling }))).findings[0]
        .fixes[0];
    t.same(fixIn(STORED).patch, { spec: { strategy: { type: "Recreate", rollingUpdate: null } } });
    t.same(fixIn(STORED).targets[0], { ...scaler, patch });
    t.equal(fixIn(STORED).commands.length, 2);
    t.same(fixIn(IN_FILES).commands, []);
  },
);
