import fc from "fast-check";
import t from "tap";
import {
  ABSENT,
  intersectionOf,
  isEmpty,
  namesIn,
  onlyValues,
  unionOf,
  type Value,
  type ValueSet,
  valuesOf,
} from "../../../src/policy/spread/value-set.ts";

const VALUES: readonly Value[] = ["a", "b", "c", "other", ABSENT];

function allows({ only, except }: ValueSet, value: Value): boolean {
  return only === undefined ? !except.has(value) : only.has(value);
}

const requirement = fc.record({
  key: fc.constant("k"),
  operator: fc.constantFrom("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Like"),
  values: fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 3 }),
});
const sets = fc.array(requirement, { minLength: 1, maxLength: 4 }).map((all) => all.map(valuesOf));

t.test("intersection and union allow what all and what any of the sets allow", async (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(sets, fc.constantFrom(...VALUES), (all, value) => {
        return (
          allows(intersectionOf(all), value) === all.every((set) => allows(set, value)) &&
          allows(unionOf(all), value) === all.some((set) => allows(set, value))
        );
      }),
    ),
  );
});

t.test("a requirement allows what the label machinery would", async (t) => {
  const rows: readonly [reason: string, operator: string, values: string[], allowed: readonly Value[]][] = [
    ["In", "In", ["a", "b"], ["a", "b"]],
    ["In without values", "In", [], []],
    ["NotIn holds for an absent label", "NotIn", ["a"], ["b", "c", "other", ABSENT]],
    ["Exists", "Exists", [], ["a", "b", "c", "other"]],
    ["DoesNotExist", "DoesNotExist", [], [ABSENT]],
    ["Gt needs a label, its value is not judged", "Gt", ["1"], ["a", "b", "c", "other"]],
    ["an operator that does not exist limits nothing", "Like", ["a"], VALUES],
  ];
  for (const [reason, operator, values, allowed] of rows) {
    const set = valuesOf({ key: "k", operator, values });
    t.same(
      VALUES.filter((value) => allows(set, value)),
      allowed,
      reason,
    );
  }
});

t.test("names are told only where few are left and all are names", async (t) => {
  t.same(namesIn(onlyValues(["a", "b"])), ["a", "b"]);
  t.equal(namesIn(onlyValues(["a", ABSENT])), undefined, "an absent label is no name");
  t.equal(namesIn(valuesOf({ key: "k", operator: "NotIn", values: ["a"] })), undefined, "any number is left");
  t.ok(isEmpty(intersectionOf([onlyValues(["a"]), onlyValues(["b"])])), "nothing in common");
  t.notOk(isEmpty(intersectionOf([])), "nothing asked, anything allowed");
});

t.test("thousands of requirements on one key stay cheap", async (t) => {
  const many = Array.from({ length: 20_000 }, (_, at) =>
    valuesOf({ key: "k", operator: "NotIn", values: [`v${at}`] }),
  );
  t.equal(intersectionOf(many).except.size, 20_000);
  t.equal(unionOf(many).except.size, 0);
  t.equal(unionOf(many.map((_, at) => onlyValues([`v${at}`]))).only?.size, 20_000);
});
