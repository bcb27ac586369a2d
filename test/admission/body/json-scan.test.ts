import t from "tap";
import { isDeeper, JsonScan } from "../../../src/admission/body/json-scan.ts";
import { HEAD_BYTES, readHead } from "../../../src/admission/body/review-head.ts";
import { RECORDINGS, reviewOf } from "../support/reviews.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

t.test("depth and values are the same however the text is cut", async (t) => {
  const rows: readonly (readonly [string, number, number])[] = [
    ["1", 0, 1],
    ["[]", 1, 1],
    ['{"a":[1,2,{"b":"]],,[["}]}', 3, 6],
    ['"\\"[["', 0, 1],
    ['["\\\\",[]]', 2, 3],
    ["[],[],[]", 1, 3],
    ["[[],{},[{}]]", 3, 5],
    [`["${"x".repeat(100)}\\"[[${"y".repeat(100)}\\\\",[]]`, 2, 3],
    [`["${"x".repeat(40)}\\\\\\"[${'\\"'.repeat(60)}",[[]]]`, 3, 4],
  ];
  for (const [text, depth, values] of rows) {
    for (const size of [1, 2, 3, 33, 50, 101, text.length]) {
      const scan = new JsonScan();
      for (let at = 0; at < text.length; at += size) scan.push(bytes(text.slice(at, at + size)));
      t.same([scan.depth, scan.values], [depth, values], `${text} in parts of ${size}`);
    }
  }
});

t.test("a text is skipped as it would be read, wherever it is cut", async (t) => {
  let seed = 7;
  const next = (below: number) => {
    seed = (seed * 1103515245 + 12345) % 2 ** 31;
    return Math.floor((seed / 2 ** 31) * below);
  };
  for (let turn = 0; turn < 300; turn += 1) {
    const parts = ['"', "\\", "[", "{", ",", "x", "x".repeat(40)];
    const texts = Array.from({ length: 3 }, () =>
      Array.from({ length: next(60) }, () => parts[next(parts.length)]).join(""),
    );
    const text = JSON.stringify([texts, [texts[0]]]);
    const scan = new JsonScan();
    for (let at = 0; at < text.length; ) {
      const size = 1 + next(90);
      scan.push(bytes(text.slice(at, at + size)));
      at += size;
    }
    if (scan.depth !== 2 || scan.values !== 7) t.fail(`${text}: ${scan.depth}, ${scan.values}`);
  }
  t.pass("as deep, and as many");
});

t.test("a value is measured without recursion", async (t) => {
  const nested = JSON.parse(`${'{"a":['.repeat(50_000)}${"]}".repeat(50_000)}`);
  t.equal(isDeeper(nested, 99_998), true);
  t.equal(isDeeper(nested, 100_000), false);
  t.equal(isDeeper(null, 0), false);
  t.equal(isDeeper({ a: null }, 0), false);
});

t.test("the head of every recorded review is found in its beginning", async (t) => {
  for (const { review, file } of RECORDINGS) {
    const { request } = review;
    const sent = JSON.stringify(review);
    const object = sent.indexOf('"object":');
    for (const cut of [object + 20, Math.max(object + 20, sent.length - 5), sent.length]) {
      const head = readHead(bytes(sent.slice(0, cut)));
      t.match(
        head,
        {
          uid: request.uid,
          resource: request.resource,
          subResource: request.subResource ?? "",
          operation: request.operation,
          namespace: request.namespace ?? "",
          name: request.name ?? "",
        } as object,
        `${file} cut at ${cut}`,
      );
    }
  }
});

t.test("what has no head gets none", async (t) => {
  const long = JSON.stringify(reviewOf("005", (request) => Object.assign(request, { uid: "x".repeat(300) })));
  for (const text of [
    "",
    "[",
    "}}}}",
    '{"a":1,"b',
    "null",
    '{"kind":"AdmissionReview","request":{"u',
    '{"kind":"List","request":{"uid":"a"}}',
    '{"kind":"AdmissionReview","request":{"object":{"uid":"a"},"x":[',
    `{"kind":"AdmissionReview","request":{"name":"${"x".repeat(HEAD_BYTES)}","uid":"a"}}`,
    long,
  ]) {
    t.equal(readHead(bytes(text)), undefined, text.slice(0, 60));
  }
  const odd = readHead(bytes('{"kind":"AdmissionReview","request":{"uid":"a","operation":"DROP","name":5}}'));
  t.match(odd, { uid: "a", operation: "", name: "", resource: { resource: "" } });
});
