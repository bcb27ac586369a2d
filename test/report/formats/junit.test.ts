import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { validateXML } from "xmllint-wasm";
import { renderJunit } from "../../../src/report/formats/junit.ts";
import { errorWith, findingWith, judgedWith, reportWith } from "../sample.ts";
import { PLAIN } from "./options.ts";

const SCHEMA = join(import.meta.dirname, "../../../../shared/schemas/junit-10.xsd");
const exempted = { by: "annotation", until: null, reason: "one node", severity: "error" } as const;

const full = reportWith({
  findings: [
    findingWith(),
    findingWith({ rule: "rwo-replicas", severity: "warning" }),
    findingWith({ rule: "rwo-shared-claim", severity: "warning", exempted }),
    findingWith({ source: null }),
  ],
  workloads: [judgedWith(), judgedWith({ workload: findingWith().workload, source: findingWith().source })],
  errors: [errorWith({ message: 'bad & "worse" <\u0000\ud800>' })],
});

t.test("is well-formed, and what Jenkins' xUnit takes but for the file of a case", async (t) => {
  if (!existsSync(SCHEMA)) return t.comment("skipped: the JUnit schema is not beside this checkout");
  for (const report of [full, reportWith()]) {
    const xml = renderJunit(report, PLAIN);
    // The plugin that reads `file` on a case is Jenkins' own, which checks no schema.
    const contents = xml.replace(/(<testcase [^>]*?) file="[^"]*"/g, "$1");
    const { valid, errors } = await validateXML({
      xml: [{ fileName: "report.xml", contents }],
      schema: [readFileSync(SCHEMA, "utf8")],
    });
    t.ok(
      valid || (report !== full && errors.every(({ message }) => /testsuite/.test(message))),
      `${errors.map(({ message }) => message)}`,
    );
  }
});

t.test("a case fails where it counts for --fail-on, the others pass with their text", async (t) => {
  const xml = renderJunit(full, PLAIN);
  const count = (name: string) => [...xml.matchAll(new RegExp(`<${name} `, "g"))].length;
  t.equal(count("failure"), 2);
  t.equal(count("skipped"), 1);
  t.equal(count("error"), 1);
  t.match(xml, /<testsuites name="attachguard" tests="6" failures="2" errors="1">/);
  t.match(xml, /classname="shop\.Deployment" name="web \[rwo-replicas\]" file="web\.yaml"/);
  const strict = renderJunit(full, { ...PLAIN, failOn: "warning" });
  t.equal([...strict.matchAll(/<failure /g)].length, 3);
});

t.test(
  "a workload without findings is a case that passes, and no name stands twice in a suite",
  async (t) => {
    const twice = renderJunit(
      reportWith({ findings: [findingWith(), findingWith()], workloads: [judgedWith()] }),
      PLAIN,
    );
    t.match(twice, /name="api"[^>]*>\n {6}<system-out>it never has two pods at once/);
    t.match(twice, /name="web \[rwo-rolling-update\] \(2\)"/);
  },
);
