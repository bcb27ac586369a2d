import { mock } from "node:test";
import { setImmediate } from "node:timers/promises";
import t from "tap";
import { type Deadline, Deadlines, lookupBudget, parseGoDuration } from "../../src/admission/deadline.ts";

/** What `lookupBudget` leaves between the end of lookups and the API server's deadline. */
const MARGIN = 300;

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
  const deadlines = new Deadlines();
  t.equal(deadlines.start(0).signal.aborted, true);
  const deadline = deadlines.start(60_000);
  t.equal(deadline.signal.aborted, false);
  deadline.clear();
});

const ended = ({ signal }: Deadline): Promise<void> =>
  new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));

t.test("each ends in its time, in whatever order they were begun", async (t) => {
  const deadlines = new Deadlines();
  const order: string[] = [];
  const begin = (name: string, ms: number) => ended(deadlines.start(ms)).then(() => order.push(name));
  const answered = deadlines.start(10);
  const all = [begin("late", 90), begin("early", 30), begin("middle", 60)];
  answered.clear();
  await Promise.all(all);
  t.strictSame(order, ["early", "middle", "late"]);
  t.equal(answered.signal.aborted, false, "one that was answered is not ended");
});

t.test(
  "the more wait, the sooner they end, one after the other, and never before half their time",
  async (t) => {
    // A clock of its own, so that a busy machine is not taken for a late answer.
    mock.timers.enable({ apis: ["setTimeout"] });
    t.teardown(() => mock.timers.reset());
    let clock = 0;
    const pass = (ms: number) => {
      clock += ms;
      mock.timers.tick(ms);
    };
    const deadlines = new Deadlines(() => clock);
    const turns: number[] = [];
    const work = async (deadline: Deadline) => {
      await ended(deadline);
      turns.push(clock);
      pass(3);
      deadline.clear();
      return clock;
    };
    const all = Promise.all(Array.from({ length: 120 }, () => work(deadlines.start(800))));
    while (turns.length < 120 && clock < 5_000) {
      pass(1);
      await setImmediate();
    }
    const done = await all;
    t.ok(Math.max(...done) < 800 + MARGIN, `all are done within the margin (${Math.max(...done)} ms)`);
    t.ok(Math.min(...turns) >= 400, `none before half its time (${Math.min(...turns)} ms)`);
  },
);

t.test("what answering costs is learned, so that the dear ones are begun earlier", async (t) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  t.teardown(() => mock.timers.reset());
  let clock = 0;
  const deadlines = new Deadlines(() => clock);
  const pass = (ms: number) => {
    clock += ms;
    mock.timers.tick(ms);
  };
  /** When the last of so many is answered, each taking so long. */
  const lastOf = async (count: number, cost: number): Promise<number> => {
    const began = clock;
    const done: number[] = [];
    const all = Array.from({ length: count }, async () => {
      const deadline = deadlines.start(800);
      await ended(deadline);
      pass(cost);
      deadline.clear();
      done.push(clock - began);
    });
    while (done.length < count && clock - began < 5_000) {
      pass(1);
      await setImmediate();
    }
    await Promise.all(all);
    return Math.max(...done);
  };
  await lastOf(1, 20);
  const last = await lastOf(18, 20);
  t.ok(last < 800 + MARGIN / 3, `hardly after their time (${last} ms)`);
  for (let round = 0; round < 20; round += 1) await lastOf(1, 1);
  const cheap = await lastOf(2, 1);
  t.ok(cheap > 780, `and cheap ones are given their time again (${cheap} ms)`);
});
