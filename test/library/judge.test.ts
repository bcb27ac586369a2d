import t from "tap";
import { stringify } from "yaml";
import { AttachguardError } from "../../src/errors.ts";
import { clusterFacts } from "../../src/library/facts.ts";
import {
  capabilities,
  exitCode,
  explain,
  explainRule,
  FORMATS,
  judge,
  judgeChange,
  PROVISIONERS,
  parseConfig,
  type Report,
  RULES,
  render,
} from "../../src/library/index.ts";
import { CLAIM, DEPLOYMENT, deploymentWith } from "./manifests.ts";

const rulesIn = ({ findings }: Report) => findings.map(({ rule }) => rule);
const RECREATE = deploymentWith({ strategy: { type: "Recreate" } });

t.test("objects, texts and files are judged together", async (t) => {
  const claim = { file: "base/claim.yaml", text: stringify(CLAIM) };
  for (const workload of [
    DEPLOYMENT,
    stringify(DEPLOYMENT),
    { file: "base/web.yaml", text: stringify(DEPLOYMENT) },
  ]) {
    const report = await judge([workload, claim]);
    t.strictSame(rulesIn(report), ["rwo-rolling-update"]);
    t.strictSame(report.summary, { workloads: 1, errors: 1, warnings: 0, exempted: 0, known: 0 });
    t.strictSame([...report.errors, ...report.notes], []);
    t.equal(exitCode(report), 1);
    t.equal(exitCode(report, "never"), 0);
  }
  t.strictSame(rulesIn(await judge([RECREATE, claim])), []);
});

t.test("what a finding points to: a line of a text, or which object it was", async (t) => {
  const text = `${stringify(CLAIM)}---\n${stringify(DEPLOYMENT)}`;
  const [inText] = (await judge({ file: "all.yaml", text })).findings;
  const line = text.split("\n").findIndex((each) => each.includes("strategy:")) + 1;
  t.match(inText?.place, { file: "all.yaml", line });
  const [inObject] = (await judge([CLAIM, DEPLOYMENT])).findings;
  t.match(inObject?.source, { file: "input[1]", line: 1 });
  t.equal(inObject?.place?.text, null);
});

t.test("a client's objects: dates, absent members, classes", async (t) => {
  class Claim {
    metadata = { name: "data", namespace: "shop", creationTimestamp: new Date(0), labels: undefined };
    apiVersion = "v1";
    kind = "PersistentVolumeClaim";
    spec = CLAIM.spec;
  }
  t.strictSame(rulesIn(await judge([DEPLOYMENT, new Claim()])), ["rwo-rolling-update"]);
  const list = { apiVersion: "v1", kind: "List", items: [DEPLOYMENT, new Claim()] };
  t.strictSame(rulesIn(await judge(list)), ["rwo-rolling-update"]);
});

t.test("what it is applied to", async (t) => {
  const shared = { ...CLAIM, spec: { ...CLAIM.spec, accessModes: ["ReadWriteMany"] } };
  t.strictSame(rulesIn(await judge(DEPLOYMENT)), ["claim-unknown"]);
  t.strictSame(rulesIn(await judge(DEPLOYMENT, { cluster: clusterFacts(CLAIM) })), ["rwo-rolling-update"]);
  t.strictSame(rulesIn(await judge(DEPLOYMENT, { cluster: clusterFacts([shared]) })), []);
  t.match(clusterFacts("a: [").problems, [/^input:\d+: /]);
});

t.test("a change: what it brings counts, what was there does not", async (t) => {
  const brought = await judgeChange([RECREATE, CLAIM], [DEPLOYMENT, CLAIM]);
  t.match(brought.findings, [{ rule: "rwo-rolling-update", known: false }]);
  t.equal(brought.summary.errors, 1);
  const labelled = { ...DEPLOYMENT, metadata: { ...DEPLOYMENT.metadata, labels: { team: "a" } } };
  const kept = await judgeChange([DEPLOYMENT, CLAIM], [labelled, CLAIM]);
  t.match(kept.findings, [{ rule: "rwo-rolling-update", known: true }]);
  t.equal(kept.summary.errors, 0);
  t.strictSame((await judgeChange([DEPLOYMENT, CLAIM], [RECREATE, CLAIM])).findings, []);
});

