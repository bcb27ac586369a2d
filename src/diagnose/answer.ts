import { NOTHING } from "../kube/raw.ts";
import type { Avoid, CauseId, Question, Step, SubjectState } from "./diagnosis.ts";
import type { Meta } from "./facts.ts";
import { type Disk, type Unread, unreadText } from "./picture.ts";

/** A step before it is put into order: `touches` is what Argo CD, Flux or Helm would change back. */
export interface StepDraft extends Step {
  readonly touches?: Meta;
}

/** What one cause says about one pod, claim or workload. */
export interface Answer {
  readonly cause: CauseId;
  readonly detail: string | null;
  readonly state: SubjectState;
  readonly volume: boolean;
  readonly text: string;
  readonly since: number | undefined;
  /** The disk that is being waited for. */
  readonly disk: Disk | undefined;
  readonly byItself: "yes" | "no" | "unknown";
  /** Milliseconds from the time of the facts; undefined where no time is known. */
  readonly within: number | undefined;
  readonly questions: readonly Question[];
  readonly steps: readonly StepDraft[];
  readonly avoid: readonly Avoid[];
  readonly verify: readonly string[];
  readonly evidence: readonly string[];
}

type Optional =
  | "detail"
  | "disk"
  | "byItself"
  | "within"
  | "questions"
  | "steps"
  | "avoid"
  | "verify"
  | "evidence";

/** An answer with what it does not say left empty. */
export function answer(said: Omit<Answer, Optional> & Partial<Pick<Answer, Optional>>): Answer {
  return {
    detail: null,
    disk: undefined,
    byItself: said.state === "clearing" ? "yes" : said.state === "unknown" ? "unknown" : "no",
    within: undefined,
    questions: NOTHING,
    steps: NOTHING,
    avoid: NOTHING,
    verify: NOTHING,
    evidence: NOTHING,
    ...said,
  };
}

/** That a row may apply, but what it needs was not read. */
export interface Unseen {
  readonly unseen: Unread;
}

export function isUnseen(value: Answer | Unseen): value is Unseen {
  return "unseen" in value;
}

export function unknownAnswer(unread: Unread, since: number | undefined): Answer {
  return answer({
    cause: "unknown",
    state: "unknown",
    volume: false,
    text: `This cannot be seen: ${unreadText(unread)}.`,
    since,
  });
}
