import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { storagePages } from "../../docs/storage-pages.ts";

const DOCS = join(import.meta.dirname, "../../docs");

t.test("the pages of the backends are what the catalogue says; `npm run docs` writes them", async (t) => {
  const pages = storagePages();
  for (const [page, text] of Object.entries(pages))
    t.equal(readFileSync(join(DOCS, page), "utf8"), text, page);
  const files = readdirSync(join(DOCS, "storage")).map((file) => `storage/${file}`);
  t.same(files.toSorted(), Object.keys(pages).toSorted(), "no page is left of a backend that is gone");
  t.match(pages["storage/ebs.csi.aws.com.md"], /files .*RWO, RWOP \|/);
});
