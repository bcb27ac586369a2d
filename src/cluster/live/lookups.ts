import { messageOf } from "../../errors.ts";
import { type Fact, type FactKind, factFrom } from "../../kube/fact.ts";
import { absent, known, type Lookup, unknown } from "../../policy/view.ts";
import { ApiError } from "./api-error.ts";
import type { Clock } from "./clock.ts";
import { apiVersionOf, type Resource, type Source } from "./source.ts";
import type { Timings } from "./timings.ts";
import { Turns } from "./turns.ts";

/** The result of a direct request to the API server. */
export type Answer<T> =
  | Lookup<T>
  /** The signal aborted before the answer came. */
  | { readonly state: "unknown"; readonly reason: string; readonly cutShort: true };

/**
 * Which answers will do. `lately`: also one that was asked for a moment ago, or is being asked for. `since-now`: only
 * one requested from now on, so that nobody can hide a new object behind an earlier request.
 */
export type Asking = "lately" | "since-now";

export interface LookupsDeps {
  readonly source: Source;
  /** Where a kind is served, as far as is known now. */
  readonly resourceOf: (kind: FactKind) => Resource;
  readonly timings: Pick<Timings, "negativeMs" | "pageSize">;
  readonly clock: Pick<Clock, "now">;
  /** Counts the direct questions by kind. */
  readonly onMiss: (kind: FactKind) => void;
}

interface Remembered {
  readonly answer: Answer<never>;
  readonly until: number;
}

/** Above this many remembered answers, those that have run out are swept. */
const SWEEP_ABOVE = 1_000;

/**
 * Requests to the API server at the same time, over all callers: the most connections that a hanging server can tie up.
 */
const MOST_AT_ONCE = 64;

/** One that is asked, or waits for its turn. */
interface Question<T> {
  readonly answer: Promise<Answer<T>>;
  /** Aborts when nobody wants the answer any more. */
  readonly stop: AbortController;
  /** How many want it. */
  askers: number;
}

/** What is asked, once it may be. */
type Asked<T> = (resource: Resource, signal: AbortSignal) => Promise<Answer<T>>;

/**
 * Asks the API server directly for what the index lacks. Callers that ask while the same question is under way share
 * its answer; "not there" and "refused" are remembered for a moment, so that a flood of reviews is not passed on. A
 * question that nobody waits for any more is given up, so that it keeps no later one from its turn.
 */
export class Lookups {
  readonly #deps: LookupsDeps;
  readonly #turns = new Turns(MOST_AT_ONCE);
  readonly #open = new Set<AbortController>();
  readonly #underWay = new Map<string, Question<unknown>>();
  /** Questions that begin when the one under way has been answered: at most one for each key. */
  readonly #waiting = new Map<string, Question<unknown>>();
  readonly #negative = new Map<string, Remembered>();

  constructor(deps: LookupsDeps) {
    this.#deps = deps;
  }

