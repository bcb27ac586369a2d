import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const BIN = join(import.meta.dirname, "../../src/cli/main.ts");

/** How long a server may take to start or to stop before something is wrong with it. */
const PATIENCE_MS = 30_000;

/** A real server in a process of its own. */
export interface RunningServer {
  readonly url: string;
  /** PEM of the CA that signed its certificate. */
  readonly ca: string;
  /** Ends it as Ctrl-C does, and cleans up; resolves to its exit code. */
  stop(): Promise<number | null>;
}

/**
 * Makes certificates in a temporary folder and starts `attachguard serve` over TLS on a free port of the loopback
 * interface.
 *
 * @param cluster the files and folders that stand for the cluster.
 * @throws Error with what the server logged where it does not come up.
 */
export async function startServer(cluster: readonly string[]): Promise<RunningServer> {
  const folder = mkdtempSync(join(tmpdir(), "attachguard-"));
  try {
    await runToEnd(["certs", "--dir", folder]);
    const child = spawn(
      process.execPath,
      [
        BIN,
        "serve",
        ...["--host", "127.0.0.1", "--port", "0", "--metrics-port", "0"],
        ...["--tls-cert", join(folder, "tls.crt"), "--tls-key", join(folder, "tls.key")],
        ...["--cluster", ...cluster],
      ],
      { stdio: ["ignore", "pipe", "pipe"] },
    );
    const endTogether = () => {
      child.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    };
    process.once("exit", endTogether);
    const url = await listeningUrl(child);
    return {
      url,
      ca: readFileSync(join(folder, "ca.crt"), "utf8"),
      async stop() {
        process.off("exit", endTogether);
        child.kill("SIGINT");
        if (child.exitCode === null) await once(child, "exit", { signal: AbortSignal.timeout(PATIENCE_MS) });
        rmSync(folder, { recursive: true });
        return child.exitCode;
      },
    };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

async function runToEnd(words: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [BIN, ...words], { stdio: ["ignore", "ignore", "inherit"] });
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`attachguard ${words[0]} ended with ${code}`);
}

/** Reads the server's log until it says where it listens; the rest of the log is let go. */
async function listeningUrl(child: ChildProcess): Promise<string> {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error("the server's output is not piped");
  const logged: string[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const patience = setTimeout(() => reject(new Error("the server does not come up")), PATIENCE_MS);
  for (const stream of [stdout, stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      logged.push(line);
      const { msg, url } = JSON.parse(line);
      if (msg === "listening") resolve(url);
    });
  }
  child.on("close", () => reject(new Error(`the server stopped:\n${logged.join("\n")}`)));
  try {
    return await promise;
  } catch (error) {
    child.kill();
    throw error;
  } finally {
    clearTimeout(patience);
  }
}
