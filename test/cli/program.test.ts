import { readFileSync } from "node:fs";
import t from "tap";
import { run } from "./run.ts";

t.test("a wrong call is told on standard error and exits with 2", async (t) => {
  const cases: readonly { why: string; words: readonly string[]; says: string }[] = [
    { why: "no command", words: [], says: "Usage: attachguard" },
    { why: "a value for charts without a key", words: ["check", "--set", "a", "."], says: "KEY=VALUE" },
    { why: "unknown command, with the nearest", words: ["chekc"], says: "Did you mean check?" },
    { why: "unknown command, with where to look", words: ["wat"], says: "Run `attachguard --help`" },
    { why: "unknown option", words: ["check", "--liv", "."], says: "unknown option '--liv'" },
    { why: "no path", words: ["check"], says: "missing required argument 'PATH'" },
    {
      why: "unknown format",
      words: ["check", "--format", "xml", "."],
      says: "Allowed choices are text, json, sarif",
    },
    { why: "unknown severity", words: ["audit", "--fail-on", "info"], says: "error, warning, never" },
    { why: "words too many", words: ["explain", "a", "b"], says: "too many arguments" },
    { why: "an object that is none", words: ["waiver", "verify", "web"], says: "--namespace" },
    {
      why: "a format without a file's name",
      words: ["check", "--format", "sarif=", "."],
      says: "Name a file",
    },
    {
      why: "what only a change has",
      words: ["check", "--all", "."],
      says: "--all needs --base or --baseline",
    },
    {
      why: "what only a change has",
      words: ["check", "--allow-unrendered", "."],
      says: "--allow-unrendered needs --base",
    },
    { why: "a command of a later release", words: ["simulate"], says: "unknown command 'simulate'" },
  ];
  for (const { why, words, says } of cases) {
    const { code, out, err } = await run(words);
    t.equal(code, 2, why);
    t.equal(out, "", why);
    t.match(err, says, why);
  }
});

t.test("with --format json even a wrong call prints the one object", async (t) => {
  for (const words of [
    ["check", "--format", "json", "--nonsense"],
    ["audit", "--nonsense", "--format=json"],
  ]) {
    const { code, out, err } = await run(words);
    t.equal(code, 2);
    t.same(JSON.parse(out).errors, [
      { file: "", line: 1, column: 1, message: "unknown option '--nonsense'", code: "AG_ERR_USAGE" },
    ]);
    t.match(err, "unknown option '--nonsense'");
  }
});

t.test("a failure is told in the format that was asked for last", async (t) => {
  for (const [words, isJson] of [
    [["check", "--format=json", "--format", "text", "--config", "nowhere.yaml", "."], false],
    [["check", "--format", "text", "--format=json", "--config", "nowhere.yaml", "."], true],
    [["check", "json", "--config", "nowhere.yaml"], false],
  ] as const) {
    const { code, out } = await run(words);
    t.equal(code, 2);
    t.equal(out.startsWith("{"), isJson, words.join(" "));
  }
});

t.test("as a kubectl plugin it calls itself what people typed", async (t) => {
  const plugin = await run(["check", "--help"], { bin: "/usr/local/bin/kubectl-attachguard" });
  t.match(plugin.out, "Usage: kubectl attachguard check");
  const bin = await run(["check", "--help"]);
  t.match(bin.out, "Usage: attachguard check");
  t.equal(bin.code, 0);
});

t.test("prints the version of the package", async (t) => {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  t.same(await run(["--version"]), { code: 0, out: `${version}\n`, err: "" });
});
