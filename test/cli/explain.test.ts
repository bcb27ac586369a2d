import t from "tap";
import { RULES } from "../../src/policy/rules/index.ts";
import { run } from "./run.ts";

const rulesBrokenBy = async (manifests: string): Promise<readonly string[]> => {
  const { code, out } = await run(["check", "-", "--format", "json"], { stdin: manifests });
  t.not(code, 2, out);
  return JSON.parse(out).findings.map(({ rule }: { rule: string }) => rule);
};

t.test("the examples of every rule do what they say when check reads them", async (t) => {
  for (const { id, examples } of RULES) {
    t.ok((await rulesBrokenBy(examples.fail)).includes(id), `${id}: the failing example`);
    t.same(await rulesBrokenBy(examples.pass), [], `${id}: the passing example`);
  }
});

t.test("without a rule it lists all of them with their severity and title", async (t) => {
  const { code, out } = await run(["explain"]);
  t.equal(code, 0);
  for (const { id, severity, title } of RULES)
    t.match(out, new RegExp(`^${id} +${severity} +${title}$`, "m"));
});

t.test("with a rule it prints everything that the rule knows of itself", async (t) => {
  for (const rule of RULES) {
    const { code, out } = await run(["explain", rule.id]);
    t.equal(code, 0, rule.id);
    const text = out.replaceAll(/\s+/g, " ");
    const parts = [rule.title, rule.when, rule.meaning, rule.cause, rule.examples.fail, ...rule.sources];
    for (const part of parts) t.ok(text.includes(part.trim().replaceAll(/\s+/g, " ")), `${rule.id}: ${part}`);
    for (const line of out.split("\n"))
      t.ok(line.length <= 120 || line.startsWith("  - "), `${rule.id}: ${line}`);
  }
});

t.test("an unknown rule exits with 2 and names the nearest", async (t) => {
  const near = await run(["explain", "rwo_rolling_updates"]);
  t.equal(near.code, 2);
  t.equal(near.out, "");
  t.match(near.err, "there is no rule 'rwo_rolling_updates'. Did you mean rwo-rolling-update?");
  const far = await run(["explain", "weather"]);
  t.equal(far.code, 2);
  t.notMatch(far.err, "Did you mean");
  t.match(far.err, "lists all rules");
});
