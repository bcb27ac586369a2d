import t from "tap";
import { BlockList } from "../../../src/admission/body/block-list.ts";

const KIB = 1024;
const numbered = (length: number): Uint8Array => Uint8Array.from({ length }, (_, at) => at % 251);
/** The memory that its bytes take. */
const taken = (list: BlockList): number =>
  list.blocks().reduce((sum, block) => sum + block.buffer.byteLength, 0);

t.test("the bytes come back as they arrived, and take as much memory as was said before", async (t) => {
  for (const size of [1, 100, 4 * KIB, 4 * KIB + 1, 50_000, 300_000]) {
    const bytes = numbered(300_000);
    const list = new BlockList();
    for (let at = 0; at < bytes.length; at += size) {
      const chunk = bytes.subarray(at, at + size);
      const before = taken(list);
      const growth = list.growth(chunk.length);
      list.push(chunk);
      if (taken(list) - before !== growth) t.fail(`${size} at ${at}: ${growth} were charged`);
    }
    t.equal(list.length, bytes.length);
    t.equal(Buffer.compare(Buffer.concat(list.blocks()), bytes), 0, `in parts of ${size}`);
    t.equal(Buffer.compare(list.beginning(10_000), bytes.subarray(0, 10_000)), 0);
    t.equal(Buffer.compare(list.beginning(1_000_000), bytes), 0, "all, where there are fewer");
    list.clear();
    t.same([list.length, list.blocks().length, list.beginning(10).length], [0, 0, 0]);
  }
});

t.test("a small body takes little memory, a large one hardly more than its bytes", async (t) => {
  const small = new BlockList();
  t.equal(small.growth(0), 0);
  small.push(numbered(1));
  t.equal(taken(small), 4 * KIB);
  t.equal(small.growth(4 * KIB - 1), 0, "what fits into its block costs nothing");
  const large = new BlockList();
  large.push(numbered(2_000_000));
  t.ok(taken(large) - 2_000_000 <= 64 * KIB, `${taken(large)} bytes`);
  t.ok(large.blocks().every((block) => block.buffer.byteLength <= 64 * KIB));
});
