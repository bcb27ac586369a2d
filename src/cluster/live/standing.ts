import type { KindStatus } from "../cluster.ts";

/** The part of pino's interface that is used. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface StandingDeps {
  readonly kind: KindStatus["kind"];
  readonly log: Log;
  /** For how long a kind that was in sync keeps its facts while it is refused (403), in milliseconds. */
  readonly holdMs: () => number;
}

type State = KindStatus["state"];

/** How well one kind is known, and since when: what a reflector knows about itself. Times in milliseconds. */
export class Standing {
  readonly #deps: StandingDeps;
  #state: State = "waiting";
  #problem: string | undefined;
  /** What the server had at this time is in the store. */
  #factsOf: number | undefined;
  /** When the first refusal came to a kind that was followed; `undefined` while it is not refused. */
  #refusedSince: number | undefined;
  /** A watch of the kind was established before, so the right to read it existed. */
  #followed = false;
  /** What was logged last. */
  #told: { readonly state: State; readonly troubled: boolean } = { state: "waiting", troubled: false };

  constructor(deps: StandingDeps) {
    this.#deps = deps;
  }

  get followed(): boolean {
    return this.#followed;
  }

  status(now: number): Omit<KindStatus, "objects"> {
    return {
      kind: this.#deps.kind,
      state: this.#state === "held" && this.#holdLeft(now) <= 0 ? "refused" : this.#state,
      ageSeconds: this.#factsOf === undefined ? undefined : (now - this.#factsOf) / 1000,
      problem: this.#problem,
    };
  }

  /** Everything has been listed as it was at this time. `mayWatch` is false where watching is refused nevertheless. */
  listed(at: number, mayWatch: boolean): void {
    this.#factsOf = at;
    if (mayWatch) this.#inStep();
  }

  /** A watch brings what comes, and has brought what there was at this time. */
  follows(at: number): void {
    this.#factsOf = Math.max(this.#factsOf ?? at, at);
    this.#followed = true;
    this.#inStep();
  }

  /** From here to the next list something may have come or gone unseen. */
  lostVersion(problem: string): void {
    if (this.#state !== "synced") return;
    // Not worth a line in the log: most often it is over with the next list.
    this.#state = "held";
    this.#problem = problem;
  }

  /**
   * The right to read it was refused. A kind that was followed keeps its facts for a while: an API server that is
   * still starting refuses what it allows in a moment, because it has not read the roles yet.
   *
   * @returns milliseconds for which the facts still hold, and whether this was the first refusal of several
   */
  refused(problem: string, now: number): { readonly holdsFor: number; readonly first: boolean } {
    const first = this.#followed && this.#refusedSince === undefined;
    if (first) this.#refusedSince = now;
    const holdsFor = this.#followed ? Math.max(0, this.#holdLeft(now)) : 0;
    this.#enter(holdsFor > 0 ? "held" : "refused", problem);
    return { holdsFor, first };
  }

  notServed(problem: string): void {
    this.#followed = false;
    this.#refusedSince = undefined;
    this.#enter("not-served", problem);
  }

  /** The facts stay as they were, but something is wrong. */
  troubled(problem: string): void {
    this.#enter(this.#state, problem);
  }

  #inStep(): void {
    this.#refusedSince = undefined;
    this.#enter("synced", undefined);
  }

  /** Endless for a kind that is not refused. */
  #holdLeft(now: number): number {
    return this.#refusedSince === undefined
      ? Number.POSITIVE_INFINITY
      : this.#refusedSince + this.#deps.holdMs() - now;
  }

  /** Says so once when the state changes, or when trouble begins or ends. */
  #enter(state: State, problem: string | undefined): void {
    this.#state = state;
    this.#problem = problem;
    const troubled = problem !== undefined;
    if (state === this.#told.state && troubled === this.#told.troubled) return;
    this.#told = { state, troubled };
    const { log, kind } = this.#deps;
    if (problem === undefined) log.info({ kind, state }, "kind is in sync with the API server");
    else log.warn({ kind, state, problem }, "kind is not in sync with the API server");
  }
}
