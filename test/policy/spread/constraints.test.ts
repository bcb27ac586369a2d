import t from "tap";
import type { Labels, NodeSelectorTerm } from "../../../src/policy/model.ts";
import {
  commonHost,
  fromLabels,
  fromTerms,
  NODE_NAME,
  narrow,
  summaryOf,
} from "../../../src/policy/spread/constraints.ts";
import { namesIn } from "../../../src/policy/spread/value-set.ts";

const HOSTNAME = "kubernetes.io/hostname";
const named = (key: string, ...values: string[]): NodeSelectorTerm => ({
  matchExpressions: [{ key, operator: "In", values }],
  matchFields: [],
});

t.test("one host is common to all alternatives by label or by name", async (t) => {
  const byName: NodeSelectorTerm = {
    matchExpressions: [],
    matchFields: [{ key: "metadata.name", operator: "In", values: ["a"] }],
  };
  const both: NodeSelectorTerm = { ...byName, ...named(HOSTNAME, "x"), matchFields: byName.matchFields };
  const rows: readonly [reason: string, terms: readonly NodeSelectorTerm[], expected: readonly string[]][] = [
    ["no alternative", [], []],
    ["one label", [named(HOSTNAME, "a")], ["a"]],
    ["the same text as label and as name", [named(HOSTNAME, "a"), byName], ["a"]],
    ["both names of one host", [both], ["x", "a"]],
    ["the name that two alternatives share", [both, byName], ["a"]],
    ["two hosts", [named(HOSTNAME, "a"), named(HOSTNAME, "b")], []],
    ["several values", [named(HOSTNAME, "a", "b")], []],
    ["another label", [named("disk", "a")], []],
  ];
  for (const [reason, terms, expected] of rows) t.same(commonHost(fromTerms(terms)), expected, reason);
});

t.test("a summary keeps only the keys that every alternative limits", async (t) => {
  const summary = summaryOf(
    fromTerms([
      { ...named(HOSTNAME, "a"), matchFields: [{ key: "metadata.name", operator: "In", values: ["n"] }] },
      named(HOSTNAME, "b"),
    ]),
  );
  t.same([...summary.keys()], [HOSTNAME]);
  t.notOk(summary.has(NODE_NAME));
  t.same(namesIn(summary.get(HOSTNAME) ?? { only: undefined, except: new Set() }), ["a", "b"]);
});

t.test("narrowing copies hosts into the alternatives and leaves other keys where they are", async (t) => {
  const keys: Labels = Object.fromEntries(Array.from({ length: 2_000 }, (_, at) => [`key-${at}`, "x"]));
  const context = fromLabels({ ...keys, [HOSTNAME]: "a" });
  const alternatives = fromTerms(Array.from({ length: 2_000 }, () => named("disk", "ssd")));
  const narrowed = narrow(alternatives, context);
  t.equal(narrowed.length, 2_000);
  t.ok(
    narrowed.every(({ size }) => size === 2),
    "a template with thousands of keys and of terms must not take their product in memory",
  );
  t.same(commonHost(narrowed), ["a"]);
});

t.test("narrowing drops what contradicts the context", async (t) => {
  const left = narrow(fromTerms([named("disk", "ssd"), named("disk", "hdd")]), fromLabels({ disk: "hdd" }));
  t.equal(left.length, 1);
});
