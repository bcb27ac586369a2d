import { PassThrough, Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import { type Compacted, LargeBodyParser } from "../../../src/admission/body/large-body-parser.ts";
import { Pace } from "../../../src/admission/body/pace.ts";
import { type Body, type BodyLimits, readBody } from "../../../src/admission/body/read-body.ts";
import { Holding, Room } from "../../../src/admission/body/room.ts";
import { parseReview } from "../../../src/admission/review.ts";
import { subjectOf } from "../../../src/admission/subject.ts";
import { Turns } from "../../../src/admission/turns.ts";
import { deployment } from "../../support/objects.ts";
import { type Json, reviewOf } from "../support/reviews.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const worker = new LargeBodyParser();
t.teardown(() => worker.close());

interface Given {
  /** Where the body's length is not what is sent; NaN where it is not known. */
  readonly length?: number;
  readonly room?: Room;
  readonly chunk?: number;
  readonly limits?: Partial<BodyLimits>;
  readonly largeBodies?: LargeBodyParser;
}

const soon = (ms: number): number => performance.now() + ms;
const roomOf = (bytes: number): Room => new Room(() => bytes);
const limitsOf = (limits: Partial<BodyLimits> = {}): BodyLimits => ({
  bytes: 64 * MIB,
  waitsUntil: soon(10_000),
  arrivesBefore: soon(20_000),
  parsedBefore: soon(30_000),
  ...limits,
});

function chunksOf(text: string, size: number): readonly Buffer[] {
  const bytes = Buffer.from(text);
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
    bytes.subarray(at * size, (at + 1) * size),
  );
}

function readText(
  text: string,
  {
    length = Buffer.byteLength(text),
    room = roomOf(256 * MIB),
    chunk = 16 * KIB,
    limits,
    largeBodies = worker,
  }: Given = {},
) {
  const stream = Readable.from(chunksOf(text, chunk), { objectMode: true });
  return readBody(stream, length, limitsOf(limits), {
    room,
    largeBodies,
    pace: new Pace(),
    turns: new Turns(),
    parse: JSON.parse,
  });
}

/** What became of a body, in words. */
function told(body: Body): unknown {
  switch (body.state) {
    case "read":
      return body.value;
    case "unread":
      return [body.why, body.head?.uid];
    case "refused":
      return body.refusal.message;
  }
}

/** A review of about so many bytes. */
function reviewWith(bytes: number, change: (request: Json) => void = () => {}): Json {
  return reviewOf("005", (request) => {
    request.uid = "u1";
    change(request);
    request.options = { note: "x".repeat(bytes) };
  });
}

t.test("a body of any size and in any parts is read as it was sent, and its room given back", async (t) => {
  for (const bytes of [0, 20 * KIB, 40 * KIB, 300 * KIB, 1100 * KIB]) {
    for (const chunk of [1_000, 16 * KIB, 4 * MIB]) {
      for (const length of [undefined, Number.NaN]) {
        const room = roomOf(256 * MIB);
        const review = reviewWith(bytes);
        const text = JSON.stringify(review);
        const body = await readText(text, { chunk, room, ...(length !== undefined && { length }) });
        const why = `${text.length} bytes in parts of ${chunk}, length ${length ?? "known"}`;
        if (body.state !== "read") throw new Error(`${why}: ${told(body)}`);
        t.match(body.value, { kind: "AdmissionReview", request: { uid: "u1", operation: "CREATE" } }, why);
        t.ok(room.held > 0, `${why}: it holds room until it is answered`);
        t.ok(room.held <= 9 * text.length + 64 * KIB, `${why}: no more than parsing takes (${room.held})`);
        room.leave(body.holding);
        t.equal(room.held, 0, why);
      }
    }
  }
});

t.test("of the bodies that arrive in one turn, the short ones go on first", async (t) => {
  const turns = new Turns();
  const order: string[] = [];
  const read = async (name: string, bytes: number): Promise<void> => {
    const text = JSON.stringify(reviewWith(bytes));
    const stream = new PassThrough();
    stream.end(text);
    await readBody(stream, text.length, limitsOf(), {
      room: roomOf(256 * MIB),
      largeBodies: worker,
      pace: new Pace(),
      turns,
      parse: JSON.parse,
    });
    order.push(name);
  };
  await Promise.all([read("long", 40 * KIB), read("short", 10), read("another", 10)]);
  t.same(order, ["short", "another", "long"]);
});

