import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { ROOT } from "../manifests/render.ts";

/** Spellings and words that are not to come back, each with what is written instead. */
const INSTEAD: Readonly<Record<string, string>> = {
  "for ever": "forever",
  "look-up": "lookup",
  "exempted through": "exempted by",
  "is no valid time": "is not a valid time",
  "is no time": "is not a valid time",
  "blind spot": "what is not judged",
  "in step with": "in sync with",
  "back end": "backend",
  artefact: "artifact",
  anew: "again",
  mended: "fixed",
};

t.test("one term, one spelling", async (t) => {
  const files = execFileSync("git", ["ls-files", "src", "docs", "manifests", "charts", "*.md"], {
    cwd: ROOT,
    encoding: "utf8",
  });
  for (const file of files.split("\n").filter((name) => name !== "" && !name.endsWith(".png"))) {
    const text = readFileSync(join(ROOT, file), "utf8").toLowerCase();
    for (const [word, better] of Object.entries(INSTEAD))
      if (new RegExp(`\\b${word}s?\\b`).test(text)) t.fail(`${file} says '${word}'; write '${better}'`);
  }
  t.pass();
});
