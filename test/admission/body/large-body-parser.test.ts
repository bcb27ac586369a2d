import { setTimeout as sleep } from "node:timers/promises";
import t, { type Test } from "tap";
import { LargeBodyParser } from "../../../src/admission/body/large-body-parser.ts";

function started(t: Test): LargeBodyParser {
  const parser = new LargeBodyParser();
  t.teardown(() => parser.close());
  return parser;
}
const bytes = (text: string) => [new TextEncoder().encode(text)];
const soon = (ms: number): number => performance.now() + ms;
const LONG = 60_000;
/** Takes the worker far longer than a body behind it is given: each object is of another shape. */
const bomb = (): string => `[${Array.from({ length: 900_000 }, (_, index) => `{"k${index}":{}}`).join()}]`;
/** Takes the worker long enough for others to wait. */
const slow = (): string => `[${"[0],".repeat(500_000)}0]`;

t.test("bodies are parsed one after the other, each for its own sender", async (t) => {
  const parser = started(t);
  const answers = await Promise.all(
    [1, 2, 3].map((number) => parser.compact(bytes(`{"kind":"${number}"}`), soon(LONG))),
  );
  t.match(
    answers,
    [1, 2, 3].map((number) => ({ state: "text", text: `{"kind":"${number}"}` })),
  );
});

t.test("a body that is late makes room for those behind it", async (t) => {
  const parser = started(t);
  const behind = { state: "text", text: "{}" };
  const [first, second] = await Promise.all([
    parser.compact(bytes(bomb()), soon(30)),
    parser.compact(bytes("{}"), soon(10_000)),
  ]);
  t.match([first, second], [{ state: "late" }, behind], "the one that was being parsed");
  const busy = parser.compact(bytes(slow()), soon(LONG));
  const [waiting, last] = await Promise.all([
    parser.compact(bytes("[1]"), soon(1)),
    parser.compact(bytes("{}"), soon(LONG)),
  ]);
  t.match([waiting, last], [{ state: "late" }, behind], "one that was waiting");
  t.match(await busy, { state: "text" });
});

t.test("a server that closes answers what waits", async (t) => {
  const parser = new LargeBodyParser();
  const waiting = [slow(), "{}"].map((text) => parser.compact(bytes(text), soon(LONG)));
  await sleep(1);
  await parser.close();
  t.same(await Promise.all(waiting), [{ state: "late" }, { state: "late" }]);
});
