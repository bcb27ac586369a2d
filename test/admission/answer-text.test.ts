import t from "tap";
import { fitWarnings, oneLine, severalLines } from "../../src/admission/answer-text.ts";

t.test("puts a text on one line that a Warning header can carry", async (t) => {
  const rows: readonly (readonly [string, string, string])[] = [
    ["plain", "plain", "left as it is"],
    ["two\nlines", "two lines", "a newline would drop the warning"],
    ["a\tb\u0000c\u007fd\u0085e\u2028f", "a b c d e f", "every control character and line separator"],
    ["a\u061cb\u200ec\u200fd\u202ae\u202ef\u2066g\u2069h", "a b c d e f g h", "and what turns the direction"],
    ["  spaces   inside ", "spaces inside", "spaces that stand in for control characters do not add up"],
    ["lone \ud800 surrogate", "lone \ufffd surrogate", "must be valid UTF-8"],
    [`a "quoted" \\ ümlaut 漢`, `a "quoted" \\ ümlaut 漢`, "quotes, backslashes and other scripts survive"],
  ];
  for (const [text, expected, why] of rows) t.equal(oneLine(text), expected, why);
});

t.test("cuts a line at 256 characters, counted as the API server counts them", async (t) => {
  t.equal(oneLine("x".repeat(256)).length, 256);
  const cut = oneLine("x".repeat(257));
  t.equal(cut.length, 256);
  t.ok(cut.endsWith("…"), "and says so");
  const astral = oneLine("😀".repeat(256));
  t.equal(astral, "😀".repeat(256), "a character outside the basic plane is one");
  t.equal(Array.from(oneLine("😀".repeat(300))).length, 256);
  t.equal(Array.from(oneLine("😀".repeat(10_000))).length, 256);
});

t.test("keeps the lines of a denial and takes the control characters out of each", async (t) => {
  t.equal(severalLines("first\n  second\u0007\r\nthird\n", 100), "first\n  second\nthird");
  t.equal(Array.from(severalLines("x".repeat(200), 100)).length, 100);
});

t.test("sends no warning twice and none that is empty", async (t) => {
  t.same(fitWarnings(["a", "a\n", "", "\n", "b"]), ["a", "b"]);
});

t.test("keeps the warnings of one response within 4096 characters and counts the rest", async (t) => {
  const many = Array.from({ length: 40 }, (_, at) => `${at} `.padEnd(200, "x"));
  const fitted = fitWarnings(many);
  t.ok(fitted.reduce((sum, line) => sum + line.length, 0) <= 4096);
  t.match(fitted.at(-1), new RegExp(`^and ${40 - (fitted.length - 1)} more`));
  const few = Array.from({ length: 16 }, (_, at) => `${at}`.padEnd(256, "x"));
  t.same(fitWarnings(few), few, "exactly the budget fits whole");
});
