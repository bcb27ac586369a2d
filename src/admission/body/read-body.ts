import type { Readable } from "node:stream";
import { type MountList, mountList, tellMounts } from "../../kube/pod-template.ts";
import { isRecord, record } from "../../kube/raw.ts";
import { RequestRefused } from "../status.ts";
import type { Turns } from "../turns.ts";
import { BlockList } from "./block-list.ts";
import type { TemplateMounts } from "./compact-review.ts";
import { isDeeper, JsonScan } from "./json-scan.ts";
import { type LargeBodyParser, MOST_BODY_VALUES } from "./large-body-parser.ts";
import type { Pace } from "./pace.ts";
import { HEAD_BYTES, type ReviewHead, readHead } from "./review-head.ts";
import { reviewText } from "./review-text.ts";
import { Holding, type Room } from "./room.ts";

/** Why a body was not read; the metric counts by it. */
export type Unread =
  /** Larger than any review of objects that an API server can store. */
  | "size"
  /** Too many bytes are held already. */
  | "memory"
  /** It did not arrive, or was not parsed, in time. */
  | "slow"
  /** Parsing it takes more memory than it may. */
  | "values";

/** A body, read or not. The caller that gets a body that was read gives its room back (`room.leave(holding)`). */
export type Body =
  | { readonly state: "read"; readonly value: unknown; readonly holding: Holding }
  | { readonly state: "unread"; readonly why: Unread; readonly head: ReviewHead | undefined }
  | { readonly state: "refused"; readonly refusal: RequestRefused };

export interface BodyReader {
  /** The bytes that all bodies hold. */
  readonly room: Room;
  readonly largeBodies: LargeBodyParser;
  readonly pace: Pace;
  readonly turns: Turns;
  /** Reads JSON text on this thread. @throws where it is not JSON */
  readonly parse: (text: string) => unknown;
}

export interface BodyLimits {
  /** Larger bodies are read to their end and not kept. */
  readonly bytes: number;
  /** Until when it may wait for room, in milliseconds of `performance.now()`, like the others. */
  readonly waitsUntil: number;
  /** When it has to have arrived in full. */
  readonly arrivesBefore: number;
  /** When a large body has to be parsed. */
  readonly parsedBefore: number;
}

/** From this size on a body's bytes are scanned before they are parsed, and count towards its namespace's share. */
const LOOKED_AT_FROM = 32 * 1024;
/** From this size on a body is a large one: they share half of the room, and are parsed in the worker. */
const LARGE_FROM = 256 * 1024;
/** Far above what any kind nests; the API server's own decoder ends at 10,000, and only `managedFields` gets there. */
const MOST_DEPTH = 500;
/** The worker's result is parsed on the thread that answers: this much takes less than 200 ms there. */
const MOST_COMPACT = 8 * 1024 * 1024;
/** A text and its values on this thread, in multiples of the body (measured: 4 to 5 for objects, 14 for `[],[],…`). */
const PARSED_PER_BYTE = 7;

/**
 * Reads one body, charging every byte as it arrives. A body that may not be kept is still read to its end: if answered
 * earlier, its sender would see a broken write instead of the answer.
 *
 * Rejects where the connection breaks.
 *
 * @param length the value of `content-length`, or NaN: tells a large body from a small one, reserves nothing
 */
export function readBody(
  stream: Readable,
  length: number,
  limits: BodyLimits,
  reader: BodyReader,
): Promise<Body> {
  const { promise, resolve, reject } = Promise.withResolvers<Body>();
  const { room, pace } = reader;
  // A body without a length counts as a large one.
  const holding = new Holding(!(length < LARGE_FROM));
  const kept = new BlockList();
  let whole: Uint8Array | undefined;
  let scan: JsonScan | undefined;
  let isNamed = false;
  let total = 0;
  let unread: { readonly why: Unread; readonly head: ReviewHead | undefined } | undefined;
  let timer: NodeJS.Timeout | undefined;
  let broken = false;
  let holds = 0;
  /** Nothing more arrives until each that held it up lets it go on. */
  const hold = (): void => {
    holds += 1;
    stream.pause();
  };
  const goOn = (): void => {
    holds -= 1;
    if (holds === 0) stream.resume();
  };

  const giveUp = (why: Unread): void => {
    if (unread !== undefined) return;
    unread = { why, head: readHead(kept.beginning(HEAD_BYTES)) };
    room.leave(holding);
    kept.clear();
  };
  const keep = (chunk: Uint8Array): void => {
    kept.push(chunk);
    if (total < LOOKED_AT_FROM) return;
    if (!isNamed) {
      isNamed = true;
      const namespace = readHead(kept.beginning(HEAD_BYTES))?.namespace;
      if (namespace !== undefined) room.name(holding, namespace);
    }
    // The worker scans what it parses.
    if (total >= LARGE_FROM || length >= LARGE_FROM) scan = undefined;
    else if (scan !== undefined) scan.push(chunk);
    else {
      scan = new JsonScan();
      for (const block of kept.blocks()) scan.push(block);
    }
    if (scan !== undefined && scan.values > MOST_BODY_VALUES) giveUp("values");
  };

  stream.on("data", (chunk: Buffer) => {
    total += chunk.length;
    if (total >= LARGE_FROM && !pace.passes(chunk.length, goOn)) hold();
    if (unread !== undefined) return;
    if (total === length && total === chunk.length && total < LOOKED_AT_FROM) {
      whole = chunk;
      return;
    }
    timer ??= setTimeout(() => giveUp("slow"), Math.max(0, limits.arrivesBefore - performance.now()));
    if (total > limits.bytes) {
      // The bytes so far may not contain its head yet.
      if (kept.length < HEAD_BYTES) kept.push(chunk.subarray(0, HEAD_BYTES));
      giveUp("size");
      return;
    }
    const growth = kept.growth(chunk.length);
    if (room.take(holding, growth)) {
      keep(chunk);
      return;
    }
    hold();
    void room.takeBefore(holding, growth, limits.waitsUntil).then((taken) => {
      if (taken && (broken || unread !== undefined)) room.leave(holding);
      else if (!broken && unread === undefined) {
        keep(chunk);
        if (!taken) giveUp("memory");
      }
      goOn();
    });
  });
  stream.on("end", () => {
    clearTimeout(timer);
    if (unread !== undefined) {
      resolve({ state: "unread", ...unread });
      return;
    }
    const blocks = whole === undefined ? kept.blocks() : [whole];
    parseBody(blocks, total, scan?.depth ?? 0, holding, limits, reader).then(
      (body) => {
        if (body.state !== "read") room.leave(holding);
        resolve(body);
      },
      (fault) => {
        room.leave(holding);
        reject(fault);
      },
    );
  });
  const onBroken = (error?: Error): void => {
    clearTimeout(timer);
    if (stream.readableEnded) return;
    broken = true;
    room.leave(holding);
    reject(new RequestRefused(400, `the body did not arrive (${error?.message ?? "the connection ended"})`));
  };
  stream.on("error", onBroken);
  stream.on("close", () => onBroken());
  return promise;
}

