import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { judge, judgeChange, render } from "attachguard";

const FOLDER = join(import.meta.dirname, "k8s");
const manifests = readdirSync(FOLDER).map((name) => ({
  file: `k8s/${name}`,
  text: readFileSync(join(FOLDER, name), "utf8"),
}));

test("no volume is fought over", async () => {
  const report = await judge(manifests);
  assert.deepEqual(report.errors, []);
  assert.equal(report.summary.errors, 0, await render(report, "text"));
});

test("a change that would bring it is seen", async () => {
  const changed = manifests.map(({ file, text }) => ({
    file,
    text: text.replace("type: Recreate", "type: RollingUpdate"),
  }));
  const { findings } = await judgeChange(manifests, changed);
  assert.deepEqual(
    findings.map(({ rule, known, place }) => ({ rule, known, line: place.line })),
    [{ rule: "rwo-rolling-update", known: false, line: 11 }],
  );
});
