/**
 * Changes one thing at a time in a copy of the sources and looks whether a test notices. Not part of `npm test`: it
 * takes as long as it is let. Every test that may notice is run once without a change first, to learn which lines it
 * runs and how long it takes; a change is then shown only to tests that run its line.
 *
 * - MUTATION_FILES: prefixes below src, with commas (the folders of FOLDERS)
 * - MUTATION_PER_FILE: at most so many changes a file, drawn by MUTATION_SEED (1); all where it is not set
 * - MUTATION_TESTS: tests, with commas, in place of all that may notice
 * - MUTATION_TEST_SECONDS: tests that take longer are not asked (8)
 * - MUTATION_MOST_TESTS: how many of the nearest tests that run its line a change is shown to (12)
 * - MUTATION_REPORT: a file for the outcome of each change, one JSON object a line
 *
 * `--survivors FILE` shows again what such a report says survived; `--named` takes the changes that once survived.
 */
import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { filesUnder, type Mutant, mutantsOf, sampleOf } from "./mutants.ts";
import { NAMED } from "./named.ts";
import { candidatesFor, type Outcome, Tests } from "./noticing.ts";

const ROOT = join(import.meta.dirname, "../..");
const FOLDERS = ["policy/", "waiver/", "admission/", "judge/"];
const listed = (value: string | undefined): readonly string[] => (value ?? "").split(",").filter(Boolean);
const PREFIXES = listed(process.env.MUTATION_FILES);
const TESTS = listed(process.env.MUTATION_TESTS);
const PER_FILE = Number(process.env.MUTATION_PER_FILE ?? Number.POSITIVE_INFINITY);
const SEED = Number(process.env.MUTATION_SEED ?? 1);
const TEST_MS = 1000 * Number(process.env.MUTATION_TEST_SECONDS ?? 8);
const MOST_TESTS = Number(process.env.MUTATION_MOST_TESTS ?? 12);
const REPORT = process.env.MUTATION_REPORT;

interface Reported {
  readonly file: string;
  readonly line: number;
  readonly from: string;
  readonly to: string;
  readonly by: string | null;
  readonly outcome: Outcome;
}

function namedMutants(): readonly Mutant[] {
  return NAMED.map(({ file, from, to }) => {
    const text = readFileSync(join(ROOT, "src", file), "utf8");
    const offset = text.indexOf(from);
    if (offset < 0) throw new Error(`${file} has no ${from}: bring test/mutation/named.ts up to date`);
    const line = text.slice(0, offset).split("\n").length;
    return { file, line, offset, from, to, text: text.replace(from, () => to) };
  });
}

/** Lines may have moved since; what stood on them has not. */
function survivorsOf(report: string): readonly Mutant[] {
  const wanted = readFileSync(report, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line): Reported => JSON.parse(line))
    .filter(({ outcome, file }) => outcome === "passed" && inScope(file))
    .map(({ file, from, to }) => JSON.stringify([file, from, to]));
  return FOLDERS.flatMap((folder) => filesUnder([folder]))
    .flatMap(mutantsOf)
    .filter(({ file, from, to }) => wanted.includes(JSON.stringify([file, from, to])));
}

function inScope(file: string): boolean {
  return PREFIXES.length === 0 || PREFIXES.some((prefix) => file.startsWith(prefix));
}

function drawn(): readonly Mutant[] {
  const files = filesUnder(FOLDERS).filter(inScope);
  const all = files.map(mutantsOf);
  const chosen = all.flatMap((mutants) => sampleOf(mutants, PER_FILE, SEED));
  process.stdout.write(`${chosen.length} of ${all.flat().length} changes, seed ${SEED}\n`);
  return chosen;
}

function chosenMutants(): readonly Mutant[] {
  if (process.argv.includes("--named")) return namedMutants();
  const at = process.argv.indexOf("--survivors");
  return at < 0 ? drawn() : survivorsOf(process.argv[at + 1] as string);
}

function copy(): string {
  const folder = mkdtempSync(join(tmpdir(), "attachguard-mutation-"));
  for (const path of ["src", "test", "docs", "manifests", "package.json", "README.md", "CONTRIBUTING.md"]) {
    cpSync(join(ROOT, path), join(folder, path), { recursive: true });
  }
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  return folder;
}

function layerOf(file: string): string {
  return file.split("/")[0] as string;
}

function candidates(file: string): readonly string[] {
  return TESTS.length > 0 ? TESTS : candidatesFor(layerOf(file), ROOT);
}

/** The first test that notices; a test with sockets or a clock, or one that never ended, is asked without the change too. */
async function noticed(
  tests: Tests,
  mutant: Mutant,
  path: string,
): Promise<Pick<Reported, "by" | "outcome">> {
  const before = readFileSync(path, "utf8");
  try {
    for (const test of tests.noticing(mutant, candidates(mutant.file)).slice(0, MOST_TESTS)) {
      writeFileSync(path, mutant.text);
      const outcome = await tests.ask(test);
      if (outcome === "passed") continue;
      writeFileSync(path, before);
      const doubtful = outcome === "endless" || !/^test\/(policy|judge|waiver|verdicts)\//.test(test);
      if (!doubtful || (await tests.ask(test)) === "passed") return { by: test, outcome };
    }
    return { by: null, outcome: "passed" };
  } finally {
    writeFileSync(path, before);
  }
}

const mutants = chosenMutants();
const folder = copy();
const tests = new Tests(folder, TEST_MS);
const scores = new Map<string, { killed: number; all: number }>();
try {
  await tests.measure([...new Set(mutants.flatMap(({ file }) => candidates(file)))]);
  for (const [test, why] of tests.unused) process.stdout.write(`not asked: ${test} ${why}\n`);
  for (const mutant of mutants) {
    const { file, line, from, to } = mutant;
    const { by, outcome } = await noticed(tests, mutant, join(folder, "src", file));
    if (REPORT !== undefined)
      appendFileSync(REPORT, `${JSON.stringify({ file, line, from, to, by, outcome } satisfies Reported)}\n`);
    const score = scores.get(layerOf(file)) ?? { killed: 0, all: 0 };
    score.all += 1;
    if (by === null) {
      process.stdout.write(`survived  src/${file}:${line}\n  - ${from}\n  + ${to}\n`);
    } else {
      score.killed += 1;
      process.stdout.write(
        `killed    src/${file}:${line} by ${by}${outcome === "endless" ? ", endless" : ""}\n`,
      );
    }
    scores.set(layerOf(file), score);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
for (const [layer, { killed, all }] of scores) {
  process.stdout.write(`${layer}/: ${killed} of ${all} killed (${((100 * killed) / all).toFixed(0)} %)\n`);
}
process.exitCode = [...scores.values()].every(({ killed, all }) => killed === all) ? 0 : 1;
