import type { IncomingMessage } from "node:http";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Config } from "../config/model.ts";
import { messageOf } from "../errors.ts";
import type { Metrics } from "../metrics.ts";
import { answerFor, type Decision, UNJUDGED, unjudged, verdictFor } from "./answer.ts";
import { oneLine } from "./answer-text.ts";
import { LargeBodyParser } from "./body/large-body-parser.ts";
import { Pace } from "./body/pace.ts";
import { type Body, type BodyLimits, type BodyReader, readBody, type Unread } from "./body/read-body.ts";
import type { ReviewHead } from "./body/review-head.ts";
import { Holding, Room } from "./body/room.ts";
import { type CallerCheck, checkCaller } from "./client-certificate.ts";
import { Deadlines, lookupBudget } from "./deadline.ts";
import { logDecision, NAME_LIMIT } from "./decision-log.ts";
import { parseReview, type ReviewRequest, type ReviewResponse, renderReview, shown } from "./review.ts";
import { RequestRefused } from "./status.ts";
import { resourceLabel, resourceName } from "./subject.ts";
import { Turns } from "./turns.ts";

/** Decides one review; `signal` aborts when lookups have to end. */
export type Decide = (request: ReviewRequest, signal: AbortSignal) => Promise<Decision>;

export interface ValidateOptions {
  readonly decide: Decide;
  readonly config: () => Config;
  readonly metrics: Metrics;
  /** Bodies with more bytes than this are not judged. */
  readonly bodyLimit: number;
  /** Bytes that bodies may hold at once, where the configuration does not set it. */
  readonly bodyMemory: number;
  /** `null`: everybody may call. */
  readonly callers: () => CallerCheck | null;
}

/** `POST /validate`: an AdmissionReview in, an AdmissionReview out. */
export async function validatePlugin(app: FastifyInstance, options: ValidateOptions): Promise<void> {
  const { metrics } = options;
  const timings = new WeakMap<FastifyRequest, Timing>();
  const deadlines = new Deadlines();
  const turns = new Turns();
  const slots = new Room(() => options.config().limits.maxConcurrent);
  const largeBodies = new LargeBodyParser();
  app.addHook("onClose", () => largeBodies.close());
  const room = new Room(() => options.config().limits.bodyMemoryBytes || options.bodyMemory);
  metrics.watchLoad({ inFlight: () => slots.held, bodyBytes: () => room.held });
  const reader: BodyReader = { room, largeBodies, pace: new Pace(), turns, parse: jsonParser(app) };

  app.addHook("onRequest", (request, _reply, done) => {
    const arrived = turns.began();
    timings.set(request, {
      arrived,
      budget: lookupBudget(timeoutOf(request), options.config().limits.deadlineMarginMilliseconds),
    });
    // Before the body is read: a caller that is not allowed must not make the server parse either.
    const callers = options.callers();
    if (callers !== null) checkCaller(request, callers);
    const encoding = request.headers["content-encoding"];
    if (encoding !== undefined && encoding !== "identity") {
      throw new RequestRefused(
        415,
        `the body is encoded (content-encoding ${shown(encoding)}); send it as it is`,
      );
    }
    done();
  });
  app.addContentTypeParser("application/json", (request: FastifyRequest, stream: IncomingMessage) =>
    readBody(
      stream,
      Number(request.headers["content-length"]),
      bodyLimits(timingOf(request), options.bodyLimit),
      reader,
    ),
  );

  app.post("/validate", async (request): Promise<ReviewResponse> => {
    const timing = timingOf(request);
    const body = bodyOf(request);
    if (body.state === "refused") throw body.refusal;
    if (body.state === "unread") return unread(request, body, timing.arrived);
    const slot = new Holding();
    try {
      const review = parseReview(body.value);
      room.name(body.holding, review.namespace);
      slot.name = review.namespace;
      if (
        !slots.take(slot, 1) &&
        !(await slots.takeBefore(slot, 1, timing.arrived + timing.budget * WAITING))
      ) {
        return unjudgedFor(
          request,
          review,
          "too many requests are being judged already",
          timing.arrived,
          "slots",
        );
      }
      return await judged(request, review, timing);
    } finally {
      room.leave(body.holding);
      slots.leave(slot);
    }
  });

  async function judged(
    request: FastifyRequest,
    review: ReviewRequest,
    { arrived, budget }: Timing,
  ): Promise<ReviewResponse> {
    const deadline = deadlines.start(budget - (performance.now() - arrived));
    try {
      const decision = await options.decide(review, deadline.signal);
      const answer = answerFor(decision);
      count(review, verdictFor(decision), arrived);
      if (decision.late) metrics.deadlines.inc();
      for (const { rule, severity } of decision.findings) {
        metrics.countFinding(rule, severity, review.namespace);
      }
      logDecision(request.log, review, decision, performance.now() - arrived);
      return renderReview(review.uid, answer);
    } catch (fault) {
      if (fault instanceof RequestRefused) throw fault;
      metrics.faults.inc();
      const answer = unjudged(options.config().limits.onFault === "allow", "an internal fault");
      request.log.error(
        { uid: review.uid, allowed: answer.allowed, error: messageOf(fault), stack: stackOf(fault) },
        "fault",
      );
      count(review, UNJUDGED, arrived);
      return renderReview(review.uid, answer);
    } finally {
      deadline.clear();
    }
  }

  /** Answers a body that was not kept, from what its beginning said. */
  function unread(
    request: FastifyRequest,
    { why, head }: Extract<Body, { state: "unread" }>,
    arrived: number,
  ): ReviewResponse {
    metrics.unreadBodies.inc({ reason: why });
    if (head === undefined) {
      throw new RequestRefused(
        why === "size" ? 413 : 503,
        `${reasonOf(why, options.bodyLimit)}, and it does not begin with an AdmissionReview that has a uid`,
      );
    }
    return unjudgedFor(request, head, reasonOf(why, options.bodyLimit), arrived, why);
  }

  function unjudgedFor(
    request: FastifyRequest,
    head: ReviewHead,
    reason: string,
    arrived: number,
    why: Unread | "slots",
  ): ReviewResponse {
    metrics.overloads.inc();
    const answer = unjudged(options.config().limits.overload === "allow", reason);
    request.log.warn(
      {
        uid: head.uid,
        resource: oneLine(resourceName(head), NAME_LIMIT),
        operation: head.operation,
        namespace: oneLine(head.namespace, NAME_LIMIT),
        name: oneLine(head.name, NAME_LIMIT),
        allowed: answer.allowed,
        why,
        judging: slots.held,
        bodyBytes: room.held,
      },
      "overload",
    );
    count(head, UNJUDGED, arrived);
    return renderReview(head.uid, answer);
  }

  function count(review: ReviewHead, verdict: string, arrived: number): void {
    metrics.reviews.inc({
      resource: resourceLabel(review),
      operation: review.operation,
      verdict,
      dry_run: review.dryRun === undefined ? "unknown" : String(review.dryRun),
    });
    metrics.duration.observe((performance.now() - arrived) / 1000);
  }

  function timingOf(request: FastifyRequest): Timing {
    return timings.get(request) ?? { arrived: performance.now(), budget: lookupBudget(undefined, 0) };
  }
}

