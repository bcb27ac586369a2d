/** The processes of a bench: the real server, what loads it, and what they have used. */
import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { issueCa, issueServing } from "../src/tls/issue.ts";
import { servingCertificate } from "../src/tls/pair.ts";
import type { Round, RoundResult } from "./load.ts";

export interface Bench {
  readonly folder: string;
  /** Whatever was started: to be ended, however the bench ends. */
  readonly children: ChildProcess[];
}

/** Paths of a serving certificate for this machine, named as a mounted Secret names them. */
export interface Pair {
  readonly folder: string;
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

export async function pair({ folder }: Bench): Promise<Pair> {
  const ca = await issueCa({ name: "bench", days: 1, now: Date.now() });
  const own = servingCertificate(
    await issueServing({ ca, hosts: ["localhost", "127.0.0.1"], days: 1, now: Date.now() }),
  );
  // A folder of their own, as a mounted Secret is: it is watched, and every line of a log beside them would be an event.
  const tls = join(folder, "tls");
  mkdirSync(tls);
  const paths = {
    folder: tls,
    cert: join(tls, "tls.crt"),
    key: join(tls, "tls.key"),
    ca: join(tls, "ca.crt"),
  };
  writeFileSync(paths.cert, own.certificate);
  writeFileSync(paths.key, own.key);
  writeFileSync(paths.ca, ca.certificate);
  return paths;
}

/** Starts a module of this folder that answers with messages. */
export function start({ children }: Bench, file: string, args: readonly string[]): ChildProcess {
  const child = fork(join(import.meta.dirname, file), args);
  children.push(child);
  return child;
}

/** The next message of a process. */
export async function said<T>(child: ChildProcess): Promise<T> {
  const [message] = (await once(child, "message")) as [T];
  return message;
}

/** Has `load.ts` send one round. */
export async function run(load: ChildProcess, round: Round): Promise<RoundResult> {
  load.send(round);
  return said<RoundResult>(load);
}

/** Starts a program with its output in a file, whose path is returned: nobody has to read it while it is measured. */
export function logged(
  { folder, children }: Bench,
  name: string,
  file: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): { readonly child: ChildProcess; readonly log: string } {
  const log = join(folder, `${name}.log`);
  const output = openSync(log, "w");
  const child = spawn(file, args, { stdio: ["ignore", output, output], env });
  children.push(child);
  return { child, log };
}

export interface Server {
  readonly child: ChildProcess;
  readonly port: number;
  readonly metricsUrl: string;
  /** Milliseconds until it knew its cluster. */
  readonly ready: number;
}

interface Line {
  readonly msg: string;
  readonly url?: string;
  readonly metricsUrl?: string;
}

/** The real server, as an operator starts it. */
export async function serve(
  bench: Bench,
  name: string,
  tls: Pair,
  cluster: readonly string[],
): Promise<Server> {
  const began = performance.now();
  const { child, log } = logged(bench, name, process.execPath, [
    join(import.meta.dirname, "../src/cli/main.ts"),
    ...["serve", "--host", "127.0.0.1", "--port", "0", "--metrics-port", "0"],
    ...["--tls-cert", tls.cert, "--tls-key", tls.key],
    ...cluster,
  ]);
  const lines = () =>
    readFileSync(log, "utf8")
      .split("\n")
      .slice(0, 100)
      .flatMap((line) => (line.endsWith("}") ? [JSON.parse(line) as Line] : []));
  for (;;) {
    if (child.exitCode !== null)
      throw new Error(`the server ended: ${readFileSync(log, "utf8").slice(0, 2_000)}`);
    const listening = lines().find(({ msg }) => msg === "listening");
    if (listening?.url !== undefined && lines().some(({ msg }) => msg === "synced")) {
      const { url, metricsUrl = "" } = listening;
      return { child, port: Number(new URL(url).port), metricsUrl, ready: performance.now() - began };
    }
    await sleep(50);
  }
}

/** Resident memory of a process in MiB; NaN where the system has no /proc. */
export function memoryOf({ pid }: ChildProcess): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
  } catch {
    return Number.NaN;
  }
}

/** Microseconds that all threads of a process have computed; NaN where the system has no /proc. */
export function computedBy({ pid }: ChildProcess): number {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    const nanoseconds = threads.map((thread) =>
      Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]),
    );
    return nanoseconds.reduce((sum, each) => sum + each, 0) / 1000;
  } catch {
    return Number.NaN;
  }
}
