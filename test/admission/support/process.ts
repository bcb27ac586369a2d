import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Test } from "tap";
import type { CertificateAndKey } from "../../../src/tls/pair.ts";
import type { Json } from "./reviews.ts";

const MAIN = join(import.meta.dirname, "../../../src/cli/main.ts");

/** A server in a process of its own. */
export interface ServerProcess {
  readonly child: ChildProcess;
  readonly port: number;
  readonly metricsPort: number;
  /** Every line that it printed so far; each has to be JSON. */
  readonly lines: readonly Json[];
  /** The first line that fits, from before or still to come. */
  line(fits: (line: Json) => boolean): Promise<Json>;
  /** Resolves to the exit code. */
  readonly ended: Promise<number | null>;
}

/**
 * Starts `attachguard serve` on free ports; resolves when it listens and knows its cluster.
 *
 * @param under a command that runs the one that follows it, for example within a limit
 * @param nodeOptions as the image gives them to Node
 */
export async function startProcess(
  t: Test,
  words: readonly string[],
  under: readonly string[] = [],
  nodeOptions: readonly string[] = [],
): Promise<ServerProcess> {
  const serve = [MAIN, "serve", "--host", "127.0.0.1", "--port", "0", "--metrics-port", "0", ...words];
  const [command, ...rest] = [...under, process.execPath, ...nodeOptions, ...serve] as [string, ...string[]];
  const child = spawn(command, rest, { stdio: ["ignore", "pipe", "pipe"] });
  t.teardown(() => child.kill("SIGKILL"));
  const lines: Json[] = [];
  const waiting = new Set<() => void>();
  const tell = () => {
    for (const look of waiting) look();
  };
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on("line", (text) => {
      lines.push(JSON.parse(text));
      tell();
    });
  }
  const ended = once(child, "close").then(([code]) => {
    tell();
    return code as number | null;
  });
  const line = async (fits: (line: Json) => boolean): Promise<Json> => {
    const { promise, resolve, reject } = Promise.withResolvers<Json>();
    const look = () => {
      const found = lines.find(fits);
      if (found !== undefined) resolve(found);
      else if (child.exitCode !== null) reject(new Error(`the server ended: ${JSON.stringify(lines)}`));
    };
    waiting.add(look);
    look();
    try {
      return await promise;
    } finally {
      waiting.delete(look);
    }
  };
  const { url, metricsUrl } = await line(({ msg }) => msg === "listening");
  await line(({ msg }) => msg === "synced");
  return {
    child,
    port: Number(new URL(String(url)).port),
    metricsPort: Number(new URL(String(metricsUrl)).port),
    lines,
    line,
    ended,
  };
}

/** Replaces a file in one step, as editors and the kubelet do. */
export function replaceFile(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

/** Writes a pair where `--tls-cert` and `--tls-key` point to. */
export function writePair(folder: string, { certificate, key }: CertificateAndKey): void {
  replaceFile(join(folder, "tls.key"), key);
  replaceFile(join(folder, "tls.crt"), certificate);
}
