import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Config } from "../config/model.ts";
import { messageOf } from "../errors.ts";
import type { Metrics } from "../metrics.ts";
import { answerFor, type Decision, unjudged, verdictFor } from "./answer.ts";
import { type CallerCheck, checkCaller } from "./client-certificate.ts";
import { Deadlines, lookupBudget } from "./deadline.ts";
import { logDecision } from "./decision-log.ts";
import {
  type Answer,
  parseReview,
  type ReviewRequest,
  type ReviewResponse,
  renderReview,
  shown,
} from "./review.ts";
import { RequestRefused } from "./status.ts";
import { resourceLabel } from "./subject.ts";

/** Decides one review; `signal` aborts when look-ups have to end. */
export type Decide = (request: ReviewRequest, signal: AbortSignal) => Promise<Decision>;

export interface ValidateOptions {
  readonly decide: Decide;
  readonly config: () => Config;
  readonly metrics: Metrics;
  /** `null`: everybody may call. */
  readonly callers: () => CallerCheck | null;
}

/** `POST /validate`: an AdmissionReview in, an AdmissionReview out. */
export async function validatePlugin(app: FastifyInstance, options: ValidateOptions): Promise<void> {
  const { metrics } = options;
  const arrivals = new WeakMap<FastifyRequest, number>();
  const deadlines = new Deadlines();
  let turn: number | undefined;
  /** Of many requests that are read in one turn of the event loop, the last has been waiting as long as the first. */
  const turnBegan = (): number => {
    if (turn === undefined) {
      turn = performance.now();
      setImmediate(() => {
        turn = undefined;
      });
    }
    return turn;
  };
  let judging = 0;

  app.addHook("onRequest", async (request) => {
    arrivals.set(request, turnBegan());
    // Before the body is read: who may not call may not make the server parse either.
    const callers = options.callers();
    if (callers !== null) checkCaller(request, callers);
    const encoding = request.headers["content-encoding"];
    if (encoding !== undefined && encoding !== "identity") {
      throw new RequestRefused(
        415,
        `the body is encoded (content-encoding ${shown(encoding)}); send it as it is`,
      );
    }
  });

  app.post("/validate", async (request): Promise<ReviewResponse> => {
    const arrived = arrivals.get(request) ?? performance.now();
    const review = parseReview(request.body);
    const { limits } = options.config();
    if (judging >= limits.maxConcurrent) {
      metrics.overloads.inc();
      const answer = unjudged(limits.overload === "allow", "too many requests are being judged already");
      request.log.warn({ uid: review.uid, allowed: answer.allowed, judging }, "overload");
      count(review, answer, arrived);
      return renderReview(review.uid, answer);
    }
    judging += 1;
    metrics.inFlight.set(judging);
    const budget = lookupBudget(timeoutOf(request), limits.deadlineMarginMilliseconds);
    const deadline = deadlines.start(budget - (performance.now() - arrived));
    try {
      const decision = await options.decide(review, deadline.signal);
      const answer = answerFor(decision);
      count(review, answer, arrived, decision);
      logDecision(request.log, review, decision, performance.now() - arrived);
      return renderReview(review.uid, answer);
    } catch (fault) {
      if (fault instanceof RequestRefused) throw fault;
      metrics.faults.inc();
      const answer = unjudged(limits.onFault === "allow", "an internal fault");
      request.log.error(
        { uid: review.uid, allowed: answer.allowed, error: messageOf(fault), stack: stackOf(fault) },
        "fault",
      );
      count(review, answer, arrived);
      return renderReview(review.uid, answer);
    } finally {
      deadline.clear();
      judging -= 1;
      metrics.inFlight.set(judging);
    }
  });

  function count(review: ReviewRequest, answer: Answer, arrived: number, decision?: Decision): void {
    const unjudgedVerdict = answer.allowed ? "warn" : "deny";
    metrics.reviews.inc({
      resource: resourceLabel(review),
      operation: review.operation,
      verdict: decision === undefined ? unjudgedVerdict : verdictFor(decision),
      dry_run: String(review.dryRun),
    });
    metrics.duration.observe((performance.now() - arrived) / 1000);
    if (decision?.late) metrics.deadlines.inc();
    for (const { rule, severity } of decision?.findings ?? []) {
      metrics.countFinding(rule, severity, review.namespace);
    }
  }
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
