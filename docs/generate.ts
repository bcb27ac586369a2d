import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { configurationPages } from "./generate-configuration.ts";
import { rulePages } from "./rule-pages.ts";

/** Writes every page of docs/ that is made from the code; a test fails where they differ from it. */
for (const [page, text] of Object.entries({ ...rulePages(), ...configurationPages() })) {
  const path = join(import.meta.dirname, page);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}
