import t from "tap";
import { isProvisional, RULES } from "../../../src/policy/rules/index.ts";

t.test("only what waits for a claim gives way to a later look", async (t) => {
  t.strictSame(
    RULES.map(({ id }) => id).filter((id) => isProvisional(id)),
    ["claim-unknown"],
  );
  for (const id of ["attachment-stale", "no-rule"]) t.equal(isProvisional(id as never), false, id);
});
