import t from "tap";
import { nameClaims } from "../../../src/policy/rules/rule.ts";
import { ONE_NODE_CLAIM } from "../spread/cases.ts";

t.test("claims and disks are named as what they are", async (t) => {
  const claims = (...names: readonly string[]) => names.map((name) => ({ ...ONE_NODE_CLAIM, name }));
  const disks = (...names: readonly string[]) =>
    names.map((name) => ({ ...ONE_NODE_CLAIM, name, inline: true }));
  t.equal(nameClaims(claims("data")), "claim data");
  t.equal(nameClaims(claims("data", "logs")), "claims data and logs");
  t.equal(nameClaims(claims("a", "b", "c")), "claims a, b and c");
  t.equal(nameClaims(claims("a", "b", "c", "d", "e")), "claims a, b and 3 more");
  t.equal(nameClaims(disks("cache")), "disk cache");
  t.equal(nameClaims([...disks("cache", "tmp"), ...claims("data")]), "claim data and disks cache and tmp");
});
