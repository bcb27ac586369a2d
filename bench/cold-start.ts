import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";

/**
 * How long a cold `attachguard check` of one small file takes on the compiled bin, as a multiple of `node -e 0`.
 * The two take turns, so that both see the same machine; the compile cache is its own and warmed by one run, as it
 * is for everyone but the very first call. Exits 1 above LIMIT.
 */
const LIMIT = 2.2;
const RUNS = Number(process.env.RUNS ?? 31);

const root = join(import.meta.dirname, "..");
const cache = mkdtempSync(join(tmpdir(), "attachguard-bench-"));
const contestants = {
  "node -e 0": { argv: ["-e", "0"], exit: 0 },
  "attachguard check": {
    argv: [
      join(root, "dist/cli/main.js"),
      "check",
      join(root, "manifests/examples/logger-rolling-update/30-deployment.yaml"),
    ],
    // The file by itself does not say what its claim is: a warning, which does not fail.
    exit: 0,
  },
} as const;

function milliseconds({ argv, exit }: { readonly argv: readonly string[]; readonly exit: number }): number {
  const start = performance.now();
  const { status, stderr } = spawnSync(process.execPath, argv, {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, XDG_CACHE_HOME: cache },
    encoding: "utf8",
  });
  const duration = performance.now() - start;
  if (status !== exit)
    throw new Error(`exit ${status} instead of ${exit}: ${stderr}\nHas \`npm run build\` been run?`);
  return duration;
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

try {
  const bare: number[] = [];
  const check: number[] = [];
  milliseconds(contestants["attachguard check"]);
  for (let run = 0; run < RUNS; run += 1) {
    bare.push(milliseconds(contestants["node -e 0"]));
    check.push(milliseconds(contestants["attachguard check"]));
  }
  const ratio = median(check) / median(bare);
  console.log(
    `cold check: ${median(check).toFixed(1)} ms, node -e 0: ${median(bare).toFixed(1)} ms, ` +
      `ratio ${ratio.toFixed(2)} (limit ${LIMIT}), medians of ${RUNS} interleaved runs, Node ${process.version}`,
  );
  process.exitCode = ratio <= LIMIT ? 0 : 1;
} finally {
  rmSync(cache, { recursive: true });
}
