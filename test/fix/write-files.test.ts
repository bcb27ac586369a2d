import { spawn } from "node:child_process";
import { readdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import t from "tap";
import { writeFiles } from "../../src/fix/write-files.ts";

const file = (path: string, text: string, fixed: string) => ({
  ...{ file: path, path, real: path, text, fixed },
  hasMark: false,
  mode: 0o100644,
});

t.test("what has changed since it was judged is left as it is", async (t) => {
  const path = join(realpathSync.native(t.testdir()), "a.yaml");
  writeFileSync(path, "somebody else\n");
  await t.rejects(writeFiles([file(path, "old\n", "new\n")]), {
    code: "AG_ERR_INPUT",
    message: /it changed while it was being judged: run again/,
  });
  t.equal(readFileSync(path, "utf8"), "somebody else\n");
});

t.test("a run that is killed leaves every file as it was or as it should be", async (t) => {
  const folder = realpathSync.native(t.testdir());
  const [old, now] = ["o".repeat(200_000), "n".repeat(200_000)];
  const names = Array.from({ length: 60 }, (_, at) => `${at}.yaml`);
  for (const name of names) writeFileSync(join(folder, name), old);
  const module = pathToFileURL(join(import.meta.dirname, "../../src/fix/write-files.ts")).href;
  const script = `
    const { writeFiles } = await import(${JSON.stringify(module)});
    const text = "o".repeat(200_000), fixed = "n".repeat(200_000);
    for (const name of ${JSON.stringify(names)}) {
      const path = ${JSON.stringify(folder)} + "/" + name;
      await writeFiles([{ file: path, path, real: path, text, fixed, hasMark: false, mode: 0o100644 }]);
      process.stdout.write(".");
    }`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let seen = 0;
  child.stdout.on("data", (dots: Buffer) => {
    seen += dots.length;
    if (seen > 5) child.kill("SIGKILL");
  });
  await new Promise((resolve) => child.on("close", resolve));
  const texts = names.map((name) => readFileSync(join(folder, name), "utf8"));
  t.ok(texts.every((text) => text === old || text === now));
  t.ok(texts.includes(now) && texts.includes(old), "it was killed on the way");
  t.ok(readdirSync(folder).length <= names.length + 1, "at most one is left half written beside its file");
});
