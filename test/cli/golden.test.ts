import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { run } from "./run.ts";

const ROOT = join(import.meta.dirname, "../..");
const GOLDEN = join(ROOT, "test/golden");

/** What people read, whole, so that a change of it is seen. UPDATE_GOLDEN=1 writes the files anew. */
const outputs: readonly { readonly file: string; readonly words: readonly string[]; readonly tty?: true }[] =
  [
    { file: "check-deny.txt", words: ["check", "manifests/examples/logger-rolling-update"] },
    { file: "check-allow.txt", words: ["check", "manifests/examples/logger-same-node"] },
    { file: "check-two-rules.txt", words: ["check", "manifests/examples/ml-component-rwo"] },
    {
      file: "check-deny.json",
      words: ["check", "manifests/examples/logger-rolling-update", "--format", "json"],
    },
    { file: "check-colour.txt", words: ["check", "manifests/examples/logger-rolling-update"], tty: true },
    { file: "explain.txt", words: ["explain"] },
    { file: "explain-rwo-rolling-update.txt", words: ["explain", "rwo-rolling-update"] },
    { file: "help.txt", words: ["--help"] },
    { file: "help-check.txt", words: ["check", "--help"] },
    { file: "help-serve.txt", words: ["serve", "--help"] },
  ];

t.before(() => process.chdir(ROOT));

for (const { file, words, tty = false } of outputs) {
  t.test(`attachguard ${words.join(" ")}${tty ? " on a terminal" : ""}`, async (t) => {
    const { out } = await run(words, { tty });
    const path = join(GOLDEN, file);
    if (process.env.UPDATE_GOLDEN === "1") {
      mkdirSync(GOLDEN, { recursive: true });
      writeFileSync(path, out);
    }
    t.equal(out, readFileSync(path, "utf8"), `test/golden/${file}`);
  });
}
