import fc from "fast-check";
import t from "tap";
import type { LabelSelector, Labels, Requirement } from "../../src/policy/model.ts";
import { holds, labelOf, requirementsOf, selects } from "../../src/policy/selectors.ts";

const selector = (matchLabels: Labels, ...matchExpressions: Requirement[]): LabelSelector => ({
  matchLabels,
  matchExpressions,
});
const requirement = (key: string, operator: string, ...values: string[]): Requirement => ({
  key,
  operator,
  values,
});

t.test("a label selector matches as the API machinery does", async (t) => {
  const labels: Labels = { app: "web", tier: "front", empty: "" };
  const rows: readonly [reason: string, selector: LabelSelector | undefined, expected: boolean][] = [
    ["an absent selector matches nothing", undefined, false],
    ["an empty selector matches everything", selector({}), true],
    ["one equal label", selector({ app: "web" }), true],
    ["another value", selector({ app: "api" }), false],
    ["all labels must match", selector({ app: "web", tier: "back" }), false],
    [
      "labels and expressions are a conjunction",
      selector({ app: "web" }, requirement("tier", "In", "back")),
      false,
    ],
    ["In with the value among others", selector({}, requirement("app", "In", "api", "web")), true],
    ["In on a missing label", selector({}, requirement("zone", "In", "a")), false],
    ["In without values matches nothing", selector({}, requirement("app", "In")), false],
    ["NotIn with another value", selector({}, requirement("app", "NotIn", "api")), true],
    ["NotIn with the value", selector({}, requirement("app", "NotIn", "web")), false],
    ["NotIn on a missing label holds", selector({}, requirement("zone", "NotIn", "a")), true],
    ["Exists", selector({}, requirement("app", "Exists")), true],
    ["Exists on an empty value", selector({}, requirement("empty", "Exists")), true],
    ["Exists on a missing label", selector({}, requirement("zone", "Exists")), false],
    ["DoesNotExist", selector({}, requirement("zone", "DoesNotExist")), true],
    ["DoesNotExist on a present label", selector({}, requirement("app", "DoesNotExist")), false],
    ["an operator of node selectors only", selector({}, requirement("app", "Gt", "1")), false],
    ["an operator that does not exist", selector({}, requirement("app", "in", "web")), false],
    ["an inherited property is no label", selector({}, requirement("constructor", "Exists")), false],
  ];
  for (const [reason, given, expected] of rows) t.equal(selects(given, labels), expected, reason);
});

t.test("a single requirement tells an unknown operator apart from one that fails", async (t) => {
  const rows: readonly [
    reason: string,
    operator: string,
    values: string[],
    value: string | undefined,
    expected: boolean | undefined,
  ][] = [
    ["Gt compares numbers, not text", "Gt", ["9"], "10", true],
    ["Gt is strict", "Gt", ["10"], "10", false],
    ["Lt", "Lt", ["10"], "9", true],
    ["Lt with a negative number", "Lt", ["0"], "-1", true],
    ["Gt on a value that is no number", "Gt", ["1"], "ten", false],
    ["Gt with a bound that is no number", "Gt", ["one"], "10", false],
    ["Gt with two bounds is invalid", "Gt", ["1", "2"], "10", false],
    ["Lt on a missing label", "Lt", ["1"], undefined, false],
    ["unknown operator", "Matches", ["1"], "1", undefined],
  ];
  for (const [reason, operator, values, value, expected] of rows) {
    t.equal(holds({ key: "k", operator, values }, value), expected, reason);
  }
});

t.test("matchLabels become requirements before the expressions", async (t) => {
  const exists = requirement("b", "Exists");
  t.same(requirementsOf(selector({ a: "1" }, exists)), [requirement("a", "In", "1"), exists]);
});

t.test("a label is read only from the object itself", async (t) => {
  t.equal(labelOf({ a: "1" }, "a"), "1");
  t.equal(labelOf({}, "toString"), undefined);
});

t.test("the order of labels, expressions and values does not matter", async (t) => {
  const key = fc.constantFrom("a", "b", "c");
  const value = fc.constantFrom("1", "2", "3");
  const expression = fc.record({
    key,
    operator: fc.constantFrom("In", "NotIn", "Exists", "DoesNotExist"),
    values: fc.array(value, { maxLength: 3 }),
  });
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(
        fc.dictionary(key, value),
        fc.dictionary(key, value),
        fc.array(expression, { maxLength: 4 }),
        (labels, matchLabels, matchExpressions) => {
          const backwards = {
            matchLabels: Object.fromEntries(Object.entries(matchLabels).reverse()),
            matchExpressions: matchExpressions
              .map((e) => ({ ...e, values: e.values.toReversed() }))
              .reverse(),
          };
          return selects({ matchLabels, matchExpressions }, labels) === selects(backwards, labels);
        },
      ),
    ),
  );
});

t.test("In and NotIn, Exists and DoesNotExist are opposites", async (t) => {
  const value = fc.constantFrom("1", "2", "3");
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.option(value, { nil: undefined }), fc.array(value), (label, values) => {
        const is = (operator: string) => holds({ key: "k", operator, values }, label);
        return is("In") !== is("NotIn") && is("Exists") !== is("DoesNotExist");
      }),
    ),
  );
});