async function parseBody(
  blocks: readonly Uint8Array[],
  total: number,
  depth: number,
  holding: Holding,
  { waitsUntil, parsedBefore }: BodyLimits,
  { room, largeBodies, turns, parse }: BodyReader,
): Promise<Body> {
  if (total === 0) return refused("the body is empty; expected an AdmissionReview");
  const head = () => readHead(Buffer.concat(blocks.slice(0, 4)));
  if (total < LARGE_FROM) {
    const charge = total * PARSED_PER_BYTE;
    if (!room.take(holding, charge) && !(await room.takeBefore(holding, charge, waitsUntil))) {
      return { state: "unread", why: "memory", head: head() };
    }
    // Judging a longer one may take as long as all the short ones together, which are answered first.
    const isLong = total >= LOOKED_AT_FROM;
    await turns.read(total, isLong);
    const bytes = blocks.length === 1 && blocks[0] !== undefined ? blocks[0] : Buffer.concat(blocks);
    const body = parsed(
      reviewText(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)),
      depth,
      holding,
      parse,
    );
    return isLong ? betweenTurns(body, turns) : body;
  }
  const known = head();
  const compacted = await largeBodies.compact(blocks as readonly Uint8Array<ArrayBuffer>[], parsedBefore);
  switch (compacted.state) {
    case "text":
      if (compacted.text.length > MOST_COMPACT) return { state: "unread", why: "values", head: known };
      return betweenTurns(
        withMounts(parsed(compacted.text, compacted.depth, holding, parse), compacted.mounts),
        turns,
      );
    case "malformed":
      return refused("the body is not JSON");
    case "too-deep":
      return refused(TOO_DEEP);
    case "too-many-values":
    case "out-of-memory":
      return { state: "unread", why: "values", head: known };
    case "late":
      return { state: "unread", why: "slow", head: known };
  }
}

function parsed(text: string, depth: number, holding: Holding, parse: (text: string) => unknown): Body {
  let value: unknown;
  try {
    value = parse(text);
  } catch {
    return refused("the body is not JSON");
  }
  if (depth > MOST_DEPTH) {
    withoutManagedFields(value);
    if (isDeeper(value, MOST_DEPTH)) return refused(TOO_DEEP);
  }
  return { state: "read", value, holding };
}

/** Others get their turn before a long review is judged, and only one such is judged in a turn. */
async function betweenTurns(body: Body, turns: Turns): Promise<Body> {
  await turns.read(0, true);
  return body;
}

/** Puts what the worker said about a template's mounts beside its pod spec. */
function withMounts(body: Body, mounts: readonly TemplateMounts[]): Body {
  if (body.state !== "read") return body;
  let last: MountList | undefined;
  for (const { path, list } of mounts) {
    last = list === "same" && last !== undefined ? last : mountList(JSON.parse(list));
    tellMounts(record(path.reduce<unknown>((part, name) => record(part)[name], body.value)), last);
  }
  return body;
}

/** A user may nest them as deep as the API server accepts, and no verdict reads them. */
function withoutManagedFields(review: unknown): void {
  if (!isRecord(review) || !isRecord(review.request)) return;
  for (const object of [review.request.object, review.request.oldObject]) {
    if (isRecord(object) && isRecord(object.metadata)) {
      delete (object.metadata as { managedFields?: unknown }).managedFields;
    }
  }
}

/** A text nested deeper than any object of the API server. */
const TOO_DEEP = `the body nests deeper than ${MOST_DEPTH} levels; no object that is judged does`;

function refused(problem: string): Body {
  return { state: "refused", refusal: new RequestRefused(400, problem) };
}
