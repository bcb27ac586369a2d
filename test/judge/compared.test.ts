import t from "tap";
import type { Mode } from "../../src/policy/verdict.ts";
import { type Files, judgeFiles } from "../support/change.ts";
import { autoscaler, claim, deployment, storageClass } from "../support/objects.ts";

type Raw = Readonly<Record<string, unknown>>;

const RECREATE: Raw = { strategy: { type: "Recreate" } };
const safe = (more: Raw = {}): Raw => deployment({ workload: RECREATE, ...more });
const namespace = (mode: string, name = "shop"): Raw => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name, labels: { "attachguard.dev/mode": mode } },
});
const files = (...objects: readonly Raw[]): Files => ({ "a.json": objects });
const noted = ({ notes }: { notes: readonly { message: string }[] }): readonly string[] =>
  notes.map(({ message }) => message);

t.test("a change of a namespace's mode is told, and no other namespace's", async (t) => {
  const change = async (before: Files, after: Files) =>
    noted(await judgeFiles(before, after)).filter((message) => message.includes("sets the mode"));
  t.same(
    await change(
      files(namespace("warn"), namespace("audit", "b")),
      files(namespace("off"), namespace("audit", "b")),
    ),
    ["this change sets the mode of namespace shop to off: it was warn"],
  );
  t.same(
    await change({}, files(namespace("off", "b"), namespace("enforce", "c"), namespace("warn", "a"))),
    [
      "this change sets the mode of namespace a to warn: it was enforce",
      "this change sets the mode of namespace b to off: it was enforce",
    ],
    "a new one, where its mode is not the configured one, in the order of names",
  );
  t.same(
    await change(files(namespace("off")), files(safe())),
    ["this change sets the mode of namespace shop to enforce: it was off"],
    "one that is gone",
  );
  t.same(await change(files(safe({ name: "shop" })), files(safe({ name: "shop", labels: { a: "b" } }))), []);
});

t.test("callers with another mode are named where there is an error that they could get past", async (t) => {
  const config = { callers: [{ users: ["ci"], groups: [], mode: "audit" as const }] };
  const told = async (after: readonly Raw[], settings = {}) =>
    noted(await judgeFiles(files(safe(), claim()), files(...after), settings)).some((message) =>
      message.includes("gives some callers another mode"),
    );
  const more = [deployment({ name: "b", claims: ["unknown"] }), deployment(), claim()];
  t.equal(await told(more, { config }), true, "an error among warnings");
  t.equal(await told(more), false, "no caller has one");
  t.equal(
    await told([safe(), claim(), deployment({ name: "b", claims: ["unknown"] })], { config }),
    false,
    "only warnings",
  );
  t.equal(await told([safe(), claim()], { config }), false, "nothing");
});

t.test("an annotation of a claim that names no rule is told where the change writes it", async (t) => {
  const annotated: Raw = {
    ...claim(),
    metadata: { name: "data", namespace: "shop", annotations: { "attachguard.dev/ignore": "no-rule" } },
  };
  const mistyped = [/data: attachguard.dev\/ignore names "no-rule", which is not a rule/];
  t.match(noted(await judgeFiles(files(claim()), files(annotated))), mistyped);
  t.match(noted(await judgeFiles({}, files(annotated))), mistyped);
  t.same(
    noted(await judgeFiles(files(annotated), files(annotated, safe()))),
    [],
    "not one that stands there",
  );
});

t.test("lists the workloads that the change concerns, and says why the others are allowed", async (t) => {
  const [hazard, beside, fine] = [
    deployment({ name: "old" }),
    deployment({ name: "beside" }),
    safe({ name: "fine" }),
  ];
  const before = files(hazard, fine, claim(), storageClass);
  const after = files(
    hazard,
    fine,
    safe({ name: "new", claims: ["own"] }),
    claim(),
    claim({ name: "own" }),
    storageClass,
  );
  const rows = async (all: boolean) =>
    (await judgeFiles(before, after, { all })).workloads.map(({ workload, verdict, reason, state }) => [
      workload.name,
      verdict,
      state,
      ...(verdict === "allow" ? [reason] : []),
    ]);
  t.same(await rows(false), [["new", "allow", "healthy", "it never has two pods at once"]]);
  t.same(await rows(true), [
    ["old", "warn", "latent"],
    ["fine", "warn", "healthy"],
    ["new", "allow", "healthy", "it never has two pods at once"],
  ]);
  const touched = { ...hazard, metadata: { ...(hazard.metadata as Raw), labels: { a: "b" } } };
  const [row] = (await judgeFiles(files(hazard, claim()), files(touched, claim()))).workloads;
  t.match(row, { verdict: "warn" }, "a label is written: it is concerned, and nothing is set off");
  const scaled = await judgeFiles(
    files(safe(), claim(), storageClass, autoscaler({ max: 3 })),
    files(safe(), claim(), storageClass, autoscaler({ max: 3, min: 1 }), beside),
    { all: true },
  );
  t.match(scaled.workloads, [
    { workload: { name: "web" } },
    { workload: { name: "beside" }, verdict: "deny" },
  ]);
});

t.test(
  "what is not answered to a request is at most a warning, and audit lets it through with a reason",
  async (t) => {
    const judge = async (mode: Mode) =>
      (
        await judgeFiles(
          files(deployment(), claim(), namespace(mode)),
          files(deployment(), claim(), namespace(mode), safe({ name: "b", claims: ["own"] })),
          {
            all: true,
          },
        )
      ).workloads.find(({ workload }) => workload.name === "web");
    t.match(await judge("enforce"), { verdict: "warn" });
    t.match(await judge("audit"), { verdict: "allow", reason: "mode audit of its namespace allows it" });
    t.match(await judge("off"), { verdict: "allow", reason: /not judged/ });
  },
);

t.test("a plan is made for what is judged, and not where the mode is off", async (t) => {
  const plan = { fixes: [], steps: [] };
  const plans = async (mode: Mode) => {
    const asked: string[] = [];
    const judged = await judgeFiles(
      files(safe(), claim(), namespace(mode)),
      files(deployment(), claim(), namespace(mode)),
      {
        planFor: async ({ name }, findings) => {
          asked.push(`${name} ${findings.map(({ rule }) => rule)}`);
          return mode === "warn" ? null : plan;
        },
      },
    );
    return [asked, judged.findings.length, judged.workloads.map((row) => "plan" in row && row.plan === plan)];
  };
  t.same(await plans("enforce"), [["web rwo-rolling-update"], 1, [true]]);
  t.same(await plans("warn"), [["web rwo-rolling-update"], 1, [false]], "none is enough: the row has none");
  t.same(await plans("off"), [[], 0, [false]]);
});
