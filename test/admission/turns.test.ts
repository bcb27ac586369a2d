import { setImmediate as nextTurn } from "node:timers/promises";
import t from "tap";
import { Turns } from "../../src/admission/turns.ts";

t.test("everything that arrived in a turn goes on together, step by step", async (t) => {
  const turns = new Turns();
  const steps: string[] = [];
  const work = async (name: string): Promise<void> => {
    await turns.read(1_000);
    steps.push(`${name} parsed`);
    await undefined;
    steps.push(`${name} judged`);
  };
  const first = Promise.all([work("a"), work("b")]);
  t.same(steps, [], "not before the turn is over");
  await first;
  t.same(steps, ["a parsed", "b parsed", "a judged", "b judged"]);
  await work("c");
  t.equal(steps.at(-1), "c judged", "one that comes alone waits for nobody");
});

t.test("a turn began when its first review arrived", async (t) => {
  const turns = new Turns();
  const began = turns.began();
  while (performance.now() < began + 2);
  t.equal(turns.began(), began, "the same for all in it");
  await nextTurn();
  t.ok(turns.began() >= began + 2, "the next one later");
});

t.test("of many that arrive in one turn the first are answered before the last are begun", async (t) => {
  const turns = new Turns();
  const steps: string[] = [];
  const work = async (name: string, long: boolean): Promise<void> => {
    await turns.read(60 * 1024, long);
    steps.push(`${name} parsed`);
    await undefined;
    steps.push(`${name} judged`);
  };
  let arrivedMeanwhile = false;
  const first = Promise.all([work("long", true), ...["a", "b", "c"].map((name) => work(name, false))]);
  setImmediate(() =>
    setImmediate(() => {
      arrivedMeanwhile = true;
    }),
  );
  await first;
  t.same(steps, [
    ...["a parsed", "b parsed", "a judged", "b judged"],
    ...["long parsed", "long judged", "c parsed", "c judged"],
  ]);
  t.ok(arrivedMeanwhile, "and what arrives between them is read");
});

t.test(
  "one that is longer than what goes on together goes on, and so does what comes after it",
  async (t) => {
    const turns = new Turns();
    const order: string[] = [];
    const read = async (name: string, bytes: number, long = false): Promise<void> => {
      await turns.read(bytes, long);
      order.push(name);
    };
    const first = Promise.all([read("a", 1_000_000), read("b", 1_000_000, true)]);
    await nextTurn();
    // "b" still waits.
    const second = Promise.all([read("c", 1), read("d", 1, true)]);
    await Promise.all([first, second]);
    t.same(order, ["a", "b", "c", "d"]);
  },
);

t.test("a short one waits for one long one, however many came before it, and they for it", async (t) => {
  const turns = new Turns();
  const order: string[] = [];
  const read = async (name: string, long: boolean): Promise<void> => {
    await turns.read(1_000, long);
    order.push(name);
  };
  const first = Promise.all(["L1", "L2", "L3", "L4"].map((name) => read(name, true)));
  await nextTurn();
  await Promise.all([first, read("a", false)]);
  t.same(order, ["L1", "L2", "a", "L3", "L4"]);
});
