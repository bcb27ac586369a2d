import { messageOf } from "../../errors.ts";
import { type Fact, type FactKind, factFrom } from "../../kube/fact.ts";
import { ApiError } from "./api-error.ts";
import type { Clock } from "./clock.ts";
import { apiVersionOf, type Resource, type Source } from "./source.ts";
import type { Timings } from "./timings.ts";

/** What a direct question to the API server brought. */
export type Answer<T> =
  | { readonly state: "found"; readonly value: T }
  | { readonly state: "absent" }
  /** Why it is not known, for people. */
  | { readonly state: "failed"; readonly reason: string }
  /** The signal aborted before the answer came. */
  | { readonly state: "cut-short"; readonly reason: string };

/**
 * Which answers will do. `lately`: also one that was asked for a moment ago, or is being asked for. `since-now`: only
 * one that is asked for from now on, so that nobody can hide what he makes behind an earlier question.
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
 * Asks the API server directly for what the picture lacks. Who asks while the same question is under way shares its
 * answer; "not there" and "refused" are remembered for a moment, so that a flood of reviews is not passed on.
 */
export class Lookups {
  readonly #deps: LookupsDeps;
  readonly #stop = new AbortController();
  readonly #underWay = new Map<string, Promise<Answer<unknown>>>();
  /** Questions that begin when the one under way has been answered: at most one for each key. */
  readonly #waiting = new Map<string, Promise<Answer<unknown>>>();
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
    return this.#ask(`${kind}/${namespace}/${name}`, kind, signal, asking, async (resource) => {
      const raw = await this.#deps.source.get(resource, namespace, name, this.#stop.signal);
      const fact = raw === undefined ? undefined : factFrom(raw);
      return fact?.kind === kind ? { state: "found", value: fact } : { state: "absent" };
    });
  }

  /** Everything of one kind in one namespace, asked for from now on. Never rejects. */
  list(kind: FactKind, namespace: string, signal: AbortSignal): Promise<Answer<readonly Fact[]>> {
    return this.#ask(`${kind}/${namespace}`, kind, signal, "since-now", async (resource) => {
      const type = { kind, apiVersion: apiVersionOf(resource) };
      const facts: Fact[] = [];
      let next: string | undefined;
      const see = (raw: unknown) => {
        const fact = factFrom(raw, undefined, type);
        if (fact !== undefined) facts.push(fact);
      };
      do {
        const query = { limit: this.#deps.timings.pageSize, namespace, continue: next };
        next = (await this.#deps.source.list(resource, query, see, this.#stop.signal)).continue;
      } while (next !== undefined);
      return { state: "found", value: facts };
    });
  }

  /** Gives up what is under way. */
  close(): void {
    this.#stop.abort(new ApiError("the live view is closing"));
  }

  async #ask<T>(
    key: string,
    kind: FactKind,
    signal: AbortSignal,
    asking: Asking,
    question: (resource: Resource) => Promise<Answer<T>>,
  ): Promise<Answer<T>> {
    const remembered = this.#negative.get(key);
    if (remembered !== undefined && remembered.until > this.#deps.clock.now()) {
      // A refusal says nothing of what is there, so it cannot be out of date in anybody's favour.
      if (asking === "lately" || remembered.answer.state === "failed") return remembered.answer;
    }
    if (signal.aborted) return CUT_SHORT;
    const underWay = this.#underWay.get(key) as Promise<Answer<T>> | undefined;
    const begin = () => this.#begin(key, kind, question);
    if (underWay === undefined) return await before(signal, begin());
    if (asking === "lately") return await before(signal, underWay);
    let waiting = this.#waiting.get(key) as Promise<Answer<T>> | undefined;
    if (waiting === undefined) {
      waiting = underWay.then(() => {
        this.#waiting.delete(key);
        return begin();
      });
      this.#waiting.set(key, waiting);
    }
    return await before(signal, waiting);
  }

  #begin<T>(
    key: string,
    kind: FactKind,
    question: (resource: Resource) => Promise<Answer<T>>,
  ): Promise<Answer<T>> {
    this.#deps.onMiss(kind);
    const answering = this.#answer(key, question(this.#deps.resourceOf(kind)));
    this.#underWay.set(key, answering);
    return answering;
  }

  async #answer<T>(key: string, question: Promise<Answer<T>>): Promise<Answer<T>> {
    const answer = await question.catch(
      (thrown: unknown): Answer<T> => ({ state: "failed", reason: messageOf(thrown) }),
    );
    this.#underWay.delete(key);
    if (answer.state !== "found") this.#remember(key, answer);
    return answer;
  }

  #remember(key: string, answer: Answer<never>): void {
    const now = this.#deps.clock.now();
    this.#negative.set(key, { answer, until: now + this.#deps.timings.negativeMs });
    if (this.#negative.size <= SWEEP_ABOVE) return;
    for (const [old, { until }] of this.#negative) if (until <= now) this.#negative.delete(old);
  }
}

const CUT_SHORT: Answer<never> = {
  state: "cut-short",
  reason: "the API server did not answer within the time that the request had left",
};

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
