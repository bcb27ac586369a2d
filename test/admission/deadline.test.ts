import t from "tap";
import { lookupBudget, parseGoDuration, startDeadline } from "../../src/admission/deadline.ts";

t.test("reads Go durations", async (t) => {
  const rows: readonly (readonly [string, number | undefined, string])[] = [
    ["5s", 5000, "what the API server sends"],
    ["500ms", 500, "milliseconds"],
    ["1m", 60_000, "minutes"],
    ["1.5s", 1500, "a fraction"],
    [".5s", 500, "a fraction without a leading zero"],
    ["1m30s", 90_000, "several units"],
    ["1h", 3_600_000, "hours"],
    ["2us", 0.002, "microseconds"],
    ["2µs", 0.002, "microseconds, written properly"],
    ["0", 0, "zero needs no unit"],
    ["5", undefined, "Go refuses a number without a unit"],
    ["", undefined, "empty"],
    ["s", undefined, "a unit without a number"],
    ["-5s", undefined, "a deadline is never negative"],
    ["5s ", undefined, "trailing space"],
    ["5d", undefined, "Go has no days"],
    ["1e3s", undefined, "no exponents"],
    ["1.2.3s", undefined, "two points"],
    [`${"9".repeat(400)}s`, undefined, "too long to be meant"],
  ];
  for (const [text, expected, why] of rows) t.equal(parseGoDuration(text), expected, `${text}: ${why}`);
});

t.test("leaves a margin before the API server's deadline", async (t) => {
  const rows: readonly (readonly [string | undefined, number, string])[] = [
    ["5s", 4700, "the margin"],
    ["500ms", 250, "the margin never takes more than half"],
    ["1m", 29_700, "no webhook has more than 30 s"],
    [undefined, 9700, "the API server's default of 10 s"],
    ["nonsense", 9700, "unreadable: the default"],
    ["0", 9700, "zero is not a deadline"],
  ];
  for (const [timeout, expected, why] of rows)
    t.equal(lookupBudget(timeout, 300), expected, `${timeout}: ${why}`);
});

t.test("a deadline that has passed has aborted", async (t) => {
  t.equal(startDeadline(0).signal.aborted, true);
  const deadline = startDeadline(60_000);
  t.equal(deadline.signal.aborted, false);
  deadline.clear();
});
