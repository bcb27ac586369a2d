#!/usr/bin/env node
// Everything beyond the first check is loaded after it: an old Node could not even link those modules, and the
// compile cache only serves what is loaded after it has been switched on. Node's own modules likewise: an `import`
// reads each of their exports, and loads what stands behind some. Built as CommonJS, which Node 22 loads 4 ms sooner.
import { cacheFolder } from "./cache-folder.ts";
import { loadFilesProgram } from "./load-files-program.ts";
import { commandWithoutCluster } from "./without-cluster.ts";

const OLDEST_NODE = [22, 15] as const;

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
  process.stderr.write(
    `attachguard needs Node.js ${OLDEST_NODE.join(".")} or newer, and this is ${process.versions.node}; install a newer one and run it again.\n`,
  );
  process.exitCode = 2;
} else {
  const command = commandWithoutCluster(process.argv.slice(2));
  if (command === undefined) run();
  else runWithoutCluster(command);
}

async function run(): Promise<void> {
  const folder = cacheFolder(process.env);
  if (folder !== undefined) process.getBuiltinModule("node:module").enableCompileCache(folder);
  const { start } = await import("./start.ts");
  // Not process.exit(): output still being written to a pipe would be lost.
  process.exitCode = await start(process);
}

async function runWithoutCluster(command: string): Promise<void> {
  const { start, keep } = await loadFilesProgram(command, cacheFolder(process.env));
  const code = await start(process);
  // What a mistake calls is not what the next run needs; `diagnose` also ends so where it does not know.
  if (code !== 2 || command === "diagnose") keep();
  // All output has been waited for. Ending by itself, Node would first take its heap apart, for milliseconds.
  process.exit(code);
}
