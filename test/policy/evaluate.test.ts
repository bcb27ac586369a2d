import t from "tap";
import { evaluate, evaluateClaim, type JudgementContext } from "../../src/policy/evaluate.ts";
import { DEFAULT_OPTIONS } from "../../src/policy/options.ts";
import { verdictOf } from "../../src/policy/verdict.ts";
import { bundle } from "../support/bundle.ts";
import { judge, judgeUpdate } from "../support/judge.ts";
import {
  autoscaler,
  claim,
  daemonSet,
  deployment,
  file,
  sameNode,
  statefulSet,
  storageClass,
} from "../support/objects.ts";

type Raw = Readonly<Record<string, unknown>>;

const RWO = [claim(), storageClass];
const RECREATE: Raw = { strategy: { type: "Recreate" } };
const CONTEXT: JudgementContext = { options: DEFAULT_OPTIONS, waiver: null, namespace: null, dryRun: false };
const withSeverities = (severities: Readonly<Record<string, "error" | "warning" | "off">>) => ({
  ...DEFAULT_OPTIONS,
  severities,
});

t.test("errors come first, then the order of the rules, and one finding for each rule", async (t) => {
  const three = deployment({ workload: { replicas: 3 }, claims: ["data", "later"] });
  const { rules, findings } = judge(three, [...RWO, autoscaler({ max: 5 })]);
  t.strictSame(rules, ["rwo-replicas", "rwo-autoscaling", "rwo-rolling-update"]);
  t.equal(new Set(findings.map(({ rule }) => rule)).size, findings.length);
  const softened = judge(
    three,
    [...RWO, autoscaler({ max: 5 })],
    withSeverities({ "rwo-replicas": "warning" }),
  );
  t.strictSame(softened.rules, ["rwo-autoscaling", "rwo-rolling-update", "rwo-replicas?"]);
});

t.test("a rule that is broken at both moments is one finding, which the worse one leads", async (t) => {
  const once = [claim({ modes: ["ReadWriteOncePod"] }), storageClass];
  const [both] = judge(deployment({ workload: { replicas: 2 } }), once).findings;
  t.match(both, { rule: "rwop-overlap", factors: { moment: "steady" }, also: [String] });
  const brief = { strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: "100%" } }, replicas: 2 };
  t.match(judge(deployment({ workload: brief }), once).findings[0], {
    severity: "error",
    factors: { moment: "steady" },
  });
  const [known] = judgeUpdate(
    deployment({ workload: { replicas: 2 } }),
    deployment({ workload: { replicas: 2 }, annotations: { a: "b" } }),
    once,
  ).findings;
  t.match(
    known,
    { severity: "error", factors: { moment: "rollout" }, also: [String] },
    "the rollout is what is set off",
  );
  t.same(judge(deployment(), once).findings[0]?.also, []);
});

t.test("configured severities replace a rule's own, but never harden what is soft", async (t) => {
  const severity = (workload: Raw, value: "error" | "warning" | "off") =>
    judge(deployment({ workload }), RWO, withSeverities({ "rwo-rolling-update": value })).rules;
  t.strictSame(severity({}, "warning"), ["rwo-rolling-update?"]);
  t.strictSame(severity({}, "off"), []);
  const brief = { strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } } };
  t.strictSame(severity(brief, "error"), ["rwo-rolling-update?"]);
});

