import t from "tap";
import { renderGithub } from "../../../src/report/formats/github.ts";
import { errorWith, findingWith, judgedWith, noteWith, reportWith } from "../sample.ts";
import { PLAIN } from "./options.ts";

const linesOf = (report: ReturnType<typeof reportWith>): readonly string[] =>
  renderGithub(report, PLAIN).trimEnd().split("\n");

t.test("an annotation a finding, on its line, and the total last", async (t) => {
  const place = { file: "k8s/web.yaml", line: 7, column: 3, endColumn: 11, text: null };
  const [first, last] = linesOf(
    reportWith({
      findings: [findingWith()],
      workloads: [judgedWith()],
      placesOf: () => ({ place, relatedPlaces: [] }),
    }),
  );
  t.match(
    first,
    /^::error file=k8s\/web\.yaml,line=7,col=3,endColumn=11,title=Deployment shop\/web \[rwo-rolling-update\]::Deployment shop\/web can get stuck\.%0A/,
  );
  t.equal(last, "::notice title=attachguard::1 error, 0 warnings in 1 workload with volumes");
});

t.test("the total says what was not judged", async (t) => {
  const notes = [noteWith({ unrendered: true, message: "a chart was not rendered" }), noteWith()];
  const notJudged = [{ object: { ...judgedWith().workload, kind: "CloneSet" }, source: null }];
  t.strictSame(linesOf(reportWith({ notes, notJudged })), [
    "::notice title=attachguard::0 errors, 0 warnings in 0 workloads with volumes; not everything was judged: a chart was not rendered; 1 more object mounts a claim and was not judged: CloneSet shop/api",
  ]);
});

t.test("the gravest ten of each kind, since the runner drops the rest without a word", async (t) => {
  const warning = findingWith({ severity: "warning" });
  const lines = linesOf(
    reportWith({
      findings: [...Array(30).fill(warning), ...Array(30).fill(findingWith())],
      errors: [errorWith(), errorWith({ line: 3 })],
    }),
  );
  t.equal(lines.filter((line) => line.startsWith("::error")).length, 10);
  t.equal(lines.filter((line) => line.startsWith("::warning")).length, 10);
  t.match(lines[0], /^::error file=bad\.yaml/, "what could not be read comes first");
  t.match(lines.at(-1), "30 errors, 30 warnings, 2 problems with the input");
});

t.test("a message is cut where the runner would cut it", async (t) => {
  const [line = ""] = linesOf(reportWith({ findings: [findingWith({ problem: "x".repeat(9_000) })] }));
  t.ok(line.slice(line.indexOf("]::")).length < 4_200);
});
