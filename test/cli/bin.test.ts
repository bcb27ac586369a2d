import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { BIN, spawnBin } from "./run.ts";

const ROOT = join(import.meta.dirname, "../..");
const HAZARD = join(ROOT, "manifests/examples/logger-rolling-update");
const SAFE = join(ROOT, "manifests/examples/logger-recreate");

t.before(() => {
  if (!existsSync(BIN)) throw new Error(`${BIN} is not there: run \`npm run build\` first`);
});

t.test("the process exits with the code of the contract, and keeps the streams apart", async (t) => {
  const denied = await spawnBin(["check", HAZARD]);
  t.equal(denied.code, 1);
  t.match(denied.out, /^ERROR {2}Deployment/);
  t.equal(denied.err, "");
  t.equal((await spawnBin(["check", SAFE])).code, 0);
  const wrong = await spawnBin(["check", "no-such-file.yaml", "--format", "json"]);
  t.equal(wrong.code, 2);
  t.equal(JSON.parse(wrong.out).errors[0].file, "no-such-file.yaml");
});

t.test("reads standard input", async (t) => {
  const stdin = ["30-deployment.yaml", "20-claim.yaml"]
    .map((file) => readFileSync(join(HAZARD, file), "utf8"))
    .join("---\n");
  const { code, out } = await spawnBin(["check", "-"], { stdin });
  t.equal(code, 1);
  t.match(out, "  -:1:1");
});

t.test("survives a reader that goes away", async (t) => {
  const child = spawn(process.execPath, [BIN, "check", join(ROOT, "manifests/examples")]);
  let err = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    err += text;
  });
  child.stdout.destroy();
  const code = await new Promise((resolve) => child.on("close", resolve));
  t.equal(code, 1, "the verdict is that of the findings");
  t.notMatch(err, "EPIPE");
});

t.test("goes by the name that it is called by", async (t) => {
  const link = join(t.testdir(), "kubectl-attachguard");
  symlinkSync(BIN, link);
  const { out } = await spawnBin(["--help"], { bin: link });
  t.match(out, /^Usage: kubectl attachguard /);
});

t.test("keeps what it compiled in the user's own cache folder", async (t) => {
  const cache = t.testdir();
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const { out } = await spawnBin(["--version"], { env: { XDG_CACHE_HOME: cache } });
  t.equal(out, `${version}\n`);
  t.ok(existsSync(join(cache, "attachguard")));
});

t.test("judges the same from what an earlier run compiled", async (t) => {
  const folder = t.testdir({
    "attachguard.yaml": "severities: {rwo-rolling-update: warning}\n",
    "dump.json": JSON.stringify({ apiVersion: "v1", kind: "List", items: [] }),
  });
  const env = { XDG_CACHE_HOME: join(folder, "cache") };
  const configured = ["check", HAZARD, "--config", join(folder, "attachguard.yaml")];
  for (const words of [
    ["check", HAZARD],
    configured,
    [...configured, "--fix", "--diff"],
    ["diagnose", "-A", "--from", join(folder, "dump.json")],
    ["explain"],
    ["--help"],
    ["__complete", "--", "check", "--f"],
  ]) {
    const first = await spawnBin(words, { env });
    t.notMatch(first.err, /unexpectedly|only; install/);
    t.strictSame(await spawnBin(words, { env }), first, words.join(" "));
  }
  t.equal((await spawnBin(configured, { env })).code, 0);
  t.match(readdirSync(join(folder, "cache/attachguard")).sort(), [
    ...[/-__complete-v/, /-check-v/, /-diagnose-v/, /-explain-v/, /-help-v/],
    /^packages\.cjs-check-v/,
  ]);
});

t.test("a Node that is too old gets one sentence and exit 2", async (t) => {
  const old = join(
    t.testdir({ "old.cjs": 'Object.defineProperty(process.versions, "node", { value: "20.19.0" });' }),
    "old.cjs",
  );
  const { code, out, err } = await spawnBin(["check", SAFE], { env: { NODE_OPTIONS: `--require=${old}` } });
  t.equal(code, 2);
  t.equal(out, "");
  t.equal(
    err,
    "attachguard needs Node.js 22.15 or newer, and this is 20.19.0; install a newer one and run it again.\n",
  );
});
