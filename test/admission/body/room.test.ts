import t from "tap";
import { Holding, Room } from "../../../src/admission/body/room.ts";
import { privateFields } from "../../support/private-fields.ts";

const ROUNDS = 1_000;
const named = (name: string): Holding => Object.assign(new Holding(), { name });
const soon = (): number => performance.now() + 20;

t.test("holds no more than its size, and what is given back is free again", async (t) => {
  const room = new Room(() => 100);
  const [a, b] = [new Holding(), new Holding()];
  t.equal(room.take(a, 60), true);
  t.equal(room.take(b, 41), false);
  t.equal(room.take(b, 40), true);
  t.equal(room.held, 100);
  room.leave(a);
  t.equal(room.held, 40);
  t.equal(room.take(b, 60), true, "one holder may take all that is left");
  t.equal(room.take(b, 1_000), true, "and alone more than there is: nothing is too large to be served");
});

t.test("the large ones share half", async (t) => {
  const room = new Room(() => 100);
  const [a, b, small] = [new Holding(true), new Holding(true), new Holding()];
  for (const large of [a, b]) t.equal(room.take(large, 10), true);
  t.equal(room.take(a, 30), true);
  t.equal(room.take(b, 1), false);
  t.equal(room.take(small, 50), true, "the other half is there for small ones");
  room.leave(a);
  t.equal(room.take(b, 30), true);
});

t.test("no name holds more than a quarter, but always one", async (t) => {
  const room = new Room(() => 100);
  const [a, b] = [named("shop"), new Holding()];
  t.equal(room.take(a, 30), true, "the only one of its name may exceed it");
  t.equal(room.take(b, 5), true);
  room.name(b, "shop");
  room.name(b, "shop");
  t.equal(room.take(b, 1), false);
  t.equal(room.take(named("other"), 25), true);
  room.leave(a);
  t.equal(room.take(b, 20), true);
  t.equal(room.take(named("shop"), 1), false);
});

t.test("who waits is let in, in order, past those who cannot be", async (t) => {
  const room = new Room(() => 100);
  const [a, shop, shopToo, other] = [new Holding(), named("shop"), named("shop"), named("other")];
  room.take(a, 80);
  room.take(shop, 20);
  const order: string[] = [];
  const waiting = [
    room.takeBefore(shopToo, 10, soon()).then((taken) => order.push(`shop ${taken}`)),
    room.takeBefore(other, 10, soon()).then((taken) => order.push(`other ${taken}`)),
  ];
  room.leave(a);
  await Promise.all(waiting);
  t.same(order, ["other true", "shop false"], "the first stays behind what holds its own name's share");
  t.equal(await room.takeBefore(new Holding(), 1_000, 0), false, "no time, no waiting");
  t.equal(room.held, 30);
});

t.test("names that hold nothing are forgotten", async (t) => {
  const room = new Room(() => 100);
  for (let round = 0; round < ROUNDS; round += 1) {
    const holding = named(`team-${round}`);
    room.take(holding, 10);
    room.name(holding, `squad-${round}`);
    room.leave(holding);
  }
  const kept = privateFields(room).flatMap((field) => (field instanceof Map ? [field.size] : []));
  t.same(kept, [0]);
});
