import t from "tap";
import { LineSplitter } from "../../../src/cluster/live/line-splitter.ts";

const LINES = ['{"a":1}', '{"name":"grüß-多附加-🐘"}', "x".repeat(300), '{"last":true}'];

t.test("gives the same lines wherever the bytes are cut", async (t) => {
  const bytes = Buffer.from(`${LINES.join("\n")}\n\n`);
  for (const size of [1, 2, 3, 5, 64, bytes.length]) {
    const splitter = new LineSplitter();
    const lines: string[] = [];
    for (let at = 0; at < bytes.length; at += size)
      lines.push(...splitter.push(bytes.subarray(at, at + size)));
    t.strictSame(lines, LINES, `${size} bytes at a time`);
    t.equal(splitter.pending, 0);
  }
});

t.test("keeps what has no end yet, and says that there is something", async (t) => {
  const splitter = new LineSplitter();
  t.strictSame(splitter.push(Buffer.from("half a li")), []);
  t.equal(splitter.pending, 9);
  t.strictSame(splitter.push(Buffer.from("ne\n")), ["half a line"]);
});

t.test("gives up on a line that cannot be an event any more", async (t) => {
  const splitter = new LineSplitter();
  const megabyte = Buffer.alloc(1024 * 1024, "x");
  t.throws(() => {
    for (let i = 0; i < 40; i++) splitter.push(megabyte);
  }, /longer than/);
});