t.test("the factors of what has no findings are those of the moment nearest to trouble", async (t) => {
  const factors = (subject: Raw, others: readonly Raw[] = RWO) => {
    const { factors: of } = judge(subject, others);
    return [of.moment, of.reach, of.overlap, of.spread];
  };
  t.strictSame(factors(deployment({ workload: RECREATE })), ["steady", "node", "never", "free"]);
  t.strictSame(factors(deployment({ spec: sameNode({ app: "web" }) })), [
    "rollout",
    "node",
    "stuck",
    "one-node",
  ]);
  t.strictSame(factors(deployment({ spec: sameNode({ app: "web" }), workload: { replicas: 3 } })), [
    "steady",
    "node",
    "always",
    "one-node",
  ]);
  t.strictSame(factors(deployment({ workload: { replicas: 0 } })), ["steady", "node", "zero", "free"]);
  const own = statefulSet({
    name: "db",
    claims: [],
    workload: {
      replicas: 3,
      volumeClaimTemplates: [
        { metadata: { name: "d" }, spec: { accessModes: ["ReadWriteOnce"], storageClassName: "gp3" } },
      ],
    },
  });
  t.equal(factors(own)[1], "node", "a set's claims of its own are what its pods hold");
  t.equal(factors(deployment({ claims: [] }))[1], "many", "nothing is held");
  t.match(
    judge(deployment({ workload: RECREATE }), RWO).evidence,
    [/Recreate/, /replicas is 1/],
    "why one pod is enough",
  );
});

t.test("a claim that is not there decides only where nothing else does", async (t) => {
  t.strictSame(judge(deployment({ claims: ["later"] }), RWO).rules, ["claim-unknown?"]);
  t.strictSame(judge(deployment({ claims: ["data", "later"] }), RWO).rules, ["rwo-rolling-update"]);
  const brief = { strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } } };
  t.strictSame(
    judge(deployment({ claims: ["data", "later"], workload: brief }), RWO).rules,
    ["rwo-rolling-update?", "claim-unknown?"],
    "beside a warning it is told",
  );
  const known = judgeUpdate(
    deployment({ claims: ["data", "later"] }),
    deployment({ claims: ["data", "later"], annotationsOnObject: { a: "b" } }),
    RWO,
  );
  t.strictSame(known.rules, ["rwo-rolling-update?"], "an error that was forgiven decides too");
  const { view, workload } = bundle(file(deployment({ claims: ["later"] }), storageClass));
  const options = withSeverities({ "claim-unknown": "error" });
  const judged = (dryRun: boolean) =>
    evaluate(view, workload(), null, { ...CONTEXT, options, dryRun }).findings.map(
      ({ severity }) => severity,
    );
  t.strictSame(judged(false), ["error"]);
  t.strictSame(judged(true), ["warning"], "in a dry run it could not be there yet");
});

t.test("what was not rendered is at most a warning", async (t) => {
  const { view, workload } = bundle(file(deployment(), ...RWO));
  const unrendered = { ...workload(), unrendered: "its kustomization was not rendered" };
  const { findings } = evaluate(view, unrendered, null, CONTEXT);
  t.match(findings, [
    {
      rule: "rwo-rolling-update",
      severity: "warning",
      notes: ["a warning only: its kustomization was not rendered"],
    },
  ]);
  const asked = bundle(file(claim({ modes: ["ReadWriteMany"] }), storageClass));
  const [read] = asked.bundle.claims;
  if (read === undefined) throw new Error("no claim");
  t.match(evaluateClaim(asked.view, read, CONTEXT), [
    { rule: "access-mode-unsupported", severity: "error", notes: [] },
  ]);
  t.match(evaluateClaim(asked.view, { ...read, unrendered: "of a chart" }, CONTEXT), [
    { severity: "warning", notes: ["a warning only: of a chart"] },
  ]);
});

const template = (...modes: readonly string[]): Raw => ({
  metadata: { name: "d" },
  spec: { accessModes: modes, storageClassName: "gp3" },
});
const setOf = (templates: readonly Raw[], more: Raw = {}): Raw =>
  statefulSet({
    name: "db",
    claims: [],
    workload: { replicas: 2, volumeClaimTemplates: templates, ...more },
  });

