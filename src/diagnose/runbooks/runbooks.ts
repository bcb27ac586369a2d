import { RECREATE_CLAIM, recreateClaim } from "./recreate-claim.ts";
import type { Runbook, RunbookFacts, RunbookId } from "./runbook.ts";
import { SHARE_STORAGE, shareStorage } from "./share-storage.ts";
import { SWITCH_STRATEGY, switchStrategy } from "./switch-strategy.ts";

/** A runbook's page, and how it is filled in; `undefined` where there is no such object. */
export interface RunbookSource {
  readonly page: Runbook;
  readonly fill: (facts: RunbookFacts) => Runbook | undefined;
  /** What `NAME` names. */
  readonly of: "Deployment" | "PersistentVolumeClaim";
}

export const RUNBOOK_SOURCES: Readonly<Record<RunbookId, RunbookSource>> = {
  "switch-strategy": { page: SWITCH_STRATEGY, fill: switchStrategy, of: "Deployment" },
  "share-storage": { page: SHARE_STORAGE, fill: shareStorage, of: "PersistentVolumeClaim" },
  "recreate-claim": { page: RECREATE_CLAIM, fill: recreateClaim, of: "PersistentVolumeClaim" },
};
