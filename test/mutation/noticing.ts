import { spawn } from "node:child_process";
import { globSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { performance } from "node:perf_hooks";
import { pathToFileURL } from "node:url";
import type { Mutant } from "./mutants.ts";

/** What asking one test comes to. */
export type Outcome = "passed" | "failed" | "endless";

/** A test that passes without a change, and what it runs of the sources. */
interface Measured {
  readonly test: string;
  readonly ms: number;
  /** By file below src: how often each range ran, the wider ranges first. */
  readonly runs: ReadonlyMap<string, readonly Range[]>;
}

interface Range {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly count: number;
}

/** The tests that may notice a change, beside those that mirror its folder. */
const BESIDE: Readonly<Record<string, readonly string[]>> = {
  policy: ["test/judge/**/*.test.ts", "test/verdicts/*.test.ts", "test/parity/*.test.ts"],
  waiver: [
    "test/cli/waiver.test.ts",
    "test/policy/exemptions.test.ts",
    "test/integration/exemptions.test.ts",
  ],
  admission: ["test/integration/*.test.ts", "test/library/review.test.ts", "test/monitoring/*.test.ts"],
  judge: [
    "test/cli/{base,check,check-config}.test.ts",
    "test/library/{judge,review}.test.ts",
    "test/parity/*.test.ts",
    "test/integration/{claims,exemptions,modes,scale,unfinished-rollout}.test.ts",
  ],
};

/** What a worker is started from as text: coverage does not say that it runs. */
const RUN_AS_TEXT: readonly string[] = ["admission/body/compact-review.ts"];

/** How often longer than without a change a test may take before it counts as endless. */
const ENDLESS = 8;
/** How much longer the tests of a part may take than those of a whole server, of which there are many. */
const PATIENCE = 4;
const LEAST_LIMIT_MS = 20_000;

/** The tests that may notice a change of the folder, as paths below the repository. */
export function candidatesFor(layer: string, root: string): readonly string[] {
  return [`test/${layer}/**/*.test.ts`, ...(BESIDE[layer] ?? [])].flatMap((pattern) =>
    globSync(pattern, { cwd: root }).toSorted(),
  );
}

/** The tests of one copy of the repository, each run once without a change to see what it runs and how long it takes. */
export class Tests {
  readonly #folder: string;
  /** A test of a whole server that takes longer is not asked; one of a part may take `PATIENCE` times as long. */
  readonly #mostMs: number;
  readonly #measured = new Map<string, Measured | undefined>();
  /** Tests that are not asked, with the reason. */
  readonly unused = new Map<string, string>();

  constructor(folder: string, mostMs: number) {
    this.#folder = folder;
    this.#mostMs = mostMs;
  }

  async measure(tests: readonly string[]): Promise<void> {
    for (const test of tests) {
      if (!this.#measured.has(test)) this.#measured.set(test, await this.#measure(test));
    }
  }

  /**
   * Those of the tests that run the changed line: the one that mirrors the file first, then those beside it, then the
   * others of its folder of `src`; the quickest first.
   */
  noticing({ file, offset, text }: Mutant, tests: readonly string[]): readonly string[] {
    const own = join("test", file.replace(/\.ts$/, ".test.ts"));
    const distance = (test: string): number => {
      if (test === own) return 0;
      if (dirname(test) === dirname(own)) return 1;
      return test.split("/")[1] === file.split("/")[0] ? 2 : 3;
    };
    const lineStart = text.lastIndexOf("\n", offset - 1) + 1;
    const lineEnd = text.indexOf("\n", offset);
    return tests
      .map((test) => this.#measured.get(test))
      .filter((measured) => measured !== undefined)
      .filter(({ runs }) =>
        RUN_AS_TEXT.includes(file) ? runs.has(file) : reaches(runs.get(file) ?? [], text, lineStart, lineEnd),
      )
      .toSorted((a, b) => distance(a.test) - distance(b.test) || a.ms - b.ms)
      .map(({ test }) => test);
  }

  /** Runs the test as the copy stands now. */
  ask(test: string): Promise<Outcome> {
    const ms = this.#measured.get(test)?.ms ?? 0;
    return this.#run(test, Math.max(LEAST_LIMIT_MS, ENDLESS * ms), { TAP_BAIL: "1" });
  }

  async #measure(test: string): Promise<Measured | undefined> {
    const coverage = mkdtempSync(join(this.#folder, "coverage-"));
    const start = performance.now();
    const outcome = await this.#run(
      test,
      test.startsWith("test/integration/") ? this.#mostMs : PATIENCE * this.#mostMs,
      { NODE_V8_COVERAGE: coverage },
    );
    const ms = performance.now() - start;
    const runs =
      outcome === "passed"
        ? rangesIn(coverage, pathToFileURL(join(this.#folder, "src/")).href)
        : new Map<string, readonly Range[]>();
    rmSync(coverage, { recursive: true, force: true });
    if (outcome === "passed") return { test, ms, runs };
    this.unused.set(test, outcome === "endless" ? "takes longer" : "fails without a change");
    return undefined;
  }

  #run(test: string, limit: number, environment: Readonly<Record<string, string>>): Promise<Outcome> {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    const compiled = join(this.#folder, "compiled");
    mkdirSync(compiled, { recursive: true });
    const child = spawn(process.execPath, [test], {
      cwd: this.#folder,
      stdio: "ignore",
      // A group of its own, so that the servers that a test started end with it.
      detached: true,
      env: { ...process.env, NODE_COMPILE_CACHE: compiled, ...environment },
    });
    const timer = setTimeout(() => {
      resolve("endless");
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    }, limit);
    child.on("exit", (code) => {
      clearTimeout(timer);
      resolve(code === 0 ? "passed" : "failed");
    });
    return promise;
  }
}

function rangesIn(coverage: string, src: string): ReadonlyMap<string, readonly Range[]> {
  const ranges = new Map<string, Range[]>();
  for (const name of readdirSync(coverage)) {
    const { result } = JSON.parse(readFileSync(join(coverage, name), "utf8"));
    for (const { url, functions } of result) {
      if (!url.startsWith(src)) continue;
      const file = url.slice(src.length);
      // Several processes and threads may have run the file: each leaves its own ranges.
      const known = ranges.get(file) ?? [];
      known.push(...functions.flatMap((one: { ranges: readonly Range[] }) => one.ranges));
      ranges.set(file, known);
    }
  }
  return ranges;
}

/** Whether anything from the end of the line before to the end of the line ran, in any of the processes. */
function reaches(ranges: readonly Range[], text: string, start: number, end: number): boolean {
  const from = text.slice(0, start).trimEnd().length - 1;
  for (let offset = Math.max(0, from); offset < end; offset += 1) {
    const around = ranges.filter((range) => range.startOffset <= offset && offset < range.endOffset);
    const narrowest = Math.min(...around.map((range) => range.endOffset - range.startOffset));
    if (around.some((range) => range.endOffset - range.startOffset === narrowest && range.count > 0))
      return true;
  }
  return false;
}
