import { pino } from "pino";
import t from "tap";
import { answerFor, type Decision, rulesDenied, unjudged, verdictFor } from "../../src/admission/answer.ts";
import { logDecision } from "../../src/admission/decision-log.ts";
import { parseReview } from "../../src/admission/review.ts";
import type { Finding } from "../../src/policy/finding.ts";
import { judge } from "../support/judge.ts";
import { claim, deployment, storageClass } from "../support/objects.ts";
import { STORED } from "../support/telling.ts";
import { at, type Json, reviewOf } from "./support/reviews.ts";

const [error] = judge(deployment(), [claim(), storageClass]).findings as [Finding];
const warning: Finding = { ...error, rule: "claim-unknown", severity: "warning", notes: ["of the warning"] };
const exempted: Finding = {
  ...error,
  rule: "rwo-replicas",
  severity: "warning",
  exempted: { by: "annotation", until: null, reason: "moving\nsoon", severity: "error" },
};

const decisionOf = (more: Partial<Decision> = {}): Decision => ({
  judged: true,
  mode: "enforce",
  findings: [],
  notes: [],
  late: false,
  stale: undefined,
  telling: STORED,
  ...more,
});

t.test("each mode answers the same findings in its own way", async (t) => {
  const findings = [{ ...error, notes: ["of the error"] }, warning];
  const notes = ["of the error", "of the judgement"];
  const rows = [
    ["enforce", false, "deny", ["of the judgement"], 1],
    ["warn", true, "warn", notes, 2],
    ["audit", true, "allow", [], 0],
  ] as const;
  for (const [mode, allowed, verdict, told, shown] of rows) {
    const answer = answerFor(decisionOf({ mode, findings, notes }));
    t.equal(answer.allowed, allowed, mode);
    t.equal(answer.message !== undefined, !allowed, `${mode}: only a denial has a message`);
    const spoken = answer.warnings.filter((line) => notes.includes(line));
    t.same(spoken, told, `${mode}: what a denial says is not said again`);
    t.equal(
      answer.warnings.length - spoken.length,
      shown,
      `${mode}: one line for each finding that is not denied for`,
    );
    t.strictSame(
      answer.auditAnnotations,
      {
        verdict,
        mode,
        rule: "rwo-rolling-update,claim-unknown",
        denies: "rwo-rolling-update",
        ...(mode === "enforce" ? {} : { enforced: "deny" }),
        notes: "of the error; of the judgement",
      },
      mode,
    );
  }
});

t.test("a denial is about errors, each in words, and the rest are warnings", async (t) => {
  const { message, warnings } = answerFor(decisionOf({ findings: [error, exempted, warning] }));
  t.match(message, /^Deployment shop\/web[\s\S]*\[rwo-rolling-update\]/);
  t.notMatch(message, /claim-unknown|rwo-replicas/);
  t.match(warnings, [/exempted by annotation: moving soon.*\[rwo-replicas\]/, /\[claim-unknown\]/]);
});

t.test("what is allowed without findings says nothing but that it was late or its facts old", async (t) => {
  t.strictSame(answerFor(decisionOf({ notes: ["of the judgement"] })), {
    allowed: true,
    message: undefined,
    warnings: [],
    auditAnnotations: { verdict: "allow", mode: "enforce", notes: "of the judgement" },
  });
  const late = answerFor(decisionOf({ late: true, stale: "facts are old" }));
  t.match(late.warnings, [/a lookup did not finish before the deadline/, /facts are old/]);
  t.strictSame(late.auditAnnotations, { verdict: "allow", mode: "enforce", late: "true", stale: "true" });
  t.strictSame(answerFor(decisionOf({ mode: "audit", late: true })).warnings, []);
  t.strictSame(
    answerFor(decisionOf({ mode: "audit" })).auditAnnotations,
    { verdict: "allow", mode: "audit" },
    "nothing that enforce would have said",
  );
  t.strictSame(answerFor(decisionOf({ judged: false, mode: null, findings: [error] })), {
    allowed: true,
    message: undefined,
    warnings: [],
    auditAnnotations: {},
  });
});

