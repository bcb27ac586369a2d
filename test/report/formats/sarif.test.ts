import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import AjvDraft04 from "ajv-draft-04";
import t from "tap";
import { renderSarif } from "../../../src/report/formats/sarif.ts";
import { errorWith, findingWith, reportWith } from "../sample.ts";
import { PLAIN } from "./options.ts";

const SCHEMA = join(import.meta.dirname, "../../../../shared/schemas/sarif-2.1.0.json");
const exempted = { by: "waiver", until: null, reason: "moves", severity: "error" } as const;

const run = (report: ReturnType<typeof reportWith>, options = PLAIN) =>
  JSON.parse(renderSarif(report, options)).runs[0];

t.test("is valid SARIF 2.1.0, with and without findings", async (t) => {
  if (!existsSync(SCHEMA)) return t.comment("skipped: the SARIF schema is not beside this checkout");
  const Ajv = AjvDraft04.default;
  const validate = new Ajv({ strict: false, validateFormats: false, allErrors: true }).compile(
    JSON.parse(readFileSync(SCHEMA, "utf8")),
  );
  const place = { file: "a b/%.yaml", line: 3, column: 5, endColumn: 9, text: null };
  const reports = [
    reportWith(),
    reportWith({
      findings: [
        findingWith(),
        findingWith({ severity: "warning", exempted }),
        findingWith({ source: null }),
      ],
      errors: [errorWith(), errorWith({ file: "" })],
      placesOf: ({ source }) => ({
        place: source && place,
        relatedPlaces: [{ object: findingWith().workload, place }],
      }),
      isKnown: () => true,
    }),
  ];
  for (const report of reports) {
    const log = JSON.parse(renderSarif(report, { ...PLAIN, includeExempted: true }));
    t.ok(validate(log), JSON.stringify(validate.errors));
  }
});

t.test("what has no file is counted in a notification and is no result", async (t) => {
  const { results, invocations } = run(
    reportWith({ findings: [findingWith({ source: null }), findingWith()] }),
  );
  t.equal(results.length, 1);
  t.match(invocations[0].toolExecutionNotifications, [
    { message: { text: /^1 finding is left out: not in a/ } },
  ]);
});

t.test("one place a result, on one line, relative and encoded", async (t) => {
  const place = { file: "a b/web.yaml", line: 7, column: 3, endColumn: 11, text: null };
  const [result] = run(
    reportWith({ findings: [findingWith()], placesOf: () => ({ place, relatedPlaces: [] }) }),
  ).results;
  t.same(result.locations[0].physicalLocation, {
    artifactLocation: { uri: "a%20b/web.yaml" },
    region: { startLine: 7, startColumn: 3, endColumn: 11 },
  });
});

t.test("exempted findings only where asked for, as suppressions", async (t) => {
  const report = reportWith({ findings: [findingWith({ severity: "warning", exempted })] });
  t.same(run(report).results, []);
  t.match(run(report, { ...PLAIN, includeExempted: true }).results, [
    { suppressions: [{ kind: "inSource", status: "accepted", justification: /moves/ }] },
  ]);
});

t.test("keeps the 5,000 gravest and counts the rest", async (t) => {
  const warning = findingWith({ severity: "warning" });
  const { results, invocations } = run(
    reportWith({ findings: [...Array(5_000).fill(warning), findingWith()] }),
  );
  t.equal(results.length, 5_000);
  t.equal(results[0].level, "error");
  t.match(invocations[0].toolExecutionNotifications, [
    { message: { text: /^1 finding is left out: beyond/ } },
  ]);
  t.equal(
    new Set(
      results.map(({ partialFingerprints }: { partialFingerprints: object }) =>
        JSON.stringify(partialFingerprints),
      ),
    ).size,
    5_000,
    "each fingerprint once",
  );
});

t.test("says what is known where a comparison was made, and leaves nothing known out", async (t) => {
  const known = reportWith({ findings: [findingWith()], isKnown: () => true });
  t.match(run(known).results, [{ baselineState: "unchanged" }]);
  t.notHas(run(reportWith({ findings: [findingWith()] })).results[0], { baselineState: "new" });
});

t.test("rules carry help and no security severity", async (t) => {
  const { rules } = run(reportWith()).tool.driver;
  for (const rule of rules) {
    t.ok(rule.help.text.length > 0 && rule.help.markdown.length > 0, rule.id);
    t.ok(rule.shortDescription.text.length <= 1024 && rule.fullDescription.text.length <= 1024);
    t.notOk("security-severity" in rule.properties);
  }
});
