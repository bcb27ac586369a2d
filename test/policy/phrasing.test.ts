import t from "tap";
import { listOf, nameOf, plural, selectorText } from "../../src/policy/phrasing.ts";

t.test("a workload is named with its namespace where that is known", async (t) => {
  t.equal(nameOf({ kind: "Deployment", namespace: "shop", name: "web" }), "Deployment shop/web");
  t.equal(nameOf({ kind: "Deployment", namespace: "", name: "web" }), "Deployment web");
});

t.test("a long list names three and counts the rest", async (t) => {
  t.equal(listOf([]), "");
  t.equal(listOf(["a", "b", "c"]), "a, b, c");
  t.equal(listOf(["a", "b", "c", "d", "e"]), "a, b, c and 2 more");
  t.equal(listOf(["a: x", "b: y"], "; "), "a: x; b: y");
});

t.test("one of something has no plural", async (t) => {
  t.equal(plural(1, "node"), "1 node");
  t.equal(plural(0, "node"), "0 nodes");
  t.equal(plural(2, "node"), "2 nodes");
});

t.test("a selector reads as kubectl takes it", async (t) => {
  const of = (key: string, operator: string, ...values: string[]) => ({ key, operator, values });
  const rows: [expected: string, labels: Record<string, string>, ...ReturnType<typeof of>[]][] = [
    ["every label", {}],
    ["app=web", { app: "web" }],
    ["app=web, tier", { app: "web" }, of("tier", "Exists")],
    ["!tier", {}, of("tier", "DoesNotExist")],
    ["app=web", {}, of("app", "In", "web")],
    ["app in (web,api)", {}, of("app", "In", "web", "api")],
    ["app notin (db)", {}, of("app", "NotIn", "db")],
  ];
  for (const [expected, matchLabels, ...matchExpressions] of rows) {
    t.equal(selectorText({ matchLabels, matchExpressions }), expected);
  }
  t.equal(selectorText(undefined), "no selector");
});
