import { type ChildProcess, spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../../../errors.ts";
import { undoAtExit } from "./private-folder.ts";

/** What a run may use up. */
export interface ToolLimits {
  readonly milliseconds: number;
  /** Of its data, in bytes; enforced where there is `prlimit`, else a wish to Go's runtime. */
  readonly memoryBytes: number;
  readonly outputBytes: number;
}

/** How a run ended. `error` is what it wrote to standard error, cut; `exceeded` names the limit that ended it. */
export type ToolRun =
  | { readonly state: "done"; readonly output: string }
  | { readonly state: "failed"; readonly error: string; readonly exceeded?: "time" | "output" };

/** Enough for the first message; Helm prints whole manifests after it. */
const MAX_ERROR_BYTES = 64 * 1024;

/** Nothing can listen there: a user needs special rights for it, and a proxy never does. */
const NO_PROXY_HERE = "http://127.0.0.1:1";

/** Programs that hold their pipes open after they have ended are not waited for. */
const CLOSE_GRACE_MILLISECONDS = 1_000;

/**
 * The whole environment of a tool. Nothing is inherited: no credentials, no configuration, no plugins, no programs
 * that it could start, and no way to a network that honours proxies.
 */
function toolEnvironment(home: string, memoryBytes: number): Record<string, string> {
  const empty = join(home, "empty");
  return {
    PATH: empty,
    HOME: home,
    USERPROFILE: home,
    TMPDIR: join(home, "tmp"),
    TMP: join(home, "tmp"),
    TEMP: join(home, "tmp"),
    LANG: "C",
    KUBECONFIG: join(home, "no-kubeconfig"),
    KUBERC: "off",
    XDG_CACHE_HOME: join(home, "cache"),
    XDG_CONFIG_HOME: join(home, "config"),
    XDG_DATA_HOME: join(home, "data"),
    HELM_CACHE_HOME: join(home, "cache"),
    HELM_CONFIG_HOME: join(home, "config"),
    HELM_DATA_HOME: join(home, "data"),
    HELM_PLUGINS: empty,
    HELM_NO_PLUGINS: "1",
    HELM_REGISTRY_CONFIG: join(home, "no-registry"),
    HELM_REPOSITORY_CONFIG: join(home, "no-repositories"),
    HELM_REPOSITORY_CACHE: join(home, "cache"),
    HTTP_PROXY: NO_PROXY_HERE,
    HTTPS_PROXY: NO_PROXY_HERE,
    ALL_PROXY: NO_PROXY_HERE,
    NO_PROXY: "",
    http_proxy: NO_PROXY_HERE,
    https_proxy: NO_PROXY_HERE,
    all_proxy: NO_PROXY_HERE,
    no_proxy: "",
    GOMEMLIMIT: String(Math.floor(memoryBytes * 0.9)),
    GOMAXPROCS: "2",
  };
}

/**
 * Runs a program by its absolute path, without a shell and without input, in a folder of its own that is also its
 * home, and ends it with everything it started when a limit is met or this process ends.
 *
 * @param prlimit absolute path of util-linux' program that sets limits and becomes the other program; optional
 */
export async function runTool(
  path: string,
  args: readonly string[],
  home: string,
  limits: ToolLimits,
  prlimit: string | undefined,
): Promise<ToolRun> {
  for (const name of ["empty", "tmp", "cache", "config", "data"]) {
    await mkdir(join(home, name), { recursive: true });
  }
  const [file, all] = prlimit === undefined ? [path, args] : [prlimit, [...limitsOf(limits), path, ...args]];
  const child = spawn(file, all, {
    cwd: home,
    env: toolEnvironment(home, limits.memoryBytes),
    stdio: ["ignore", "pipe", "pipe"],
    shell: false,
    windowsHide: true,
    // A group of its own, so that what it starts ends with it.
    detached: process.platform !== "win32",
  });
  return outcome(child, limits);
}

function limitsOf({ memoryBytes, milliseconds }: ToolLimits): string[] {
  // Two threads that are busy all the time use twice the time that passes.
  const seconds = Math.ceil(milliseconds / 1000) * 2;
  return [`--data=${memoryBytes}`, `--cpu=${seconds}`, "--core=0", "--"];
}

function outcome(child: ChildProcess, limits: ToolLimits): Promise<ToolRun> {
  const output: Buffer[] = [];
  const errors: Buffer[] = [];
  let outputBytes = 0;
  let errorBytes = 0;
  let exceeded: "time" | "output" | undefined;

  const kill = (): void => {
    if (child.pid === undefined) return;
    try {
      if (process.platform === "win32") child.kill("SIGKILL");
      else process.kill(-child.pid, "SIGKILL");
    } catch {
      // It has ended by itself in the meantime.
    }
  };
  const stop = (limit: "time" | "output"): void => {
    exceeded ??= limit;
    kill();
  };
  child.stdout?.on("data", (chunk: Buffer) => {
    outputBytes += chunk.length;
    if (outputBytes > limits.outputBytes) stop("output");
    else output.push(chunk);
  });
  child.stderr?.on("data", (chunk: Buffer) => {
    // All of it is read, or the program would wait forever; a flood ends with the time.
    if (errorBytes < MAX_ERROR_BYTES) errors.push(chunk);
    errorBytes += chunk.length;
    if (errorBytes > limits.outputBytes) stop("output");
  });

  return new Promise((resolve) => {
    const timer = setTimeout(() => stop("time"), limits.milliseconds);
    let grace: NodeJS.Timeout | undefined;
    const forget = undoAtExit(kill);
    const settle = (run: ToolRun): void => {
      clearTimeout(timer);
      clearTimeout(grace);
      forget();
      resolve(run);
    };
    child.on("error", (error) => settle({ state: "failed", error: messageOf(error) }));
    child.on("exit", () => {
      // Whatever it started and left behind ends too.
      kill();
      grace = setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      }, CLOSE_GRACE_MILLISECONDS);
    });
    child.on("close", (code, signal) => {
      const error = Buffer.concat(errors).subarray(0, MAX_ERROR_BYTES).toString("utf8");
      if (exceeded !== undefined) settle({ state: "failed", error, exceeded });
      else if (code === 0) settle({ state: "done", output: Buffer.concat(output).toString("utf8") });
      else
        settle({
          state: "failed",
          error: error.trim() === "" ? `it ended with ${signal ?? `code ${code}`}` : error,
        });
    });
  });
}
