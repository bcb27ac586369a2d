import t from "tap";
import { renderProblems, renderText } from "../../../src/report/formats/text.ts";
import { errorWith, findingWith, judgedWith, noteWith, reportWith } from "../sample.ts";

t.test("shows what is wrong, where, why, and every way out with its command", async (t) => {
  const text = renderText(
    reportWith({ findings: [findingWith()], workloads: [judgedWith(), judgedWith({ verdict: "deny" })] }),
    { colour: false },
  );
  t.equal(
    text,
    `ERROR  Deployment shop/web  [rwo-rolling-update]
  web.yaml:3:1

  Deployment shop/web can get stuck.
    - one pod more and none fewer
    - the claim is ReadWriteOnce

  How to fix it
    1. Use strategy Recreate
       Cost: brief downtime
       on the live object: kubectl patch deployment web -n shop --type merge -p '{"spec":{"strategy":{"type":"Recreate","rollingUpdate":null}}}'
    2. Use a ReadWriteMany claim
       Cost: a new claim

  More: attachguard explain rwo-rolling-update

OK  Deployment shop/api: it never has two pods at once  api.yaml:1:1
    - strategy Recreate ends the old pod first

2 workloads that mount a claim: 1 denied, 0 with a warning, 1 allowed. 1 error, 0 warnings.
`,
  );
});

t.test("a way out that stands above for the same workload is not told in full again", async (t) => {
  const second = findingWith({ rule: "rwo-shared-claim" });
  const other = findingWith({ workload: { ...second.workload, name: "zoo" } });
  const text = renderText(reportWith({ findings: [second, findingWith(), other] }), { colour: false });
  t.equal(text.match(/^ {4}1\. Use strategy Recreate \(as above\)$/gm)?.length, 1);
  t.equal(text.match(/^ {7}on the live object: kubectl patch/gm)?.length, 2, "once for each workload");
});

t.test("says that nothing was there to judge", async (t) => {
  t.equal(renderText(reportWith(), { colour: false }), "No workload mounts a claim. 0 errors, 0 warnings.\n");
  t.equal(
    renderText(reportWith({ notes: [noteWith({ unrendered: true })] }), { colour: false })
      .split("\n")
      .at(-2),
    "No workload that was judged mounts a claim, and not everything was rendered. 0 errors, 0 warnings.",
  );
});

t.test("says in the summary that a part of the input was not judged", async (t) => {
  const text = renderText(reportWith({ errors: [errorWith()], notes: [noteWith()] }), { colour: false });
  t.match(text, "Not everything was judged: 1 problem with the input.");
});

t.test("names who let a finding through, until when and why", async (t) => {
  const exempted = {
    by: "waiver",
    until: "2027-01-01T00:00:00Z",
    reason: "moved in January",
    severity: "error",
  } as const;
  const text = renderText(reportWith({ findings: [findingWith({ severity: "warning", exempted })] }), {
    colour: false,
  });
  t.match(text, /^EXEMPTED {2}Deployment shop\/web/);
  t.match(text, "exempted by waiver until 2027-01-01T00:00:00Z: moved in January");
  t.match(text, "0 errors, 0 warnings, 1 exempted.");
});

t.test("colours only where asked to", async (t) => {
  const report = reportWith({ findings: [findingWith()], workloads: [judgedWith()], errors: [errorWith()] });
  t.notMatch(renderText(report, { colour: false }), "\u001b");
  t.notMatch(renderProblems(report, { colour: false }), "\u001b");
  t.match(renderText(report, { colour: true }), "\u001b[31mERROR\u001b[39m");
  t.match(renderProblems(report, { colour: true }), "\u001b[31merror\u001b[39m");
});

t.test("a name cannot move the cursor, forge a line or turn the text around", async (t) => {
  const name = "web\u001b[2K\r\nOK\u202e";
  const evil = findingWith({
    workload: { ...findingWith().workload, name },
    source: { file: name, line: 1, column: 1 },
    evidence: [name],
    fixes: [{ id: "recreate", summary: name, cost: name, targets: [] }],
    exempted: { by: "annotation", until: name, reason: name, severity: "error" },
  });
  const workload = judgedWith({
    workload: evil.workload,
    reason: name,
    evidence: [name],
    source: evil.source,
  });
  const report = reportWith({
    findings: [evil],
    workloads: [workload],
    errors: [errorWith({ file: name, message: name })],
  });
  for (const text of [renderText(report, { colour: false }), renderProblems(report, { colour: false })]) {
    for (const character of ["\u001b", "\r", "\u202e"]) t.notOk(text.includes(character));
    t.notMatch(text, /^OK$/m);
    t.match(text, "web\\u001b[2K\\u000d\\u000aOK\\u202e");
  }
});

t.test("input errors name the place as compilers do, and notes are told from errors", async (t) => {
  t.equal(
    renderProblems(reportWith({ errors: [errorWith()] }), { colour: false }),
    "bad.yaml:2:5: error: not YAML\n",
  );
  t.equal(
    renderProblems(reportWith({ notes: [noteWith()] }), { colour: false }),
    "bad.yaml:2:5: note: not YAML\n",
  );
});
