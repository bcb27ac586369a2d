import t from "tap";
import { globMatches, matches } from "../../../src/policy/catalogue/parameter-rule.ts";

t.test("a star stands for any characters, none included, and the rest must be there", async (t) => {
  const table: [pattern: string, name: string, matches: boolean, why: string][] = [
    ["a", "a", true, "no star: the same"],
    ["a", "ab", false, "no star: nothing more"],
    ["*", "", true, "a star may stand for nothing"],
    ["a*", "abc", true, "a beginning"],
    ["*c", "abc", true, "an end"],
    ["*b*", "abc", true, "a middle"],
    ["a*b*c", "a1b2c", true, "several"],
    ["a*b*c", "a2c", false, "one is missing"],
    ["ab*ba", "aba", false, "the end must not use the beginning again"],
    ["*a*a*", "a", false, "nor a middle another middle"],
    ["a.c", "abc", false, "a dot is a dot"],
  ];
  for (const [pattern, name, expected, why] of table) {
    t.equal(globMatches(pattern, name), expected, `${pattern} on ${name}: ${why}`);
  }
});

t.test("all conditions must hold; one that cannot be seen leaves it open", async (t) => {
  const parameters = { Type: "IO2", replicas: "3" };
  const table: [when: Record<string, string>, answer: string, why: string][] = [
    [{ type: "io1|io2" }, "yes", "one of two, whatever the case"],
    [{ type: "io2", replicas: ">=3" }, "yes", "both hold"],
    [{ type: "io2", replicas: ">=4" }, "no", "one does not"],
    [{ type: "!io2" }, "no", "it is that value"],
    [{ type: "!gp*" }, "yes", "it is present and another value"],
    [{ zone: "!a" }, "no", "it is not present"],
    [{ zone: "!*" }, "yes", "absent is asked for"],
    [{ zone: "1|!*" }, "yes", "a value or absent"],
    [{ type: "!*" }, "no", "it is present"],
    [{ zone: "*" }, "no", "any value, but there is none"],
    [{ $deployment: "x" }, "maybe", "it cannot be seen"],
    [{ $deployment: "x", type: "gp3" }, "no", "what can be seen does not hold"],
    [{ type: "<multiattach type>" }, "maybe", "only the site knows"],
  ];
  for (const [when, answer, why] of table) {
    t.equal(
      matches(when, { parameters, claim: undefined }).answer,
      answer,
      `${JSON.stringify(when)}: ${why}`,
    );
  }
  const source = { "$pvc.dataSource": "present" };
  t.equal(matches(source, { parameters, claim: undefined }).answer, "maybe", "the claim is not known");
  t.equal(matches(source, { parameters, claim: { hasDataSource: true } }).answer, "yes");
  t.equal(matches(source, { parameters, claim: { hasDataSource: false } }).answer, "no");
  t.same(
    matches({ type: "io2" }, { parameters, claim: undefined }).seen,
    ["Type: IO2"],
    "as the class writes it",
  );
});
