import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { chartFiles } from "./chart-pages.ts";
import { configurationPages } from "./generate-configuration.ts";
import { rulePages } from "./rule-pages.ts";
import { runbookPages } from "./runbook-pages.ts";
import { storagePages } from "./storage-pages.ts";

const chart = Object.entries(chartFiles()).map(
  ([path, text]) => [`../charts/attachguard/${path}`, text] as const,
);

/** Writes every page that is made from the code, and the chart's; a test fails where they differ from it. */
for (const [page, text] of [
  ...Object.entries({ ...rulePages(), ...configurationPages(), ...storagePages(), ...runbookPages() }),
  ...chart,
]) {
  const path = join(import.meta.dirname, page);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}