t.test(
  "the claims that a set makes are judged with the set, which cannot change them any more",
  async (t) => {
    const asks = setOf([template("ReadWriteMany")]);
    const [finding] = judge(asks, [storageClass]).findings;
    t.match(finding, {
      rule: "access-mode-unsupported",
      severity: "error",
      workload: { kind: "StatefulSet", name: "db" },
    });
    t.match(finding?.problem, /^makes .*d-db-0/);
    t.equal(finding?.claims.length, 1, "the first of its claims stands for the others");
    t.strictSame(judge(setOf([template("ReadWriteOnce")]), [storageClass]).rules, []);
    t.strictSame(
      judgeUpdate(asks, setOf([template("ReadWriteMany")], { replicas: 3 }), [storageClass]).rules,
      ["access-mode-unsupported?"],
    );
    t.strictSame(
      judgeUpdate(asks, setOf([template("ReadWriteMany")], { replicas: 3 }), [storageClass], {
        cause: "scale",
      }).rules,
      [],
      "a scale brings none",
    );
    const two = [template("ReadWriteMany"), { ...template("ReadWriteMany"), metadata: { name: "e" } }];
    t.equal(judge(setOf(two), [storageClass]).findings[0]?.claims.length, 2, "one of each template");
    const { view, bundle: read } = bundle(
      file(claim({ name: "d-db-0", modes: ["ReadWriteMany"] }), asks, storageClass),
    );
    const [made] = read.claims;
    t.match(made && evaluateClaim(view, made, CONTEXT), [
      { severity: "warning", notes: ["a warning only: StatefulSet db makes it"] },
    ]);
  },
);

t.test("a template change of what had no pods replaces none", async (t) => {
  const zero = (more: Raw = {}) => deployment({ workload: { replicas: 0 }, ...more });
  t.strictSame(judgeUpdate(zero(), zero({ annotations: { a: "b" } }), RWO).rules, []);
  t.strictSame(
    judgeUpdate(zero(), deployment({ annotations: { a: "b" } }), RWO).rules,
    [],
    "nor while it is woken",
  );
  t.strictSame(judgeUpdate(zero(), deployment({ workload: { replicas: 2 } }), RWO).rules, [
    "rwo-replicas",
    "rwo-rolling-update",
  ]);
  const agents = (more: Raw = {}) => daemonSet({ name: "agent", ...more });
  t.strictSame(judgeUpdate(agents(), agents({ annotations: { a: "b" } }), RWO).rules, ["rwo-replicas?"]);
});

t.test("a finding is exempted by its own rule", async (t) => {
  const annotationsOnObject = {
    "attachguard.dev/ignore": "rwo-replicas",
    "attachguard.dev/reason": "moving",
  };
  const { rules, verdict } = judge(
    deployment({ workload: { replicas: 2, ...RECREATE }, annotationsOnObject }),
    RWO,
  );
  t.strictSame([rules, verdict], [["rwo-replicas?"], "warn"]);
});

t.test("each mode makes its verdict of the findings", async (t) => {
  const [error, warning] = [{ severity: "error" as const }, { severity: "warning" as const }];
  const rows = [
    ["enforce", "deny", "warn"],
    ["warn", "warn", "warn"],
    ["audit", "allow", "allow"],
    ["off", "allow", "allow"],
  ] as const;
  for (const [mode, ofError, ofWarning] of rows) {
    t.equal(verdictOf([warning, error], mode), ofError, mode);
    t.equal(verdictOf([warning], mode), ofWarning, mode);
    t.equal(verdictOf([], mode), "allow", mode);
  }
});

t.test("only what the old and the new pods both mount can be fought over in a rollout", async (t) => {
  const others = [
    claim({ name: "a", modes: ["ReadWriteMany"] }),
    claim({ name: "b" }),
    claim({ name: "c" }),
    storageClass,
  ];
  const rules = (before: readonly string[], after: readonly string[]) =>
    judgeUpdate(deployment({ claims: before }), deployment({ claims: after }), others).rules;
  t.strictSame(rules(["a", "b"], ["a", "b"]), ["rwo-rolling-update?"], "nothing is changed");
  t.strictSame(rules(["a", "b"], ["b", "a"]), ["rwo-rolling-update"], "the same claims in another order");
  t.strictSame(
    rules(["a", "b"], ["a", "c"]),
    ["rwo-rolling-update?"],
    "another claim in its place: what is left is known",
  );
  t.strictSame(rules(["a"], ["a", "c"]), ["rwo-rolling-update"], "one more: the next rollout is new");
});