t.test("a configuration", async (t) => {
  const config = await parseConfig(
    "severities: {rwo-rolling-update: warning}\ndocsUrl: https://docs.example/rules/",
  );
  const report = await judge([DEPLOYMENT, CLAIM], { config });
  t.match(report.findings, [{ severity: "warning" }]);
  const { docsUrl } = config;
  t.equal(docsUrl, "https://docs.example/rules/");
  t.match(await render(report, "text"), "https://docs.example/rules/rwo-rolling-update");
  await t.rejects(parseConfig("mode: strict", "here.yaml"), {
    code: "AG_ERR_CONFIG",
    message: /^here\.yaml:1:1: mode is "strict"/,
  });
});

t.test("every format, and nothing in them that acts", async (t) => {
  const hostile = { ...DEPLOYMENT, metadata: { name: "##[error]web", namespace: "shop" } };
  const report = await judge([hostile, CLAIM, "kind: [\n##[error]broken"]);
  for (const format of FORMATS) {
    const text = await render(report, format);
    t.ok(text.length > 0, format);
    t.notMatch(text, /##\[/, format);
  }
  t.equal(JSON.parse(await render(report, "json")).schemaVersion, 2);
  t.match(await render(report, "text"), /^input\[2\]:/m, "what could not be read is told");
});

t.test("a finding and a rule in full", async (t) => {
  const [finding] = (await judge([DEPLOYMENT, CLAIM])).findings;
  if (finding === undefined) throw new Error("nothing was found");
  t.match(explain(finding), /\[rwo-rolling-update\]/);
  t.ok(finding.fixes.some(({ targets }) => targets.length > 0));
  for (const { id, title } of RULES) t.match(explainRule(id), title.slice(0, 20), id);
});

t.test("the catalogue", async (t) => {
  t.ok(PROVISIONERS.includes("ebs.csi.aws.com"));
  t.strictSame(capabilities("ebs.csi.aws.com")?.attachRequired, true);
  t.ok(capabilities("efs.csi.aws.com")?.accessModes?.includes("ReadWriteMany"));
  t.equal(capabilities("nobody.example"), undefined);
});

t.test("errors have a code, and name the remedy", async (t) => {
  const circle: Record<string, unknown> = { apiVersion: "v1", kind: "List" };
  circle.items = [circle];
  const cases: readonly (readonly [string, () => unknown, string, RegExp])[] = [
    ["a number", () => judge([1 as never]), "AG_ERR_INPUT", /^input\[0\] is number: expected the text/],
    ["null", () => judge(null as never), "AG_ERR_INPUT", /^input is null/],
    ["a list in a list", () => judge([[CLAIM] as never]), "AG_ERR_INPUT", /^input\[0\] is an array/],
    ["an object that holds itself", () => judge(circle), "AG_ERR_INPUT", /^input cannot be written as JSON/],
    ["facts of another make", () => judge([], { cluster: { problems: [] } }), "AG_ERR_USAGE", /clusterFacts/],
    [
      "a configuration of another make",
      () => judge([], { config: { mode: "audit", docsUrl: null } }),
      "AG_ERR_USAGE",
      /parseConfig/,
    ],
    [
      "a copy of a report",
      async () => render({ ...(await judge(CLAIM)) }, "text"),
      "AG_ERR_USAGE",
      /pass on that object itself/,
    ],
    [
      "another format",
      async () => render(await judge(CLAIM), "pdf" as never),
      "AG_ERR_USAGE",
      /"pdf".*expected one of text, json/,
    ],
    ["another rule", async () => explainRule("no-such"), "AG_ERR_USAGE", /no rule "no-such"/],
  ];
  for (const [what, call, code, message] of cases) {
    const thrown = await (async () => call())().then(
      () => undefined,
      (error: unknown) => error,
    );
    t.ok(thrown instanceof AttachguardError, what);
    t.match(thrown, { code, message }, what);
  }
});

t.test("what is no manifest is told, and costs nothing else", async (t) => {
  const report = await judge([{ hello: "world" }, "- a\n- b\n", "a: [", DEPLOYMENT, CLAIM]);
  t.strictSame(
    report.errors.map(({ file }) => file),
    ["input[0]", "input[1]", "input[2]"],
  );
  t.strictSame(rulesIn(report), ["rwo-rolling-update"]);
  t.equal(exitCode(report, "never"), 2);
});
