import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { rulePages } from "../../docs/rule-pages.ts";

const DOCS = join(import.meta.dirname, "../../docs");

t.test("the pages of the rules are what the rules say; `npm run docs` writes them", async (t) => {
  const pages = rulePages();
  for (const [page, text] of Object.entries(pages))
    t.equal(readFileSync(join(DOCS, page), "utf8"), text, page);
  const files = readdirSync(join(DOCS, "rules")).map((file) => `rules/${file}`);
  t.same(files.toSorted(), Object.keys(pages).toSorted(), "no page is left of a rule that is gone");
});