t.test("what is no review is refused in words, and holds nothing", async (t) => {
  const deep = (levels: number) =>
    `{"a":${"[".repeat(levels)}${"]".repeat(levels)},"p":"${"x".repeat(40 * KIB)}"}`;
  const managed = (levels: number) =>
    JSON.stringify(reviewWith(40 * KIB)).replace(
      '"metadata":{',
      `"metadata":{"managedFields":${"[".repeat(levels)}${"]".repeat(levels)},`,
    );
  const rows: readonly (readonly [why: string, text: string, expected: unknown])[] = [
    ["empty", "", "the body is empty; expected an AdmissionReview"],
    ["not JSON", "{", "the body is not JSON"],
    ["not JSON and large", `{${" ".repeat(MIB)}`, "the body is not JSON"],
    ["as deep as may be", deep(499), {}],
    ["deeper", deep(501), "the body nests deeper than 500 levels; no object that is judged does"],
    ["deep where nobody reads", managed(5_000), { request: { uid: "u1" } }],
    [
      "far too deep and large",
      deep(200_000).replace("x", "x".repeat(MIB)),
      "the body nests deeper than 500 levels; no object that is judged does",
    ],
  ];
  for (const [why, text, expected] of rows) {
    const room = roomOf(256 * MIB);
    const body = await readText(text, { room });
    t.match(told(body), expected as object, why);
    if (body.state === "read") room.leave(body.holding);
    t.equal(room.held, 0, why);
  }
});

t.test("a body above the limit is known by its beginning, however it is cut", async (t) => {
  for (const chunk of [1_000, 16 * KIB, 4 * MIB]) {
    const room = roomOf(256 * MIB);
    const text = JSON.stringify(reviewWith(3 * MIB));
    t.same(
      told(await readText(text, { room, chunk, limits: { bytes: MIB } })),
      ["size", "u1"],
      `in parts of ${chunk}`,
    );
    t.equal(room.held, 0);
    const [exact] = [text.length];
    t.match(
      told(await readText(text, { room, chunk, limits: { bytes: exact } })),
      { request: { uid: "u1" } },
      "just as large as allowed",
    );
  }
  t.same(told(await readText(`${" ".repeat(2 * MIB)}1`, { limits: { bytes: MIB } })), ["size", undefined]);
});

t.test("a body of more values than any review has is not parsed", async (t) => {
  const text = (values: number) =>
    JSON.stringify(reviewWith(0)).replace(/\}\}$/, `,"x":[${"1,".repeat(values)}1]}}`);
  const room = roomOf(256 * MIB);
  t.same(told(await readText(text(2_100_000), { room, chunk: 64 * KIB })), ["values", "u1"]);
  t.equal(room.held, 0);
  t.match(told(await readText(text(100_000), { room })), { request: { uid: "u1" } });
});

t.test("a body for which there is no room is answered from its beginning when it has arrived", async (t) => {
  for (const bytes of [300 * KIB, 20 * KIB]) {
    const room = roomOf(64 * KIB);
    const other = new Holding();
    room.take(other, 60 * KIB);
    const text = JSON.stringify(reviewWith(bytes));
    const body = await readText(text, { room, chunk: 8 * KIB, limits: { waitsUntil: soon(20) } });
    t.same(told(body), ["memory", "u1"], `${bytes} bytes`);
    t.equal(room.held, 60 * KIB, "and holds nothing");
  }
});

t.test("a body waits for room that is given back in time", async (t) => {
  for (const bytes of [300 * KIB, 20 * KIB]) {
    const room = roomOf(4 * MIB);
    const other = new Holding();
    room.take(other, 4 * MIB - 2 * KIB);
    setTimeout(() => room.leave(other), 20);
    const body = await readText(JSON.stringify(reviewWith(bytes)), { room, chunk: 8 * KIB });
    t.match(told(body), { request: { uid: "u1" } }, `${bytes} bytes`);
  }
});

t.test("large bodies share half of the room, one namespace a quarter", async (t) => {
  const waits = async (bytes: number, room: Room, holder: Holding, length?: number) => {
    const text = JSON.stringify(
      reviewWith(bytes, (request) => Object.assign(request, { namespace: "shop" })),
    );
    const found = told(
      await readText(text, {
        room,
        limits: { waitsUntil: soon(20) },
        ...(length !== undefined && { length }),
      }),
    );
    t.ok(holder.held > 0);
    return Array.isArray(found) ? found[0] : "read";
  };
  const large = () => {
    const room = roomOf(8 * MIB);
    const holder = new Holding(true);
    room.take(holder, 4 * MIB);
    return [room, holder] as const;
  };
  t.equal(await waits(300 * KIB, ...large()), "memory", "a large one beside others");
  t.equal(await waits(100 * KIB, ...large()), "read", "a small one");
  t.equal(
    await waits(100 * KIB, ...large(), Number.NaN),
    "memory",
    "one of an unknown length counts as large",
  );
  const named = () => {
    const room = roomOf(8 * MIB);
    const holder = Object.assign(new Holding(), { name: "shop" });
    room.take(holder, 2 * MIB);
    return [room, holder] as const;
  };
  t.equal(await waits(100 * KIB, ...named()), "memory", "one of a namespace that holds its share");
  t.equal(
    await waits(1 * KIB, ...named()),
    "read",
    "a small body does not count towards it before it is judged",
  );
});

