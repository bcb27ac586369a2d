import t from "tap";
import type { Finding } from "../../src/policy/finding.ts";
import { exitCodeOf, type FailOn } from "../../src/report/report.ts";
import { errorWith, findingWith, judgedWith, noteWith, reportWith } from "./sample.ts";

const warning = findingWith({ severity: "warning" });
const exempted = findingWith({
  severity: "warning",
  exempted: { by: "annotation", until: null, reason: "one node only", severity: "error" },
});

t.test("counts what is exempted apart from errors and warnings", async (t) => {
  const report = reportWith({ findings: [findingWith(), warning, exempted], workloads: [judgedWith()] });
  t.same(report.summary, { workloads: 1, errors: 1, warnings: 1, exempted: 1, known: 0 });
});

t.test("the exit code follows the worst finding and --fail-on, and wrong input wins", async (t) => {
  const cases: readonly {
    why: string;
    findings: readonly ReturnType<typeof findingWith>[];
    errors?: readonly ReturnType<typeof errorWith>[];
    notes?: readonly ReturnType<typeof noteWith>[];
    failOn: FailOn;
    code: number;
  }[] = [
    { why: "nothing found", findings: [], failOn: "warning", code: 0 },
    { why: "an error fails by default", findings: [findingWith()], failOn: "error", code: 1 },
    { why: "a warning is below error", findings: [warning], failOn: "error", code: 0 },
    { why: "a warning fails where asked for", findings: [warning], failOn: "warning", code: 1 },
    { why: "an error is above warning", findings: [findingWith()], failOn: "warning", code: 1 },
    { why: "never fails on findings", findings: [findingWith()], failOn: "never", code: 0 },
    { why: "what is exempted does not fail", findings: [exempted], failOn: "warning", code: 0 },
    { why: "wrong input", findings: [], errors: [errorWith()], failOn: "error", code: 2 },
    { why: "2 wins over 1", findings: [findingWith()], errors: [errorWith()], failOn: "error", code: 2 },
    { why: "2 even with never", findings: [], errors: [errorWith()], failOn: "never", code: 2 },
    {
      why: "a note is no wrong input",
      findings: [],
      notes: [noteWith()],
      failOn: "error",
      code: 0,
    },
  ];
  for (const { why, findings, errors = [], notes = [], failOn, code } of cases) {
    t.equal(exitCodeOf(reportWith({ findings, errors, notes }), failOn), code, why);
  }
});

t.test("the order does not depend on the order of the input", async (t) => {
  const ref = findingWith().workload;
  const findings = [
    findingWith({ workload: { ...ref, namespace: "a" }, rule: "rwo-replicas" }),
    findingWith({ workload: { ...ref, namespace: "a" }, rule: "rwo-rolling-update" }),
    findingWith({ workload: { ...ref, namespace: "b", kind: "DaemonSet" } }),
    findingWith({ workload: { ...ref, namespace: "b", name: "A" } }),
    findingWith({
      workload: { ...ref, namespace: "b", name: "a" },
      source: { file: "1", line: 9, column: 1 },
    }),
    findingWith({
      workload: { ...ref, namespace: "b", name: "a" },
      source: { file: "1", line: 10, column: 1 },
    }),
  ];
  const workloads = findings.map(({ workload, source }) => judgedWith({ workload, source }));
  const errors = [
    errorWith({ file: "a", line: 2 }),
    errorWith({ file: "a", line: 10, column: 1 }),
    errorWith({ file: "a", line: 10, column: 2 }),
    errorWith({ file: "b", line: 1 }),
  ];
  const report = reportWith({
    findings: findings.toReversed(),
    workloads: workloads.toReversed(),
    errors: errors.toReversed(),
  });
  const told = ({ workload, rule, source }: Finding) => ({ workload, rule, source });
  t.same(report.findings.map(told), findings.map(told));
  t.same(
    report.workloads.map(({ source }) => source),
    workloads.map(({ source }) => source),
  );
  t.same(report.errors, errors);
});
