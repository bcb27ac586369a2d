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
  mending: "fixing",
  gravest: "worst",
  milder: "more lenient",
  "to hand": "a plain verb: known, read, given",
  "at hand": "a plain verb: known, read, given",
  "for who": "for those who",
  "knows no": "has no",
  "the other way round": "conversely",
  "taken up": "loaded",
  "takes up": "loads",
  "goes on from": "carries on with",
  "goes on answering": "keeps answering",
  "made out to": "issued for",
  "one a line": "one per line",
  "one a finding": "one per finding",
  "passing multi-attach": "transient Multi-Attach",
  "says the configuration": "according to the configuration",
  "says the driver catalogue": "according to the driver catalogue",
  "stands in for": "replaces",
  "stand in for": "replace",
  "as far as known": "as far as is known",
  "the data goes with": "the data is deleted with",
  "wrong call": "invalid call",
  "call is wrong": "command line is wrong",
  "is no json": "is not JSON",
  "is no yaml": "is not YAML",
  "is no dump": "is not a dump",
  "without a judgement": "without being judged",
  "asks for nothing": "makes no requests",
  "asks nobody": "makes no requests",
  "passed over": "skipped",
  "gone meanwhile": "deleted in the meantime",
  "still so": "still holds",
  "set-up": "setup",
  license: "licence",
};

/** Names that others gave, and that keep their spelling. */
const NAMES = /artifacthub\.io\/license|licenses\.txt/g;

t.test("one term, one spelling", async (t) => {
  const files = execFileSync("git", ["ls-files", "src", "docs", "manifests", "charts", "*.md"], {
    cwd: ROOT,
    encoding: "utf8",
  });
  for (const file of files.split("\n").filter((name) => name !== "" && !name.endsWith(".png"))) {
    const text = readFileSync(join(ROOT, file), "utf8").toLowerCase().replaceAll(NAMES, "");
    for (const [word, better] of Object.entries(INSTEAD))
      if (new RegExp(`\\b${word}s?\\b`).test(text)) t.fail(`${file} says '${word}'; write '${better}'`);
  }
  t.pass();
});
