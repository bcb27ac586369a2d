import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { ListReader } from "../../../src/cluster/live/list-reader.ts";

interface List {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly unknown[];
}

/** The list as read in pieces of so many bytes; `early` counts the items that came before the end. */
function read(text: string | Buffer, size: number) {
  const items: unknown[] = [];
  const reader = new ListReader((item) => items.push(item));
  const bytes = Buffer.from(text as string);
  for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
  const early = items.length;
  const head = reader.end();
  return { head, items, early };
}

const SIZES = [1, 7, 100, 4096, 1_000_000];

const item = (name: string, more: object = {}) => ({
  metadata: { name, labels: { greeting: "grüß-🐘" } },
  ...more,
});
const metadata = { resourceVersion: "7", continue: "next" };
const nested = { spec: { volumeClaimTemplates: [item("a"), item("b"), item("c")], items: [item("d")] } };
const sly = { note: '},{"metadata":{"name":"not an item"}},{"metadata":' };

const CASES: Readonly<Record<string, string>> = {
  "items in a row": JSON.stringify({ kind: "XList", metadata, items: [item("1"), item("2"), item("3")] }),
  "no items": JSON.stringify({ kind: "XList", metadata, items: [] }),
  "one item": JSON.stringify({ kind: "XList", metadata, items: [item("1")] }),
  "items null": JSON.stringify({ kind: "XList", metadata, items: null }),
  "no member items": JSON.stringify({ kind: "XList", metadata }),
  "objects within items that begin like items": JSON.stringify({
    metadata,
    items: [item("1", nested), item("2", nested), item("3")],
  }),
  "text that looks like a border": JSON.stringify({ metadata, items: [item("1", sly), item("2", sly)] }),
  "metadata after the items": JSON.stringify({ items: [item("1"), item("2")], metadata }),
  "items that begin with something else": JSON.stringify({
    metadata,
    items: [
      { kind: "X", ...item("1") },
      { apiVersion: "v1", ...item("2") },
      { kind: "X", ...item("3") },
    ],
  }),
  "items that are not objects": JSON.stringify({ metadata, items: [1, "},{", [2], null, item("1")] }),
  "spread over lines": JSON.stringify(
    { kind: "XList", metadata, items: [item("1"), item("2")] },
    undefined,
    2,
  ),
  "items larger than the buffer": JSON.stringify({
    metadata,
    items: [item("1", { blob: "x".repeat(400_000) }), item("2", { blob: "é".repeat(300_000) }), item("3")],
  }),
  "a long head": JSON.stringify({ metadata: { ...metadata, note: "x".repeat(20_000) }, items: [item("1")] }),
};

for (const [name, text] of Object.entries(CASES)) {
  t.test(`reads as JSON.parse does: ${name}`, async (t) => {
    const expected: Partial<List> = JSON.parse(text);
    for (const size of text.length > 100_000 ? SIZES.slice(2) : SIZES) {
      const { head, items } = read(text, size);
      t.strictSame(items, expected.items ?? [], `${size} bytes at a time`);
      t.strictSame(head, { resourceVersion: "7", continue: "next" });
    }
  });
}

t.test("reads the recorded lists", async (t) => {
  for (const file of [
    "list-deployments.json",
    "list-page1.json",
    "list-csidrivers.json",
    "list-persistentvolumes.json",
  ]) {
    const text = readFileSync(join(import.meta.dirname, "../../fixtures/api", file));
    const expected: List = JSON.parse(text.toString());
    const { head, items } = read(text, 100);
    t.strictSame(items, expected.items, file);
    t.equal(head.resourceVersion, expected.metadata.resourceVersion);
    t.equal(head.continue, expected.metadata.continue);
  }
});

t.test("hands items out while they come in", async (t) => {
  const items = Array.from({ length: 100 }, (_, i) => item(String(i)));
  t.equal(read(JSON.stringify({ metadata, items }), 50).early, 99);
});

t.test("says what is wrong with what is no list", async (t) => {
  const cases: [string, RegExp][] = [
    ["", /not answered with JSON/],
    ["<html>", /not answered with JSON/],
    ["[]", /not answered with a list/],
    ["null", /not answered with a list/],
    ['{"items":[]}', /not answered with a list/],
    [
      '{"metadata":{"resourceVersion":"1"},"items":[{"metadata":{}},{"metadata":{}}',
      /not answered with JSON/,
    ],
    [
      '{"metadata":{"resourceVersion":"1"},"items":[{"metadata":{}},{"metadata":{}} garbage',
      /not answered with JSON/,
    ],
    ['{"metadata":{"resourceVersion":1},"items":[]}', /not answered with a list/],
    ['{"metadata":{"resourceVersion":"1"},"items":{}}', /not answered with a list/],
  ];
  for (const [text, message] of cases) t.throws(() => read(text, 10), message, JSON.stringify(text));
});
