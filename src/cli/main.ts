#!/usr/bin/env node
// Everything beyond the first check is imported dynamically: an old Node could not even link those modules, and
// the compile cache only serves what is loaded after it has been switched on.
import module from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";

const OLDEST_NODE = [22, 15] as const;

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
  process.stderr.write(
    `attachguard needs Node.js ${OLDEST_NODE.join(".")} or newer, and this is ${process.versions.node}; install a newer one and run it again.\n`,
  );
  process.exitCode = 2;
} else {
  // Not Node's default in the temporary directory: anyone on the machine could have put compiled code there.
  const directory = cacheDirectory();
  if (directory !== undefined) module.enableCompileCache(join(directory, "attachguard"));
  // Without a listener a broken pipe would end the process; the writer learns of a failure from the write.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  const { main } = await (isCheckOfFiles(process.argv.slice(2))
    ? import("./check-program.ts")
    : import("./program.ts"));
  // Not process.exit(): output still being written to a pipe would be lost.
  process.exitCode = await main(process);
}

function isCheckOfFiles([command, ...words]: readonly string[]): boolean {
  return command === "check" && !words.includes("--live");
}

function cacheDirectory(): string | undefined {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  try {
    return XDG_CACHE_HOME || LOCALAPPDATA || join(homedir(), ".cache");
  } catch {
    // A user without a home directory, as in containers, does without the cache.
    return undefined;
  }
}
