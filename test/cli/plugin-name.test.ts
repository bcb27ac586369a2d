import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import t from "tap";
import { run } from "./run.ts";

const ROOT = join(import.meta.dirname, "../..");
const HAZARD = join(ROOT, "manifests/examples/logger-rolling-update");
const PLUGIN = { bin: "/usr/local/bin/kubectl-attachguard" };

/** Every mention of a command by the name that only somebody without kubectl would type. */
const BARE =
  /(?<!kubectl )\battachguard\s+(serve|check|audit|explain|runbook|waiver|certs|webhooks|completion)\b/g;

t.test("as a kubectl plugin every command that is printed can be typed as it stands", async (t) => {
  for (const words of [
    ["--help"],
    ["check", "--help"],
    ["waiver", "--help"],
    ["check", HAZARD],
    ["explain"],
    ["explain", "rwo-rolling-update"],
    ["explain", "no-such-rule"],
    ["chek"],
    // Wrapped between the name and the command.
    ["runbook", "share-storage", "logs", "-n", "logger-rolling-update", "--from", HAZARD],
    [
      "waiver",
      "sign",
      "deployment/web",
      "-n",
      "shop",
      "--rule",
      "*",
      "--reason",
      "r",
      "--until",
      "1d",
      "--issuer",
      "i",
      "--key",
      "/nowhere",
    ],
  ]) {
    const { out, err } = await run(words, PLUGIN);
    t.not(out + err, "", words.join(" "));
    t.strictSame((out + err).match(BARE), null, words.join(" "));
  }
  t.match((await run(["check", HAZARD], PLUGIN)).out, "More: kubectl attachguard explain rwo-rolling-update");
});

t.test("what programs read is the same under either name", async (t) => {
  const words = ["check", "--format", "json", HAZARD];
  const [plugin, bin] = await Promise.all([run(words, PLUGIN), run(words)]);
  t.strictSame([plugin.code, plugin.out], [bin.code, bin.out]);
  t.match(plugin.err, "kubectl attachguard explain", "beside it, people are spoken to");
});

t.test("a diff holds lines of files, which stay as they are", async (t) => {
  const file = join(t.testdir(), "web.yaml");
  const files = ["10-storage-class", "20-claim", "30-deployment"].map((name) => join(HAZARD, `${name}.yaml`));
  const text = files.map((each) => readFileSync(each, "utf8")).join("---\n");
  writeFileSync(file, text.replace(/^ {2}template:/m, "  # attachguard check k8s\n  template:"));
  const [plugin, bin] = await Promise.all([
    run(["check", "--diff", file], PLUGIN),
    run(["check", "--diff", file]),
  ]);
  t.match(bin.out, /^ {3}# attachguard check k8s$/m);
  t.equal(plugin.out, bin.out);
});

t.test("kubectl completes its plugins itself, and its user is told how", async (t) => {
  const { code, out, err } = await run(["completion", "bash"], PLUGIN);
  t.strictSame([code, out], [2, ""]);
  t.match(err, "kubectl_complete-attachguard");
});

const kubectl = spawnSync("kubectl", ["version", "--client"], { stdio: "ignore" }).status === 0;
const skip = kubectl ? false : "SKIPPED: there is no kubectl on the PATH";

t.test("kubectl itself finds the plugin and its completions", { skip }, async (t) => {
  const folder = t.testdir();
  // As npm puts them: links into the package.
  mkdirSync(join(folder, "bin"));
  const { bin } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    bin: Record<string, string>;
  };
  for (const name of ["kubectl-attachguard", "kubectl_complete-attachguard"])
    symlinkSync(join(ROOT, bin[name] ?? ""), join(folder, "bin", name));
  // And as a release tarball does: the launchers themselves.
  mkdirSync(join(folder, "unpacked"));
  for (const part of ["bin", "dist", "package.json"])
    cpSync(join(ROOT, part), join(folder, "unpacked", part), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(folder, "unpacked/node_modules"));
  for (const place of ["bin", "unpacked/bin"]) {
    const PATH = [join(folder, place), join(process.execPath, ".."), process.env.PATH].join(delimiter);
    const call = (...words: readonly string[]) =>
      spawnSync("kubectl", words, { encoding: "utf8", env: { PATH, HOME: folder } });
    t.match(call("attachguard", "check", "--help").stdout, /^Usage: kubectl attachguard check/, place);
    const { stdout } = call("__complete", "attachguard", "ch");
    t.match(stdout, /^check\t/, `${place}: completion`);
  }
});

t.test("a launcher under a Node that is too old gets the one sentence", async (t) => {
  const old = join(
    t.testdir({ "old.cjs": 'Object.defineProperty(process.versions, "node", { value: "18.0.0" });' }),
    "old.cjs",
  );
  const { status, stderr } = spawnSync(process.execPath, ["-r", old, join(ROOT, "bin/kubectl-attachguard")], {
    encoding: "utf8",
    env: { PATH: process.env.PATH },
  });
  t.equal(status, 2);
  t.match(stderr, /^attachguard needs Node.js/);
});
