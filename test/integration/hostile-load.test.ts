import t from "tap";
import { SHAPES } from "../admission/support/hostile-reviews.ts";
import { megabyte } from "../admission/support/megabyte.ts";
import { objectOf, reviewOf } from "../admission/support/reviews.ts";
import type { Sent } from "../admission/support/sender.ts";
import { senderTo } from "../admission/support/sending.ts";
import { startServer } from "../admission/support/server.ts";

t.setTimeout(0);

/** In megabytes of ordinary JSON parsed: 600 ms where one takes 10, a fifth of what the API server waits. */
const MOST = 60;

const p99 = (sent: readonly Sent[]): number =>
  sent.map(({ duration }) => duration).toSorted((a, b) => a - b)[Math.floor(sent.length * 0.99)] ?? 0;

t.test("hostile bodies, one in twenty, leave ordinary reviews judged and in time", async (t) => {
  const server = await startServer(t, { objects: [objectOf("004"), objectOf("005")] });
  const [ordinarySender, hostileSender] = [senderTo(t, server.port), senderTo(t, server.port)];
  const ordinary = Array.from({ length: 400 }, (_, index) =>
    JSON.stringify(reviewOf(index % 2 === 0 ? "005" : "014")),
  );
  const shapes = ["characters of six bytes", "labels", "objects beyond measure", "the shortest terms"].map(
    (name) => SHAPES[name]?.[0]() ?? "",
  );
  const hostile = Array.from({ length: 20 }, (_, index) => shapes[index % shapes.length] ?? "");
  await ordinarySender(ordinary, 4);
  await hostileSender(shapes, 1);
  let least = Number.POSITIVE_INFINITY;
  // Not as a multiple of what they take alone: client and attacker share the cores with the server.
  for (let turn = 0; turn < 2 && least > MOST; turn += 1) {
    const alone = await ordinarySender(ordinary, 4);
    const [beside, attack] = await Promise.all([ordinarySender(ordinary, 4), hostileSender(hostile, 4)]);
    for (const sent of [...alone, ...beside]) {
      if (sent.status !== 200 || sent.unjudged)
        t.fail(`an ordinary review was not judged: ${JSON.stringify(sent)}`);
    }
    t.equal(beside.length, ordinary.length, "none is missing");
    t.equal(attack.length, hostile.length, "and each hostile one got an answer");
    t.ok(
      attack.every(({ status }) => status === 200),
      JSON.stringify(attack),
    );
    least = Math.min(least, p99(beside) / Math.max(megabyte(), 10));
    t.comment(`p99 ${p99(alone).toFixed(1)} ms alone, ${p99(beside).toFixed(1)} ms beside them`);
  }
  t.ok(least < MOST, `${least.toFixed(1)} megabytes' worth`);
});
