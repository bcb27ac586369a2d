import t from "tap";
import { renderGitlab } from "../../../src/report/formats/gitlab.ts";
import { findingWith, reportWith } from "../sample.ts";
import { PLAIN } from "./options.ts";

const entries = (report: ReturnType<typeof reportWith>, options = PLAIN) =>
  JSON.parse(renderGitlab(report, options));

t.test("is one array with exactly what the reader takes", async (t) => {
  t.equal(renderGitlab(reportWith(), PLAIN), "[]\n");
  const [entry] = entries(reportWith({ findings: [findingWith()] }));
  t.same(Object.keys(entry), ["description", "check_name", "fingerprint", "severity", "location"]);
  t.match(entry, {
    description: "Deployment shop/web can get stuck. Fix: strategy Recreate.",
    check_name: "rwo-rolling-update",
    severity: "critical",
    location: { path: "web.yaml", lines: { begin: 3 } },
  });
});

t.test("a second finding with one fingerprint has one of its own, and the first keeps its own", async (t) => {
  const once = entries(reportWith({ findings: [findingWith()] }));
  const twice = entries(
    reportWith({
      findings: [findingWith({ source: { file: "other.yaml", line: 9, column: 1 } }), findingWith()],
    }),
  );
  t.equal(new Set(twice.map(({ fingerprint }: { fingerprint: string }) => fingerprint)).size, 2);
  t.equal(twice[0].fingerprint, once[0].fingerprint);
});

t.test("what has no file is left out; what is known stays, or it would be taken for fixed", async (t) => {
  t.same(entries(reportWith({ findings: [findingWith({ source: null })] })), []);
  t.equal(entries(reportWith({ findings: [findingWith()], isKnown: () => true })).length, 1);
});
