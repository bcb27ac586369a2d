import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { runbookPages } from "../../docs/runbook-pages.ts";

const DOCS = join(import.meta.dirname, "../../docs");

t.test("the pages of the runbooks are what the program prints; `npm run docs` writes them", async (t) => {
  const pages = runbookPages();
  for (const [page, text] of Object.entries(pages))
    t.equal(readFileSync(join(DOCS, page), "utf8"), text, page);
  const files = readdirSync(join(DOCS, "runbooks")).map((file) => `runbooks/${file}`);
  t.same(files.toSorted(), Object.keys(pages).toSorted());
});
