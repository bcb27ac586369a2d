#!/usr/bin/env node
// `check` alone, as it runs in pipelines: built into a single self-contained file (`dist/check.js`). First, since the
// rest may use what it adds.
import "./node-20.ts";
import { start } from "./start.ts";

process.argv.splice(2, 0, "check");
// Not process.exit(): output still being written to a pipe would be lost.
process.exitCode = await start(process);
