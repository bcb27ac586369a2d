import t from "tap";
import { visible } from "../../src/report/visible.ts";

t.test("what moves a cursor, ends a line or turns the direction of text is shown, not done", async (t) => {
  const rows: readonly (readonly [string, string])[] = [
    ["plain ümlaut 漢 😀", "plain ümlaut 漢 😀"],
    ["a\u001b[2Jb\r\nc\u0085d", "a\\u001b[2Jb\\u000d\\u000ac\\u0085d"],
    ["a\u2028b\u2029c", "a\\u2028b\\u2029c"],
    [
      "\u061ca\u200eb\u200fc\u202ad\u202ee\u2066f\u2069",
      "\\u061ca\\u200eb\\u200fc\\u202ad\\u202ee\\u2066f\\u2069",
    ],
  ];
  for (const [text, expected] of rows) t.equal(visible(text), expected);
});
