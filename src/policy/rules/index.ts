import { accessModeUnenforced } from "./access-mode-unenforced.ts";
import { accessModeUnsupported } from "./access-mode-unsupported.ts";
import { attachmentEndangered } from "./attachment-endangered.ts";
import { attachmentStale } from "./attachment-stale.ts";
import { claimUnknown } from "./claim-unknown.ts";
import type { AttachmentRule, ExplainedRule, Rule } from "./rule.ts";
import { rwoAutoscaling } from "./rwo-autoscaling.ts";
import { rwoReplicas } from "./rwo-replicas.ts";
import { rwoRollingUpdate } from "./rwo-rolling-update.ts";
import { rwoSharedClaim } from "./rwo-shared-claim.ts";
import { rwopOverlap } from "./rwop-overlap.ts";

/** All rules, in the order in which their findings are reported: the one that explains most comes first. */
export const RULES = [
  rwopOverlap,
  rwoReplicas,
  rwoAutoscaling,
  rwoRollingUpdate,
  rwoSharedClaim,
  accessModeUnsupported,
  accessModeUnenforced,
  claimUnknown,
] as const satisfies readonly Rule[];

/** The rules about attachments, which no manifest shows: judged by `diagnose` and `audit`. */
export const ATTACHMENT_RULES = [
  attachmentEndangered,
  attachmentStale,
] as const satisfies readonly AttachmentRule[];

export type AttachmentRuleId = (typeof ATTACHMENT_RULES)[number]["id"];

/** Everything that has a page and can be explained. */
export const EXPLAINED_RULES: readonly ExplainedRule[] = [...RULES, ...ATTACHMENT_RULES];

/** True where the rule's findings wait for an object that is not there yet. */
export function isProvisional(id: string): boolean {
  const rule: Rule | undefined = ruleById(id);
  return rule?.subject === "workload" && rule.provisional === true;
}

/** The rule of that id, or `undefined`. */
export function ruleById(id: string): (typeof RULES)[number] | undefined {
  return RULES.find((rule) => rule.id === id);
}
