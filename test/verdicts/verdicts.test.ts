/**
 * The verdict on every fixture, as it is written down. A change of verdict is a change of `test/golden/verdicts.json`,
 * made by `npm run verdicts` and defended in the commit that makes it.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { SHARED, type Verdicts, verdictsOnFixtures } from "./fixtures.ts";

const GOLDEN = join(import.meta.dirname, "../golden/verdicts.json");

t.test("every fixture gets the verdict that is written down", async (t) => {
  const seen = await verdictsOnFixtures(t);
  if (process.env.UPDATE_GOLDEN === "1") {
    writeFileSync(GOLDEN, `${JSON.stringify(seen, null, 2)}\n`);
  }
  const golden = JSON.parse(readFileSync(GOLDEN, "utf8")) as Verdicts;
  const shared = existsSync(SHARED);
  if (!shared) t.comment("skipped: the shared recordings and reports are not beside this checkout");
  const expected = Object.entries(golden).filter(([name]) => shared || !/^(reports|recordings)/.test(name));
  t.strictSame(
    Object.keys(seen),
    expected.map(([name]) => name),
    "no fixture is new or gone",
  );
  for (const [name, lines] of expected) t.strictSame(seen[name], lines, name);
});
