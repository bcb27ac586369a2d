#!/usr/bin/env node
// `check` alone, as it runs in pipelines: built into a single self-contained file (`dist/check.js`). First, since the
// rest may use what it adds.
import "./node-20.ts";
import { main } from "./program.ts";

process.argv.splice(2, 0, "check");
// Without a listener a broken pipe would end the process; the writer learns of a failure from the write.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
// Not process.exit(): output still being written to a pipe would be lost.
process.exitCode = await main(process);
