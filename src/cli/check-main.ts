#!/usr/bin/env node
// `check` alone, as it runs in pipelines: built into one file that needs nothing beside it on disk (`dist/check.js`).
// First, since the rest may use what it adds.
import "./node-20.ts";
import { main } from "./program.ts";

process.argv.splice(2, 0, "check");
// Without a listener a broken pipe would end the process; whoever writes learns of a failure from the write.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
// Not process.exit(): what is still on its way into a pipe would be lost.
process.exitCode = await main(process);
