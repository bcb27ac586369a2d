import t from "tap";
import { labels } from "../../src/kube/raw.ts";
import { isSame, whatChanged } from "../../src/kube/what-changed.ts";

t.test(
  "a change of the template is one of the spec, and other changes are not of the template",
  async (t) => {
    const template = { metadata: { labels: { app: "web" } } };
    const before = { metadata: { name: "web" }, spec: { replicas: 1, template } };
    const rows: readonly [reason: string, next: object, specChanged: boolean, templateChanged: boolean][] = [
      ["nothing", structuredClone(before), false, false],
      ["the order of keys", { spec: { template, replicas: 1 } }, false, false],
      ["metadata", { ...before, metadata: { name: "web", labels: { a: "b" } } }, false, false],
      ["replicas", { spec: { replicas: 2, template } }, true, false],
      ["the template", { spec: { replicas: 1, template: {} } }, true, true],
      ["both", { spec: { replicas: 2, template: {} } }, true, true],
      ["no template any more", { spec: { replicas: 1 } }, true, true],
      [
        "the workload that lends it",
        { spec: { replicas: 1, template, workloadRef: { name: "x" } } },
        true,
        true,
      ],
      ["what it scales", { spec: { replicas: 1, template, jobTargetRef: {} } }, true, true],
      ["no spec", {}, true, true],
      ["a spec that is none", { spec: "x" }, true, true],
    ];
    for (const [reason, next, specChanged, templateChanged] of rows) {
      t.strictSame(whatChanged(next as never, before), { specChanged, templateChanged }, reason);
    }
    t.strictSame(
      whatChanged({ spec: null }, {}),
      { specChanged: true, templateChanged: false },
      "null is not nothing",
    );
  },
);

t.test("maps of labels are compared by what they hold", async (t) => {
  t.ok(isSame({ labels: labels({ app: "web" }) }, { labels: labels({ app: "web" }) }));
  t.notOk(isSame(labels({ app: "web" }), labels({ app: "db" })));
  t.notOk(isSame(labels({ app: "web" }), labels({ app: "web", tier: "front" })));
});
