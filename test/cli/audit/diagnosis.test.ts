import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import type { Test } from "tap";
import t from "tap";
import { diagnoseLive } from "../../../src/cli/audit/diagnosis.ts";
import { MISSING, recordings } from "../../diagnose/recordings.ts";
import { ApiServerDouble, type RawObject } from "../../support/api-server/api-server.ts";
import { writeKubeConfig } from "../../support/api-server/live.ts";
import { run } from "../run.ts";

const skip = MISSING;
const SCHEMA = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../../docs", "report.schema.json"), "utf8"),
);

function objectsOf(start: string): readonly RawObject[] {
  const found = recordings().find(({ name }) => name.startsWith(`${start}-`));
  if (found === undefined) throw new Error(`no recording begins with ${start}`);
  return found.values.flatMap((value) => (value as { items: readonly RawObject[] }).items);
}

function dump(t: Test, objects: readonly RawObject[]): string {
  const file = join(t.testdir(), "dump.json");
  writeFileSync(file, JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }));
  return file;
}

async function audited(...words: readonly string[]) {
  const { code, out, err } = await run(["audit", ...words, "--format", "json"]);
  const report = JSON.parse(out);
  const states = Object.fromEntries(
    report.workloads.map((row: { name: string; state: string }) => [row.name, row.state]),
  );
  return { code, report, states, err };
}

t.test("a workload is stuck by its diagnosis, healthy, or latent", { skip }, async (t) => {
  const stuck = await audited("--from", dump(t, objectsOf("01")), "--closed");
  t.strictSame(stuck.states, { web: "stuck" });
  t.match(
    stuck.err,
    /stuck +Deployment shop\/web: rollout-waits-for-itself: The rollout of\s+Deployment web/,
  );
  t.match(stuck.err, "1 stuck now");
  const cleared = await audited("--from", dump(t, objectsOf("02b")), "--closed");
  t.strictSame(cleared.states, { web: "latent" });
});

t.test(
  "a dump is parsed once; files that the audit leaves out are diagnosed all the same",
  { skip },
  async (t) => {
    const objects = objectsOf("01");
    const list = (items: readonly RawObject[]) => JSON.stringify({ apiVersion: "v1", kind: "List", items });
    const folder = t.testdir({
      "pods.json": list(objects.filter(({ kind }) => kind === "Pod")),
      "rest.json": list(objects.filter(({ kind }) => kind !== "Pod")),
    });
    const parse = t.capture(JSON, "parse", JSON.parse);
    const stuck = await audited("--from", folder, "--closed");
    t.strictSame(stuck.states, { web: "stuck" });
    const parsed = parse().map(({ args: [text] }) => text);
    for (const file of ["pods.json", "rest.json"]) {
      const text = readFileSync(join(folder, file), "utf8");
      t.equal(parsed.filter((each) => each === text).length, 1, file);
    }
    writeFileSync(join(folder, ".gitignore"), "pods.json");
    t.strictSame((await audited("--from", folder, "--closed")).states, { web: "stuck" });
  },
);

t.test("without pods only what would get stuck is said, and why", { skip }, async (t) => {
  const objects = objectsOf("01").filter(({ kind }) => kind !== "Pod");
  const { states, err } = await audited("--from", dump(t, objects), "--closed");
  t.strictSame(states, { web: "latent" });
  t.match(err, "only what would get stuck (latent) is reported, not what is stuck now: the dump has no pods");
});

t.test("attachments with a finding are told, and count for the exit code", { skip }, async (t) => {
  const file = dump(t, objectsOf("09b"));
  const { report, err } = await audited("--from", file, "--closed", "--fail-on", "never");
  t.match(report.attachments, [{ rule: "attachment-stale", severity: "warning" }]);
  t.match(err, "Attachments\n");
  const validate = new Ajv({ allErrors: true, strict: false }).compile(SCHEMA);
  t.ok(validate(report), JSON.stringify(validate.errors?.slice(0, 3)));
  t.equal((await run(["audit", "--from", file, "--closed", "--fail-on", "warning"])).code, 1);
});

t.test(
  "the configuration's severities hold for attachments; SARIF counts what has no line",
  { skip },
  async (t) => {
    const files = t.testdir({
      "dump.json": JSON.stringify({ apiVersion: "v1", kind: "List", items: objectsOf("09b") }),
      "error.yaml": "severities: {attachment-stale: error}",
      "off.yaml": "severities: {attachment-stale: off}",
      "once.yaml": "severities: {attachment-endangered: error}",
      "taken.json": JSON.stringify({ apiVersion: "v1", kind: "List", items: objectsOf("23b") }),
    });
    const from = (dump: string, config: string) =>
      audited("--from", join(files, dump), "--closed", "--config", join(files, config));
    t.match((await from("dump.json", "error.yaml")).report.attachments, [{ severity: "error" }]);
    t.strictSame((await from("dump.json", "off.yaml")).report.attachments, []);
    t.match(
      (await from("taken.json", "once.yaml")).report.attachments,
      [{ severity: "warning" }],
      "seen once",
    );
    const sarif = JSON.parse(
      (await run(["audit", "--from", join(files, "dump.json"), "--closed", "--format", "sarif"])).out,
    );
    t.match(sarif.runs[0].invocations[0].toolExecutionNotifications, [
      { message: { text: /not in a file, so not shown on a line/ } },
    ]);
  },
);

t.test("live: pods are read directly; a danger is told after a second look", { skip }, async (t) => {
  const double = await ApiServerDouble.start();
  t.teardown(() => double.stop());
  const kubeconfig = join(t.testdir(), "kubeconfig");
  writeKubeConfig(kubeconfig, double.url);
  for (const object of objectsOf("23b")) double.put(object);
  const waits: number[] = [];
  const diagnosis = await diagnoseLive({ kubeconfig, env: {} }, undefined, async (ms) => {
    waits.push(ms);
  });
  t.strictSame(waits, [15_000]);
  t.match(diagnosis.attachments, [{ rule: "attachment-endangered", severity: "error" }]);
  t.match([...diagnosis.stuck], [["Deployment l230/web", /^disk-taken-away: /]]);

  double.forbidden.add("pods");
  const { states, err } = await audited("--kubeconfig", kubeconfig);
  t.strictSame(states, { web: "latent" });
  t.match(err, /only what would get stuck \(latent\) is reported.*Pods were not read \(forbidden\)/);
});
