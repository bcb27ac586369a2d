import t from "tap";
import { parseLabelQuery } from "../../src/kube/label-query.ts";
import { selects } from "../../src/policy/selectors.ts";

t.test("selects what kubectl would", async (t) => {
  const labels = { app: "web", "app.kubernetes.io/name": "shop", env: "prod" };
  for (const [query, expected] of [
    ["app=web", true],
    ["app==web", true],
    ["app!=web", false],
    ["app = web , env=prod", true],
    ["env in (test, prod)", true],
    ["env notin (test,prod)", false],
    ["env in (test,prod),app=api", false],
    ["app.kubernetes.io/name", true],
    ["!missing", true],
    ["missing", false],
    ["missing!=x", true],
  ] as const) {
    t.equal(selects(parseLabelQuery(query), labels), expected, query);
  }
});

t.test("what is no selector is refused with the form that it takes", async (t) => {
  for (const query of ["", "app=web,", "a b", "in (a)", "app=we b"]) {
    t.throws(() => parseLabelQuery(query), { code: "AG_ERR_USAGE", message: /write app=web/ }, query);
  }
});
