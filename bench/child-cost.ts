import { spawnSync } from "node:child_process";

/** What a process used. */
export interface Cost {
  /** CPU time of all its threads, which other processes on the machine hardly change. */
  readonly seconds: number;
  /** The most memory that was resident. */
  readonly megabytes: number;
}

/** The process tells when it ends. */
const TELL = `process.on("exit", () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  process.stderr.write("\\nUSED " + (userCPUTime + systemCPUTime) + " " + maxRSS + "\\n");
})`;

/**
 * Runs a script of Node.
 *
 * @throws Error where it does not exit with 0 or 1
 */
export function costOf(script: string, args: readonly string[]): Cost {
  const hook = `data:text/javascript,${encodeURIComponent(TELL)}`;
  const { stderr, status } = spawnSync(process.execPath, ["--import", hook, script, ...args], {
    stdio: ["ignore", "ignore", "pipe"],
    encoding: "utf8",
    maxBuffer: 1 << 30,
  });
  const [, cpu, rss] = /^USED (\d+) (\d+)$/m.exec(stderr) ?? [];
  if (cpu === undefined || status === null || status > 1)
    throw new Error(`${script}: exit ${status}: ${stderr.slice(-2000)}`);
  return { seconds: Number(cpu) / 1e6, megabytes: Number(rss) / 1024 };
}