t.test("rules and exemptions are told once each", async (t) => {
  const { auditAnnotations } = answerFor(
    decisionOf({ findings: [error, error, exempted, exempted, warning] }),
  );
  t.strictSame(auditAnnotations, {
    verdict: "deny",
    mode: "enforce",
    rule: "rwo-rolling-update,rwo-replicas,claim-unknown",
    denies: "rwo-rolling-update",
    exempted: "rwo-replicas exempted by annotation: moving soon",
  });
  t.strictSame(rulesDenied([error, warning, error]), ["rwo-rolling-update"]);
  t.strictSame(answerFor(decisionOf({ findings: [warning] })).auditAnnotations, {
    verdict: "warn",
    mode: "enforce",
    rule: "claim-unknown",
  });
});

t.test("the verdict is that of the mode, and what is not judged is allowed", async (t) => {
  t.equal(verdictFor(decisionOf({ findings: [error] })), "deny");
  t.equal(verdictFor(decisionOf({ mode: "warn", findings: [error] })), "warn");
  t.equal(verdictFor(decisionOf({ judged: false, findings: [error] })), "allow");
  t.equal(verdictFor(decisionOf({ mode: null, findings: [error] })), "allow");
});

t.test("a review that could not be judged says why, allowed or not", async (t) => {
  const why = "attachguard did not judge this request: the body is too large";
  const annotations = { verdict: "unjudged", unjudged: "the body is too large" };
  t.strictSame(unjudged(true, "the body\nis too large"), {
    allowed: true,
    message: undefined,
    warnings: [why],
    auditAnnotations: annotations,
  });
  t.strictSame(unjudged(false, "the body\nis too large"), {
    allowed: false,
    message: why,
    warnings: [],
    auditAnnotations: annotations,
  });
});

t.test("each decision is one line with the same keys, without what objects hold", async (t) => {
  const lines: Json[] = [];
  const log = pino({ level: "info" }, { write: (line: string) => lines.push(JSON.parse(line)) });
  const logged = (decision: Decision, change: (request: Json) => void = () => {}): Json => {
    logDecision(log, parseReview(reviewOf("005", change)), decision, 1.23456);
    return lines.at(-1) as Json;
  };
  const denied = logged(
    decisionOf({ findings: [error, error, exempted, warning], notes: ["x".repeat(9_000)] }),
  );
  t.match(denied, {
    msg: "decision",
    resource: "deployments",
    operation: "CREATE",
    namespace: "shop",
    name: "web",
    dryRun: false,
    verdict: "deny",
    enforced: "deny",
    denies: ["rwo-rolling-update"],
    judged: true,
    mode: "enforce",
    rules: ["rwo-rolling-update", "rwo-replicas", "claim-unknown"],
    exempted: ["rwo-replicas exempted by annotation: moving soon"],
    late: false,
    stale: false,
    durationMs: 1.235,
  });
  t.same((denied.findings as Json[])[0], {
    rule: "rwo-rolling-update",
    severity: "error",
    workload: "Deployment/web",
  });
  t.equal((denied.findings as Json[]).length, 4);
  t.equal(String((denied.notes as string[])[0]).length, 512, "a note of a user is cut");
  t.match(logged(decisionOf({ mode: "audit", findings: [error], late: true, stale: "old" })), {
    verdict: "allow",
    enforced: "deny",
    late: true,
    stale: true,
  });
  const quiet = logged(decisionOf({ judged: false, mode: null, findings: [error] }));
  t.match(quiet, { verdict: "allow", enforced: "allow", judged: false, mode: null });
  t.same(Object.keys(quiet).sort(), Object.keys(denied).sort());
  const many = Array.from({ length: 60 }, () => exempted);
  const long = logged(decisionOf({ findings: many, notes: many.map(() => "n") }));
  t.same(
    ["findings", "exempted", "notes"].map((key) => (long[key] as unknown[]).length),
    [50, 50, 50],
  );
  const named = (name: unknown, metadata: unknown) =>
    logged(decisionOf(), (request) => {
      request.name = name;
      Object.assign(at(request, "object"), { metadata });
    }).name;
  t.equal(named("", { generateName: "web-" }), "web-*", "a name that is yet to be made");
  t.equal(named("", { generateName: 5 }), "");
  for (const metadata of [{}, null, "web", undefined]) t.equal(named("", metadata), "");
  t.equal(named("web", { generateName: "web-" }), "web");
});
