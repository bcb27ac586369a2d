/**
 * Four connections send nothing but hostile bodies, one after the other, and four ordinary reviews for as long as that
 * lasts, all of one namespace. More than that no attacker gets answered, one in twenty of all reviews or not, since
 * large bodies are parsed one at a time. The slowest hundredth of the ordinary ones may not get three times as slow,
 * in time or, on a machine whose processors others use too, in work of the thread that answers.
 */
import { subscribe } from "node:diagnostics_channel";
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import t from "tap";
import { SHAPES } from "../admission/support/hostile-reviews.ts";
import { objectOf, reviewOf } from "../admission/support/reviews.ts";
import type { Sent } from "../admission/support/sender.ts";
import { senderTo } from "../admission/support/sending.ts";
import { startServer } from "../admission/support/server.ts";

t.setTimeout(0);

const MOST = 3;
const NEVER = { passed: Number.POSITIVE_INFINITY, worked: Number.POSITIVE_INFINITY };
/** Ordinary bodies have a few kilobytes. */
const SMALL = 32 * 1024;
/** Measured three times at least, so that one slow moment alone does not count, and more often until it is below. */
const ROUNDS = { least: 3, most: 9 };

/** What makes a body awkward: its bytes, its values, what is compared, what is looked up; below and above 256 KiB. */
const HOSTILE = [
  "characters of six bytes",
  "labels",
  "objects beyond measure",
  "the shortest terms",
  "claims that are mounted",
  "disks of its own",
  "annotations",
  "lists just small enough for this thread",
  "claim templates of a small body",
  "labels of who manages it",
] as const;

const p99 = (durations: readonly number[]): number =>
  durations.toSorted((a, b) => a - b)[Math.floor(durations.length * 0.99)] ?? 0;

/**
 * Milliseconds of work that this thread did between one ordinary answer on a connection and the next: what would have
 * passed on a machine with nothing else to do. Others who use this one lengthen what passes, and not this.
 */
const worked: number[] = [];
let answeredAt = new WeakMap<Socket, number>();
subscribe("http.server.response.finish", (message) => {
  const { request, socket } = message as { readonly request: IncomingMessage; readonly socket: Socket };
  if (!(Number(request.headers["content-length"]) < SMALL)) return;
  const { user, system } = process.threadCpuUsage();
  const now = (user + system) / 1000;
  const before = answeredAt.get(socket);
  if (before !== undefined) worked.push(now - before);
  answeredAt.set(socket, now);
});

interface Slowest {
  readonly passed: number;
  readonly worked: number;
}

async function slowestOf(send: () => Promise<readonly Sent[]>): Promise<Slowest> {
  worked.length = 0;
  answeredAt = new WeakMap();
  const sent = await send();
  return { passed: p99(sent.map(({ duration }) => duration)), worked: p99(worked) };
}

t.test("hostile bodies, one in twenty, leave ordinary reviews judged and in time", async (t) => {
  const server = await startServer(t, { objects: [objectOf("004"), objectOf("005")] });
  const [ordinarySender, hostileSender] = [senderTo(t, server.port), senderTo(t, server.port)];
  const ordinary = Array.from({ length: 200 }, (_, index) =>
    JSON.stringify(reviewOf(index % 2 === 0 ? "005" : "014")),
  );
  const shapes = HOSTILE.map((name) => SHAPES[name]?.[0]() ?? "");
  const hostile = Array.from({ length: 21 }, (_, index) => shapes[index % shapes.length] ?? "");
  await ordinarySender(ordinary, 4);
  await hostileSender(shapes, 1);
  const least = { alone: { ...NEVER }, beside: { ...NEVER } };
  const timesAsSlow = () =>
    Math.min(...(["passed", "worked"] as const).map((clock) => least.beside[clock] / least.alone[clock]));
  const measure = async (which: "alone" | "beside", isOver: (batches: number) => boolean) => {
    let batches = 0;
    const { passed, worked } = await slowestOf(async () => {
      const all: Sent[] = [];
      for (; !isOver(batches); batches += 1) all.push(...(await ordinarySender(ordinary, 4)));
      for (const sent of all) {
        if (sent.status !== 200 || sent.unjudged)
          t.fail(`an ordinary review was not judged: ${JSON.stringify(sent)}`);
      }
      t.equal(all.length, batches * ordinary.length, "none is missing");
      return all;
    });
    // The quickest of each: a machine that is busy during the one and not the other would decide it otherwise.
    least[which].passed = Math.min(least[which].passed, passed);
    least[which].worked = Math.min(least[which].worked, worked);
    const of = batches * ordinary.length;
    t.comment(`${which}: p99 of ${of}: ${passed.toFixed(1)} ms; this thread worked ${worked.toFixed(1)} ms`);
  };
  for (let round = 0; round < ROUNDS.most && (round < ROUNDS.least || timesAsSlow() >= MOST); round += 1) {
    await measure("alone", (batches) => batches === 4);
    let attack: readonly Sent[] | undefined;
    const attacking = hostileSender(hostile, 4).then((sent) => {
      attack = sent;
    });
    await measure("beside", () => attack !== undefined);
    await attacking;
    t.equal(attack?.length, hostile.length, "and each hostile one got an answer");
    t.ok(
      attack?.every(({ status }) => status === 200),
      JSON.stringify(attack),
    );
  }
  t.ok(timesAsSlow() < MOST, `${timesAsSlow().toFixed(1)} times as slow`);
});
