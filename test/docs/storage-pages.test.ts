import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { storagePages } from "../../docs/storage-pages.ts";
import { storagePageOf } from "../../src/policy/catalogue/capabilities.ts";

const DOCS = join(import.meta.dirname, "../../docs");

t.test("the pages of the backends are what the catalogue says; `npm run docs` writes them", async (t) => {
  const pages = storagePages();
  for (const [page, text] of Object.entries(pages))
    t.equal(readFileSync(join(DOCS, page), "utf8"), text, page);
  const files = readdirSync(join(DOCS, "storage")).map((file) => `storage/${file}`);
  t.same(files.toSorted(), Object.keys(pages).toSorted(), "no page is left of a backend that is gone");
  t.match(pages["storage/ebs.csi.aws.com.md"], /files .*RWO, RWOP \|/);
});

t.test("a finding finds the page of its storage, and none that is not there", async (t) => {
  const pages = storagePages();
  for (const provisioner of ["ebs.csi.aws.com", "rook-ceph.rbd.csi.ceph.com", "rancher.io/local-path"]) {
    t.ok(pages[`storage/${storagePageOf(provisioner)}.md`], provisioner);
  }
  t.equal(storagePageOf("example.com/nobody-knows"), undefined);
  t.equal(storagePageOf("pv-source:hostPath"), "pv-source_hostPath");
  const all = JSON.parse(
    readFileSync(join(DOCS, "../src/policy/catalogue/drivers.json"), "utf8"),
  ) as readonly { readonly provisioner: string }[];
  const named = all.map(({ provisioner }) => storagePageOf(provisioner)).filter((page) => page !== undefined);
  t.same(
    [...new Set(named)].filter((page) => !Object.hasOwn(pages, `storage/${page}.md`)),
    [],
  );
  t.equal(new Set(named).size, Object.keys(pages).length - 1, "every page is named");
});
