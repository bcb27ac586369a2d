import { spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Test } from "tap";
import t from "tap";
import { SHELLS } from "../../src/cli/completion.ts";
import { RULES } from "../../src/policy/rules/index.ts";
import { run } from "./run.ts";

const ROOT = join(import.meta.dirname, "../..");

async function completed(...words: readonly string[]): Promise<{ words: string[]; directive: string }> {
  const { code, out, err } = await run(["__complete", "--", ...words]);
  if (code !== 0) throw new Error(err);
  const lines = out.trimEnd().split("\n");
  const directive = lines.pop() ?? "";
  return { words: lines.map((line) => line.split("\t")[0] ?? ""), directive };
}

t.test("what could come next is asked of the commands and options themselves", async (t) => {
  t.strictSame(await completed("ch"), { words: ["check"], directive: ":4" });
  const all = await completed("");
  for (const name of ["serve", "check", "audit", "explain", "waiver", "webhooks", "help"])
    t.ok(all.words.includes(name), name);
  t.notOk(all.words.includes("__complete"), "what is not for people is not offered");
  t.strictSame((await completed("waiver", "s")).words, ["sign"]);
  t.strictSame((await completed("webhooks", "")).words, ["remove"]);
  t.strictSame((await completed("completion", "")).words, [...SHELLS], "the shells that it takes");
  t.strictSame(
    (await completed("explain", "rwo-")).words,
    RULES.map(({ id }) => id).filter((id) => id.startsWith("rwo-")),
  );
  t.ok((await completed("check", "--fa")).words.includes("--fail-on"));
  t.strictSame((await completed("explain", RULES[0]?.id ?? "", "")).words, [], "no second rule");
});

t.test("values of options, however the shell takes them apart", async (t) => {
  const severities = ["error", "warning", "never"];
  t.strictSame((await completed("check", "--fail-on", "")).words, severities);
  t.strictSame((await completed("check", "--fail-on", "=", "w")).words, ["warning"], "bash");
  t.strictSame((await completed("check", "--fail-on", "=")).words, severities, "bash, at the sign");
  t.strictSame((await completed("check", "--fail-on=w")).words, ["--fail-on=warning"], "zsh, fish, kubectl");
  t.strictSame(await completed("check", "--config", "a"), { words: [], directive: ":0" }, "a file");
  t.strictSame(await completed("audit", "-n", ""), { words: [], directive: ":4" }, "a name, no file");
  t.strictSame(
    await completed("check", "a.yaml", "b"),
    { words: [], directive: ":0" },
    "any number of paths",
  );
});

t.test("ways out and formats, which options parse by themselves", async (t) => {
  t.strictSame((await completed("check", "--fix=r")).words, ["--fix=recreate"], "zsh, fish, kubectl");
  t.strictSame((await completed("check", "--fix", "=", "su")).words, ["surge-zero"], "bash");
  t.ok((await completed("check", "--fix", "=")).words.includes("one-replica"), "bash, at the sign");
  t.strictSame(await completed("check", "--fix", ""), { words: [], directive: ":0" }, "else a path");
  t.strictSame((await completed("check", "--format", "s")).words, ["sarif"]);
  t.strictSame((await completed("audit", "--format=ht")).words, ["--format=html"]);
  t.notOk((await completed("diagnose", "--format", "")).words.includes("sarif"));
  t.notOk((await completed("check", "--fix")).words.includes("--fix-by"), "what is hidden stays so");
});

t.test("an unknown shell is told which there are", async (t) => {
  const { code, err } = await run(["completion", "tcsh"]);
  t.equal(code, 2);
  t.match(err, SHELLS.join(", "));
});

/** A folder with `attachguard` in it, as an installation has it. */
function installed(t: Test): string {
  const folder = t.testdir();
  mkdirSync(join(folder, "bin"));
  symlinkSync(join(ROOT, "dist/cli/main.js"), join(folder, "bin/attachguard"));
  return folder;
}

/** What each shell does to a line up to the cursor; what it would offer is printed, a word a line. */
const ASKS: Readonly<Record<(typeof SHELLS)[number], (line: string) => readonly string[]>> = {
  bash: (line) => [
    "bash",
    "--norc",
    "-c",
    `source <(attachguard completion bash)
     COMP_WORDS=(${line.replace(/ $/, " ''")}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
     _attachguard; printf '%s\\n' "\${COMPREPLY[@]}"`,
  ],
  // Without a line editor: what the function hands to _describe.
  zsh: (line) => [
    "zsh",
    "-f",
    "-c",
    `compdef() { }; _describe() { print -l -- \${(P)2%%:*} }; _files() { print FILES }
     source <(attachguard completion zsh)
     words=(${line.replace(/ $/, " ''")}); CURRENT=$#words; _attachguard`,
  ],
  fish: (line) => [
    "fish",
    "--no-config",
    "-c",
    `attachguard completion fish | source; complete -C '${line}' | string replace -r '\\t.*' ''`,
  ],
  powershell: (line) => [
    "pwsh",
    "-NoProfile",
    "-Command",
    `attachguard completion powershell | Out-String | Invoke-Expression
     (TabExpansion2 '${line}' ${line.length}).CompletionMatches | ForEach-Object CompletionText`,
  ],
};

t.test(
  "PowerShell: the word at the cursor counts once, also in its middle; no result is empty",
  async (t) => {
    const { out } = await run(["completion", "powershell"]);
    t.match(
      out,
      /Register-ArgumentCompleter -Native -CommandName attachguard -ScriptBlock \{\n +param\(\$word, \$ast, \$cursor\)/,
    );
    t.match(out, /EndOffset -lt \$cursor \}.*\+ "\$word"$/m);
    t.match(out, "elseif ($line -and");
  },
);

for (const shell of SHELLS) {
  const [command = ""] = ASKS[shell]("");
  const there = spawnSync(command, ["--version"], { stdio: "ignore" }).status === 0;
  const skip = there ? false : `SKIPPED: there is no ${command} on the PATH`;
  t.test(`${shell} completes with the script that is printed for it`, { skip }, async (t) => {
    const folder = installed(t);
    writeFileSync(join(folder, "here.yaml"), "");
    const offers = (line: string) => {
      const [program = "", ...args] = ASKS[shell](line);
      const { stdout, stderr } = spawnSync(program, args, {
        cwd: folder,
        encoding: "utf8",
        env: {
          PATH: `${folder}/bin:${join(process.execPath, "..")}:${process.env.PATH}`,
          HOME: folder,
        },
      });
      t.equal(stderr, "", line);
      return stdout.split("\n").filter((text) => text !== "");
    };
    t.strictSame(offers("attachguard ch"), ["check"]);
    t.ok(offers("attachguard explain rwop-").includes("rwop-overlap"));
    t.strictSame(offers("attachguard check --fail-on ").sort(), ["error", "never", "warning"]);
    if (shell === "fish")
      t.ok(offers("attachguard check h").includes("here.yaml"), "files where files may stand");
    if (shell === "zsh") t.strictSame(offers("attachguard check h"), ["FILES"]);
  });
}
