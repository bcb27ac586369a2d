import { isDeepStrictEqual } from "node:util";
import t from "tap";
import { CASES, RWO } from "../policy/ratchet-cases.ts";
import { judgeFiles, verdictOf } from "../support/change.ts";

t.test("every step of the transition table has its verdict as a change of files", async (t) => {
  for (const { why, before, after, others = RWO, othersBefore = others, rules } of CASES) {
    // Writing the same once more is no change of files.
    if (isDeepStrictEqual([before, othersBefore], [after, others])) continue;
    const judged = await judgeFiles(
      { "a.json": [before, ...othersBefore] },
      { "a.json": [after, ...others] },
      { closed: true },
    );
    const verdict = rules.some((rule) => !rule.endsWith("?")) ? "deny" : rules.length > 0 ? "warn" : "allow";
    t.equal(verdictOf(judged), verdict, why);
  }
});
