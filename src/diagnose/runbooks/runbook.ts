import type { PolicyOptions } from "../../policy/options.ts";
import type { ClusterView } from "../../policy/view.ts";
import type { Kubectl } from "../kubectl.ts";

/** One thing to do; nothing of it is done by attachguard. */
export interface RunbookStep {
  readonly title: string;
  readonly text: string;
  /** For a POSIX shell, one per line; empty where it is done by hand, or where a name or uid is not known. */
  readonly commands: readonly string[];
  /** How to see that it worked. */
  readonly worked: string;
  /** How to go back. */
  readonly back: string;
}

/** Steps in order, filled in for one object or in general. */
export interface Runbook {
  readonly id: RunbookId;
  readonly title: string;
  /** Whom it helps, and what it costs. */
  readonly intro: string;
  /** What it is filled in for; null for the page. */
  readonly subject: string | null;
  /** Why there are no commands, as a sentence; null where there are. */
  readonly refused: string | null;
  /** What cannot be seen from here and has to be true first. */
  readonly questions: readonly string[];
  readonly steps: readonly RunbookStep[];
}

export const RUNBOOKS = ["switch-strategy", "share-storage", "recreate-claim"] as const;
export type RunbookId = (typeof RUNBOOKS)[number];

/** What a runbook is filled in from. */
export interface RunbookFacts {
  readonly view: ClusterView;
  readonly options: PolicyOptions;
  readonly kubectl: Kubectl;
  readonly namespace: string;
  readonly name: string;
}

/** The runbook as a page: the same steps with the reason why nothing is filled in. */
export function asPage(page: Runbook, subject: string, refused: string): Runbook {
  return { ...page, subject, refused };
}
