import t from "tap";
import { LineFinder } from "../../../src/cluster/files/line-finder.ts";

t.test("an offset has the line and column that a count of the text gives, in any order", async (t) => {
  for (const text of ["", "a", "\n", "ab\ncd\n\nef", "one line that does not end", "\n\n", "a\r\nb"]) {
    const finder = new LineFinder("f", text);
    const forwards = Array.from({ length: text.length + 1 }, (_, at) => at);
    for (const offset of [...forwards, ...forwards.toReversed()]) {
      const before = text.slice(0, offset).split("\n");
      const expected = { file: "f", line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
      t.strictSame(finder.positionOf(offset), expected, `${JSON.stringify(text)} at ${offset}`);
    }
  }
});

t.test("the end of a line that is the whole text is looked for once", async (t) => {
  let looks = 0;
  const text = Object.assign(Object("x".repeat(1_000)) as object, {
    indexOf: () => {
      looks += 1;
      return -1;
    },
  });
  const finder = new LineFinder("f", text as unknown as string);
  for (let at = 0; at < 1_000; at += 1) finder.positionOf(at);
  t.equal(looks, 1);
});
