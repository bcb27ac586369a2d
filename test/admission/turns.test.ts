import { setImmediate as nextTurn } from "node:timers/promises";
import t from "tap";
import { Turns } from "../../src/admission/turns.ts";

t.test("everything that arrived in a turn goes on together, step by step", async (t) => {
  const turns = new Turns();
  const steps: string[] = [];
  const work = async (name: string): Promise<void> => {
    await turns.read();
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
