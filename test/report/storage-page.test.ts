import t from "tap";
import { explainFinding, storagePage } from "../../src/report/message.ts";
import { findingWith } from "./sample.ts";

const telling = (docsUrl: string | null) => ({ docsUrl, isStored: () => false });

t.test("the page about a claim's storage stands beside those of the rules", async (t) => {
  const finding = findingWith();
  const [claim] = finding.claims;
  t.ok(claim);
  if (claim === undefined) return;
  const page = "https://x.example/docs/storage/ebs.csi.aws.com";
  t.equal(storagePage(claim, telling("https://x.example/docs/rules/")), page);
  t.match(
    explainFinding(finding, telling("https://x.example/docs/rules/")),
    `or https://x.example/docs/rules/${finding.rule}; its storage: ${page}`,
  );
  t.equal(storagePage(claim, telling("https://x.example/errors/")), null, "only rules are served there");
  t.equal(storagePage(claim, telling(null)), null);
  t.equal(storagePage({ ...claim, provisioner: null }, telling("https://x.example/rules/")), null);
  t.equal(storagePage({ ...claim, provisioner: "a.example/b" }, telling("https://x.example/rules/")), null);
});