/** When a request arrived and how many milliseconds lookups may take from then on. */
interface Timing {
  readonly arrived: number;
  readonly budget: number;
}

/** Parts of the budget after which a body may no longer wait for room, has to have arrived, has to be parsed. */
const WAITING = 0.25;
const ARRIVING = 2 / 3;
const PARSING = 0.9;
/** Whatever timeout a caller states: no API server takes longer to send what it has in memory. */
const LONGEST_ARRIVAL_MS = 5_000;

function bodyLimits({ arrived, budget }: Timing, bytes: number): BodyLimits {
  const given = Math.min(budget * ARRIVING, LONGEST_ARRIVAL_MS);
  return {
    bytes,
    waitsUntil: arrived + Math.min(budget * WAITING, given),
    arrivesBefore: arrived + given,
    parsedBefore: arrived + given + budget * (PARSING - ARRIVING),
  };
}

function bodyOf({ body }: FastifyRequest): Body {
  // Without a body, and without a content type, nothing was read.
  return (
    (body as Body | undefined) ?? {
      state: "refused",
      refusal: new RequestRefused(415, "the content type is not application/json"),
    }
  );
}

function reasonOf(why: Unread, limit: number): string {
  switch (why) {
    case "size":
      return `the body is larger than ${limit} bytes`;
    case "memory":
      return "too many bytes are being read already";
    case "slow":
      return "the body did not arrive in time";
    case "values":
      return "the body holds too many values";
  }
}

/** fastify's own, which removes keys that would set a prototype. */
function jsonParser(app: FastifyInstance): (text: string) => unknown {
  const parse = app.getDefaultJsonParser("remove", "ignore");
  return (text) => {
    let result: { readonly error: Error | null; readonly value: unknown } | undefined;
    // It reads nothing of the request, and is done before it returns.
    parse(undefined as unknown as FastifyRequest, text, (error, value) => {
      result = { error, value };
    });
    if (result === undefined || result.error !== null) throw result?.error ?? new Error("not parsed");
    return result.value;
  };
}

/** The API server's `?timeout=`; given twice, the first counts. */
function timeoutOf({ query }: FastifyRequest): string | undefined {
  const timeout =
    typeof query === "object" && query !== null && "timeout" in query ? query.timeout : undefined;
  const first: unknown = Array.isArray(timeout) ? timeout[0] : timeout;
  return typeof first === "string" ? first : undefined;
}

function stackOf(fault: unknown): string | undefined {
  return fault instanceof Error ? fault.stack : undefined;
}
