/**
 * Changes one thing at a time in a copy of the sources and looks whether a test notices. Not part of `npm test`: it
 * takes as long as it is let. MUTATION_COUNT changes (40) are drawn by MUTATION_SEED from all files that
 * MUTATION_FILES (a prefix below src) names, and MUTATION_TESTS (paths with commas) are run in place of all that may
 * notice; `--named` takes those that a person once found to survive.
 */
import { spawn } from "node:child_process";
import {
  cpSync,
  existsSync,
  globSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { randomFrom } from "../fuzz/random.ts";
import { NAMED } from "./named.ts";

export interface Mutant {
  /** Below src. */
  readonly file: string;
  readonly line: number;
  readonly from: string;
  readonly to: string;
  /** The whole changed text of the file. */
  readonly text: string;
}

const ROOT = join(import.meta.dirname, "../..");
const COUNT = Number(process.env.MUTATION_COUNT ?? 40);
const SEED = Number(process.env.MUTATION_SEED ?? 1);
const ONLY = process.env.MUTATION_FILES ?? "";
const TESTS = (process.env.MUTATION_TESTS ?? "").split(",").filter((test) => test !== "");
const FOLDERS = ["policy", "admission", "waiver"];
/** A change that makes a loop endless is noticed too. */
const LIMIT_MS = 120_000;

/** What is changed, wherever it stands in code. */
const OPERATORS: readonly (readonly [from: RegExp, to: string])[] = [
  [/ === /g, " !== "],
  [/ !== /g, " === "],
  [/ && /g, " || "],
  [/ \|\| /g, " && "],
  [/ > /g, " >= "],
  [/ >= /g, " > "],
  [/ < /g, " <= "],
  [/ <= /g, " < "],
  [/ \+ 1\b/g, ""],
  [/ - 1\b/g, ""],
  [/\btrue\b/g, "false"],
  [/\bfalse\b/g, "true"],
  [/(?<=[( ])!(?=[a-zA-Z(])/g, ""],
  [/\.some\(/g, ".every("],
  [/\.every\(/g, ".some("],
  [/\bMath\.max\(/g, "Math.min("],
  [/\bMath\.min\(/g, "Math.max("],
];

/** Lines that run: no comments, imports, types and texts of rules. */
function runs(line: string): boolean {
  return (
    !/^\s*(\/\/|\/?\*|import |export (type|interface) |type |readonly |\||"|')/.test(line) &&
    !/^\s*\w+\??: /.test(line)
  );
}

function mutantsOf(file: string): readonly Mutant[] {
  const lines = readFileSync(join(ROOT, "src", file), "utf8").split("\n");
  return lines.flatMap((line, index) =>
    runs(line)
      ? OPERATORS.flatMap(([from, to]) =>
          [...line.matchAll(from)].map((match) => {
            const changed = line.slice(0, match.index) + to + line.slice(match.index + match[0].length);
            return {
              file,
              line: index + 1,
              from: line.trim(),
              to: changed.trim(),
              text: lines.with(index, changed).join("\n"),
            };
          }),
        )
      : [],
  );
}

function namedMutants(): readonly Mutant[] {
  return NAMED.map(({ file, from, to }) => {
    const text = readFileSync(join(ROOT, "src", file), "utf8");
    if (!text.includes(from))
      throw new Error(`${file} has no ${from}: bring test/mutation/named.ts up to date`);
    const line = text.slice(0, text.indexOf(from)).split("\n").length;
    return { file, line, from, to, text: text.replace(from, to) };
  });
}

/** The tests that may notice, the nearest first. */
function testsFor(file: string): readonly string[] {
  if (TESTS.length > 0) return TESTS;
  const own = join("test", file.replace(/\.ts$/, ".test.ts"));
  const layer = file.split("/")[0] ?? "";
  const near = globSync(`test/${dirname(file)}/**/*.test.ts`, { cwd: ROOT });
  const wide = layer === "waiver" ? [] : globSync(`test/${layer}/**/*.test.ts`, { cwd: ROOT });
  const through =
    layer === "admission"
      ? globSync("test/integration/*.test.ts", { cwd: ROOT })
      : ["test/verdicts/verdicts.test.ts", "test/integration/ways-out.test.ts", "test/parity/parity.test.ts"];
  return [...new Set([own, ...near, ...wide, ...through])].filter((test) => existsSync(join(ROOT, test)));
}

function passes(folder: string, test: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const child = spawn(process.execPath, [test], { cwd: folder, stdio: "ignore", timeout: LIMIT_MS });
  child.on("exit", (code) => resolve(code === 0));
  return promise;
}

function copy(): string {
  const folder = mkdtempSync(join(tmpdir(), "attachguard-mutation-"));
  for (const path of ["src", "test", "docs", "manifests", "package.json", "README.md"]) {
    cpSync(join(ROOT, path), join(folder, path), { recursive: true });
  }
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  return folder;
}

function drawn(): readonly Mutant[] {
  const all = FOLDERS.flatMap((folder) => globSync(`${folder}/**/*.ts`, { cwd: join(ROOT, "src") }))
    .filter((file) => file.startsWith(ONLY) && !file.includes("generated"))
    .toSorted()
    .flatMap(mutantsOf);
  const random = randomFrom(SEED);
  const chosen = new Set<Mutant>();
  while (chosen.size < Math.min(COUNT, all.length)) chosen.add(random.pick(all));
  process.stdout.write(`${chosen.size} of ${all.length} changes, seed ${SEED}\n`);
  return [...chosen];
}

const mutants = process.argv.includes("--named") ? namedMutants() : drawn();
const folder = copy();
const unusable = new Set<string>();
let killed = 0;
try {
  for (const { file, line, from, to, text } of mutants) {
    const path = join(folder, "src", file);
    const before = readFileSync(path, "utf8");
    writeFileSync(path, text);
    let by: string | undefined;
    for (const test of testsFor(file)) {
      if (unusable.has(test) || (await passes(folder, test))) continue;
      // One that fails without the change too has noticed nothing.
      writeFileSync(path, before);
      const isSound = await passes(folder, test);
      writeFileSync(path, text);
      if (isSound) {
        by = test;
        break;
      }
      unusable.add(test);
    }
    writeFileSync(path, before);
    if (by === undefined) {
      process.stdout.write(`survived  src/${relative("", file)}:${line}\n  - ${from}\n  + ${to}\n`);
    } else {
      killed += 1;
      process.stdout.write(`killed    src/${file}:${line} by ${by}\n`);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
for (const test of unusable) process.stdout.write(`not used: ${test} fails without a change\n`);
process.stdout.write(
  `${killed} of ${mutants.length} killed (${((100 * killed) / mutants.length).toFixed(0)} %)\n`,
);
process.exitCode = killed === mutants.length ? 0 : 1;
