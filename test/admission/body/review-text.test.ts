import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import t from "tap";
import { mixOf } from "../../../bench/reviews.ts";
import { reviewText } from "../../../src/admission/body/review-text.ts";

const RECORDED = join(import.meta.dirname, "../../../../shared/recordings/reviews");
const FIELDS = [{ manager: "helm", fieldsV1: { "f:spec": { 'k:{"name":"web"}': { ".": {} } } } }];

const textOf = (value: unknown): string => reviewText(Buffer.from(JSON.stringify(value)));
const review = (object: unknown, oldObject: unknown = null) => ({
  kind: "AdmissionReview",
  request: { uid: "1", userInfo: { username: "dev" }, object, oldObject, dryRun: false },
});
const deployment = (metadata: object, spec: object = { replicas: 1 }) => ({
  kind: "Deployment",
  metadata: { name: "web", ...metadata },
  spec,
});

t.test("the managedFields of both objects are left out", async (t) => {
  const sent = review(deployment({ managedFields: FIELDS }), deployment({ managedFields: FIELDS }));
  const kept = review(deployment({ managedFields: [] }), deployment({ managedFields: [] }));
  t.equal(textOf(sent), JSON.stringify(kept));
  const sorted = (fields: unknown) =>
    review({ kind: "A", metadata: { labels: {}, managedFields: fields, name: "web" } });
  t.equal(
    textOf(sorted(FIELDS)),
    JSON.stringify(sorted([])),
    "also before other metadata, as custom resources have it",
  );
});

t.test("the rest of a text stays as it is", async (t) => {
  const withTemplate = (fields: unknown) =>
    deployment({}, { template: { metadata: { labels: {}, managedFields: fields }, spec: {} } });
  const rows: readonly [why: string, text: string][] = [
    ["none there", JSON.stringify(review(deployment({})))],
    [
      "those of a template, a part of what was changed",
      JSON.stringify(review(withTemplate(FIELDS), withTemplate([]))),
    ],
    ["with white space", JSON.stringify(review(deployment({ managedFields: FIELDS })), null, 1)],
    ["in a text", JSON.stringify(review(deployment({ annotations: { a: ',"managedFields":[{}],"b' } })))],
    [
      "with a bracket in a text of theirs",
      JSON.stringify(review(deployment({ managedFields: [{ "v:]": {} }], finalizers: ["x"] }))),
    ],
    ["with a list in them", JSON.stringify(review(deployment({ managedFields: [{ a: [] }] })))],
    [
      "no object under review",
      JSON.stringify({ metadata: { name: "web", managedFields: FIELDS }, spec: {} }),
    ],
    ["cut within them", JSON.stringify(review(deployment({ managedFields: FIELDS }))).slice(0, 180)],
    ["nothing", ""],
    ["not JSON", ',"object":{,"managedFields":['],
  ];
  for (const [why, text] of rows) t.equal(reviewText(Buffer.from(text)), text, why);
});

/** As a user can write it: below a template's `managedFields` an API server keeps any JSON. */
const nested = (key: string, fields: readonly unknown[]) =>
  deployment(
    {},
    {
      template: {
        metadata: {
          labels: {},
          managedFields: [{ fieldsV1: { a: 1, [key]: { a: 1, managedFields: fields, b: 1 } } }],
        },
        spec: {},
      },
    },
  );

t.test("what only looks like an object under review stays as it is", async (t) => {
  const own = { managedFields: FIELDS };
  const withOwn = (object: ReturnType<typeof deployment>) => ({
    ...object,
    metadata: { ...object.metadata, ...own },
  });
  const changed = nested("oldObject", [{ x: 1 }]);
  const before = nested("oldObject", []);
  for (const [why, object, oldObject] of [
    ["an update", changed, before],
    ["an update of objects with fields of their own", withOwn(changed), withOwn(before)],
    ["only the one before", deployment({}), changed],
    ["a creation", changed, null],
    ["a deletion", null, nested("object", [{ x: 1 }])],
    ["a deletion, in the other key", null, changed],
  ] as const) {
    const said = JSON.parse(textOf(review(object, oldObject)));
    t.same(said.request.object?.spec, object?.spec, why);
    t.same(said.request.oldObject?.spec, oldObject?.spec, `${why}: the one before`);
  }
});

t.test("characters of several bytes around them survive", async (t) => {
  const sent = review(
    deployment({ annotations: { a: "größer – 日本" }, managedFields: FIELDS }, { note: "déjà vu 🚢" }),
  );
  const kept = review(
    deployment({ annotations: { a: "größer – 日本" }, managedFields: [] }, { note: "déjà vu 🚢" }),
  );
  t.same(JSON.parse(textOf(sent)), kept);
});

/** As a reader of reviews sees it, which never looks at `managedFields` outside of a spec. */
function withoutFields(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutFields);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [
      key,
      key === "managedFields" && Array.isArray(part) ? [] : key === "spec" ? part : withoutFields(part),
    ]),
  );
}

t.test("what an API server sent says the same", async (t) => {
  const recorded = existsSync(RECORDED)
    ? readdirSync(RECORDED).map((name) =>
        JSON.stringify(JSON.parse(readFileSync(join(RECORDED, name), "utf8")).review),
      )
    : [];
  let shorter = 0;
  for (const text of [...recorded, ...mixOf(100, 50).map(({ body }) => body)]) {
    const left = reviewText(Buffer.from(text));
    if (left.length < text.length) shorter += 1;
    t.same(withoutFields(JSON.parse(left)), withoutFields(JSON.parse(text)));
  }
  t.ok(shorter > 60, `${shorter} had managedFields`);
});

const text = fc
  .array(
    fc.constantFrom(
      ...'"\\[]{},:',
      "managedFields",
      '"managedFields":[',
      ',"object":{',
      'spec":',
      '}],"a',
      "é",
      "x",
    ),
    { maxLength: 5 },
  )
  .map((parts) => parts.join(""));
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    text,
    fc.constantFrom(null, true, 1),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(
      fc.oneof(text, fc.constantFrom("spec", "managedFields", "metadata", "template", "object", "oldObject")),
      tie("value"),
      {
        maxKeys: 4,
      },
    ),
  ),
}));
const object = fc.record({
  metadata: fc.record({ name: text, labels: value, managedFields: fc.array(value, { maxLength: 3 }) }),
  spec: value,
});

t.test("whatever else is in the objects, nothing else is left out", async () => {
  fc.assert(
    fc.property(fc.option(object), fc.option(object), (next, previous) => {
      const sent: unknown = JSON.parse(JSON.stringify(review(next, previous)));
      assert.deepStrictEqual(withoutFields(JSON.parse(textOf(sent))), withoutFields(sent));
    }),
    { numRuns: 3_000 },
  );
});
