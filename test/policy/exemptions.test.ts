import t from "tap";
import { exempt, mistypedRules, type Waiver } from "../../src/policy/exemptions.ts";
import type { Finding } from "../../src/policy/finding.ts";
import { DEFAULT_OPTIONS, type PolicyOptions } from "../../src/policy/options.ts";
import { judge } from "../support/judge.ts";
import { claim, deployment, storageClass } from "../support/objects.ts";
import { messageOf } from "../support/telling.ts";

const { findings } = judge(deployment(), [claim(), storageClass]);
const IGNORE = "attachguard.dev/ignore";
const REASON = "attachguard.dev/reason";
const valid: Waiver = {
  state: "valid",
  rules: ["rwo-rolling-update"],
  until: "2027-01-01T00:00:00Z",
  issuer: "storage team",
  reason: "migration",
};

interface Case {
  readonly why: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly onTemplate?: Readonly<Record<string, string>>;
  readonly waiver?: Waiver;
  readonly namespace?: string;
  readonly options?: PolicyOptions;
  readonly exempted: Finding["exempted"];
  readonly says?: RegExp;
}

const byAnnotation = { by: "annotation", until: null, reason: "planned", severity: "error" } as const;

const CASES: readonly Case[] = [
  { why: "nothing exempts it", exempted: null },
  {
    why: "annotation with a reason",
    annotations: { [IGNORE]: "rwo-rolling-update", [REASON]: "planned" },
    exempted: byAnnotation,
  },
  {
    why: "several rules, spaces",
    annotations: { [IGNORE]: "rwo-replicas, rwo-rolling-update", [REASON]: "planned" },
    exempted: byAnnotation,
  },
  {
    why: "on the pod template",
    onTemplate: { [IGNORE]: "rwo-rolling-update", [REASON]: "planned" },
    exempted: byAnnotation,
  },
  { why: "another rule", annotations: { [IGNORE]: "rwo-replicas", [REASON]: "planned" }, exempted: null },
  {
    why: "without a reason",
    annotations: { [IGNORE]: "rwo-rolling-update" },
    exempted: null,
    says: /refused without a reason: add attachguard\.dev\/reason/,
  },
  {
    why: "an empty reason",
    annotations: { [IGNORE]: "rwo-rolling-update", [REASON]: "  " },
    exempted: null,
    says: /refused without a reason/,
  },
  {
    why: "annotations not accepted",
    annotations: { [IGNORE]: "rwo-rolling-update", [REASON]: "planned" },
    options: { ...DEFAULT_OPTIONS, ignoreAnnotation: "refuse" },
    exempted: null,
    says: /does not accept attachguard\.dev\/ignore/,
  },
  {
    why: "a waiver",
    waiver: valid,
    exempted: {
      by: "waiver",
      until: "2027-01-01T00:00:00Z",
      reason: "storage team: migration",
      severity: "error",
    },
  },
  {
    why: "a waiver for another rule",
    waiver: { ...valid, rules: ["rwo-replicas"] },
    exempted: null,
    says: /waiver does not cover rwo-rolling-update/,
  },
  {
    why: "a waiver for all rules",
    waiver: { ...valid, rules: ["*"] },
    exempted: {
      by: "waiver",
      until: "2027-01-01T00:00:00Z",
      reason: "storage team: migration",
      severity: "error",
    },
  },
  {
    why: "a refused waiver",
    waiver: { state: "refused", reason: "it expired" },
    exempted: null,
    says: /waiver is refused: it expired/,
  },
  {
    why: "a refused waiver beside a good annotation",
    waiver: { state: "refused", reason: "it expired" },
    annotations: { [IGNORE]: "rwo-rolling-update", [REASON]: "planned" },
    exempted: byAnnotation,
  },
  {
    why: "the template's annotation counts beside the workload's",
    annotations: { [IGNORE]: "rwo-replicas", [REASON]: "other" },
    onTemplate: { [IGNORE]: "rwo-rolling-update", [REASON]: "planned" },
    exempted: byAnnotation,
  },
  {
    why: "the workload's reason is not the template's",
    annotations: { [IGNORE]: "rwo-replicas", [REASON]: "other" },
    onTemplate: { [IGNORE]: "rwo-rolling-update" },
    exempted: null,
    says: /refused without a reason/,
  },
  {
    why: "a mistyped rule",
    annotations: { [IGNORE]: "rwo-rolling-updates", [REASON]: "planned" },
    exempted: null,
    says: /names "rwo-rolling-updates", which is not a rule/,
  },
  {
    why: "the namespace",
    namespace: "sandbox",
    exempted: { by: "namespace", until: null, reason: "sandbox", severity: "error" },
  },
];

t.test("an exemption demotes a finding to a warning and says who let it through", async (t) => {
  for (const {
    why,
    annotations = {},
    onTemplate = {},
    waiver = null,
    namespace = null,
    options = DEFAULT_OPTIONS,
    exempted,
    says,
  } of CASES) {
    const [finding] = exempt(findings, [annotations, onTemplate], { waiver, namespace }, options);
    t.strictSame(finding?.exempted, exempted, why);
    t.equal(finding?.severity, exempted ? "warning" : "error", why);
    if (says) {
      t.match(finding?.notes.join("\n"), says, `${why}: a note says why`);
      t.match(messageOf(finding).split("\n").at(-1), /attachguard explain/, `${why}: the rule comes last`);
    }
  }
});

t.test("a name in an annotation that is no rule's is told, once", async (t) => {
  const names = (...ignored: readonly string[]) => mistypedRules(ignored.map((name) => ({ [IGNORE]: name })));
  t.same(names("rwo-replicas", "*", "rwo-replicas,rwop-overlap"), []);
  t.match(names("rwo-replica,rwop-overlap", "rwo-replica"), [/names "rwo-replica", which is not a rule$/]);
  t.equal(names("rwo-replica", "rwo-replica").length, 1);
  t.equal(names("x".repeat(10_000))[0]?.includes("x".repeat(61)), false, "a long one is cut");
  t.same(mistypedRules([{}]), []);
});