  /** One object. Never rejects. */
  get(
    kind: FactKind,
    namespace: string,
    name: string,
    signal: AbortSignal,
    asking: Asking,
  ): Promise<Answer<Fact>> {
    return this.#ask(`${kind}/${namespace}/${name}`, kind, signal, asking, async (resource, stop) => {
      const raw = await this.#deps.source.get(resource, namespace, name, stop);
      const fact = raw === undefined ? undefined : factFrom(raw);
      return fact?.kind === kind ? known(fact) : absent;
    });
  }

  /** Everything of one kind in one namespace, asked for from now on. Never rejects. */
  list(kind: FactKind, namespace: string, signal: AbortSignal): Promise<Answer<readonly Fact[]>> {
    return this.#ask(`${kind}/${namespace}`, kind, signal, "since-now", async (resource, stop) => {
      const type = { kind, apiVersion: apiVersionOf(resource) };
      const facts: Fact[] = [];
      let next: string | undefined;
      const see = (raw: unknown) => {
        const fact = factFrom(raw, undefined, type);
        if (fact !== undefined) facts.push(fact);
      };
      do {
        const query = { limit: this.#deps.timings.pageSize, namespace, continue: next };
        next = (await this.#deps.source.list(resource, query, see, stop)).continue;
      } while (next !== undefined);
      return known(facts);
    });
  }

  /** Gives up what is under way. */
  close(): void {
    for (const stop of this.#open) stop.abort(new ApiError("the live view is closing"));
  }

  async #ask<T>(
    key: string,
    kind: FactKind,
    signal: AbortSignal,
    asking: Asking,
    asked: Asked<T>,
  ): Promise<Answer<T>> {
    const remembered = this.#negative.get(key);
    if (remembered !== undefined && remembered.until > this.#deps.clock.now()) {
      // A refusal says nothing about what exists, so an old one gives nobody an advantage.
      if (asking === "lately" || remembered.answer.state === "unknown") return remembered.answer;
    }
    if (signal.aborted) return CUT_SHORT;
    const underWay = this.#underWay.get(key) as Question<T> | undefined;
    if (underWay === undefined) return await this.#wanted(signal, this.#begin(key, kind, asked));
    if (asking === "lately") return await this.#wanted(signal, underWay);
    const waiting = this.#waiting.get(key) as Question<T> | undefined;
    return await this.#wanted(signal, waiting ?? this.#beginAfter(underWay, key, kind, asked));
  }

  #beginAfter<T>(underWay: Question<unknown>, key: string, kind: FactKind, asked: Asked<T>): Question<T> {
    const next = this.#question(async (stop) => {
      await underWay.answer;
      stop.throwIfAborted();
      this.#waiting.delete(key);
      return await this.#wanted(stop, this.#begin(key, kind, asked));
    });
    keep(this.#waiting, key, next);
    return next;
  }

  #begin<T>(key: string, kind: FactKind, asked: Asked<T>): Question<T> {
    const begun = this.#question((stop) =>
      this.#turns.run(() => {
        this.#deps.onMiss(kind);
        return asked(this.#deps.resourceOf(kind), stop);
      }, stop),
    );
    const forget = keep(this.#underWay, key, begun);
    void begun.answer.then((answer) => {
      forget();
      if (answer.state !== "known" && !("cutShort" in answer)) this.#remember(key, answer);
    });
    return begun;
  }

  #question<T>(answering: (stop: AbortSignal) => Promise<Answer<T>>): Question<T> {
    const stop = new AbortController();
    this.#open.add(stop);
    const answer = answering(stop.signal)
      .catch((thrown: unknown): Answer<T> => (thrown === GIVEN_UP ? CUT_SHORT : unknown(messageOf(thrown))))
      .finally(() => this.#open.delete(stop));
    return { answer, stop, askers: 0 };
  }

  /** Waits as one of those who want the answer; the last one to leave gives the question up. */
  async #wanted<T>(signal: AbortSignal, question: Question<T>): Promise<Answer<T>> {
    question.askers += 1;
    try {
      return await before(signal, question.answer);
    } finally {
      question.askers -= 1;
      if (question.askers === 0 && signal.aborted) question.stop.abort(GIVEN_UP);
    }
  }

  #remember(key: string, answer: Answer<never>): void {
    const now = this.#deps.clock.now();
    this.#negative.set(key, { answer, until: now + this.#deps.timings.negativeMs });
    if (this.#negative.size <= SWEEP_ABOVE) return;
    for (const [old, { until }] of this.#negative) if (until <= now) this.#negative.delete(old);
  }
}

const GIVEN_UP = new ApiError("nobody is waiting for the answer any more");

const CUT_SHORT: Answer<never> = {
  state: "unknown",
  reason: "the API server did not answer within the time that the request had left",
  cutShort: true,
};

/** Keeps a question for others to share until it is given up: a later caller starts a new one. */
function keep<T>(questions: Map<string, Question<unknown>>, key: string, question: Question<T>): () => void {
  const forget = () => {
    if (questions.get(key) === question) questions.delete(key);
  };
  questions.set(key, question);
  question.stop.signal.addEventListener("abort", forget, { once: true });
  return forget;
}

/** The answer, or `CUT_SHORT` when the signal aborts before it is there. */
function before<T>(signal: AbortSignal, answering: Promise<Answer<T>>): Promise<Answer<T>> {
  return new Promise((resolve) => {
    const late = () => resolve(CUT_SHORT);
    signal.addEventListener("abort", late, { once: true });
    void answering.then((answer) => {
      signal.removeEventListener("abort", late);
      resolve(answer);
    });
  });
}