t.test(
  "a body that does not arrive in time loses its place, and is answered when its end has come",
  async (t) => {
    const room = roomOf(8 * MIB);
    const stream = new PassThrough();
    const text = JSON.stringify(reviewWith(100 * KIB));
    const body = readBody(stream, text.length, limitsOf({ arrivesBefore: soon(20) }), {
      room,
      largeBodies: worker,
      pace: new Pace(),
      turns: new Turns(),
      parse: JSON.parse,
    });
    stream.write(text.slice(0, -1));
    await sleep(60);
    t.equal(room.held, 0, "it holds nothing any more");
    stream.end(text.slice(-1));
    t.same(told(await body), ["slow", "u1"]);
  },
);

t.test("a body that should have arrived, or been parsed, already is no warning of Node's", async (t) => {
  const warned: Error[] = [];
  const onWarning = (warning: Error): void => void warned.push(warning);
  process.on("warning", onWarning);
  t.teardown(() => process.off("warning", onWarning));
  const past = performance.now() - 1_000;
  for (const [bytes, limits] of [
    [20 * KIB, { arrivesBefore: past }],
    [300 * KIB, { parsedBefore: past }],
  ] as const) {
    const body = await readText(JSON.stringify(reviewWith(bytes)), { limits });
    await sleep(5);
    t.ok(body.state === "read" || (body.state === "unread" && body.why === "slow"));
  }
  t.same(warned, []);
});

t.test("a large body that the worker gives up is answered from its beginning", async (t) => {
  const rows: readonly (readonly [compacted: Compacted, expected: unknown])[] = [
    [{ state: "late" }, ["slow", "u1"]],
    [{ state: "out-of-memory" }, ["values", "u1"]],
    [{ state: "too-many-values" }, ["values", "u1"]],
    [{ state: "text", text: `"${"x".repeat(9 * MIB)}"`, mounts: [], depth: 0 }, ["values", "u1"]],
    [{ state: "text", text: '"small"', mounts: [], depth: 0 }, "small"],
  ];
  for (const [compacted, expected] of rows) {
    const room = roomOf(64 * MIB);
    const largeBodies = { compact: async () => compacted } as unknown as LargeBodyParser;
    const body = await readText(JSON.stringify(reviewWith(2 * MIB)), { room, largeBodies });
    t.same(told(body), expected, compacted.state);
    if (body.state === "read") room.leave(body.holding);
    t.equal(room.held, 0);
  }
});

t.test("a connection that breaks leaves nothing behind", async (t) => {
  for (const error of [undefined, new Error("reset by peer")]) {
    const room = roomOf(8 * MIB);
    const stream = new PassThrough();
    const body = readBody(stream, 9_000_000, limitsOf(), {
      room,
      largeBodies: worker,
      pace: new Pace(),
      turns: new Turns(),
      parse: JSON.parse,
    });
    stream.write("x".repeat(100 * KIB));
    await sleep(1);
    t.ok(room.held > 0);
    stream.destroy(error);
    await t.rejects(body, {
      message: `the body did not arrive (${error === undefined ? "the connection ended" : "reset by peer"})`,
    });
    t.equal(room.held, 0);
  }
});

t.test("a connection that breaks while its body waits for room gives back what it gets", async (t) => {
  const room = roomOf(64 * KIB);
  const other = new Holding();
  room.take(other, 64 * KIB);
  const stream = new PassThrough();
  const body = readBody(stream, 100 * KIB, limitsOf(), {
    room,
    largeBodies: worker,
    pace: new Pace(),
    turns: new Turns(),
    parse: JSON.parse,
  });
  stream.write("x".repeat(30 * KIB));
  await sleep(1);
  stream.destroy();
  await t.rejects(body);
  room.leave(other);
  await sleep(1);
  t.equal(room.held, 0);
});

t.test("a fault of the parser gives the room back", async (t) => {
  const room = roomOf(64 * MIB);
  const stream = Readable.from(chunksOf(JSON.stringify(reviewWith(2 * MIB)), 64 * KIB), { objectMode: true });
  const broken = { compact: () => Promise.reject(new Error("broken")) } as unknown as LargeBodyParser;
  await t.rejects(
    readBody(stream, Number.NaN, limitsOf(), {
      room,
      largeBodies: broken,
      pace: new Pace(),
      turns: new Turns(),
      parse: JSON.parse,
    }),
    {
      message: "broken",
    },
  );
  t.equal(room.held, 0);
});

t.test("what a large template mounts is known, however many volumes it has", async (t) => {
  const names = Array.from({ length: 1_200 }, (_, index) => `c${index}`);
  const review = reviewWith(300 * KIB, (request) => {
    request.object = deployment({ claims: names });
  });
  const body = await readText(JSON.stringify(review));
  if (body.state !== "read") throw new Error(body.state);
  const subject = subjectOf(parseReview(body.value));
  t.equal(subject.type === "workload" && subject.next.template.mounts.length, names.length);
});
