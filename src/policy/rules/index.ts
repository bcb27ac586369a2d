import type { RuleId } from "../finding.ts";
import { accessModeUnenforced } from "./access-mode-unenforced.ts";
import { accessModeUnsupported } from "./access-mode-unsupported.ts";
import { claimUnknown } from "./claim-unknown.ts";
import type { Rule } from "./rule.ts";
import { rwoAutoscaling } from "./rwo-autoscaling.ts";
import { rwoReplicas } from "./rwo-replicas.ts";
import { rwoRollingUpdate } from "./rwo-rolling-update.ts";
import { rwoSharedClaim } from "./rwo-shared-claim.ts";
import { rwopOverlap } from "./rwop-overlap.ts";

/** All rules, in the order in which their findings are told: the one that explains most comes first. */
export const RULES: readonly Rule[] = [
  rwopOverlap,
  rwoReplicas,
  rwoAutoscaling,
  rwoRollingUpdate,
  rwoSharedClaim,
  accessModeUnsupported,
  accessModeUnenforced,
  claimUnknown,
];

/** The rule of that id, or `undefined`. */
export function ruleById(id: string): Rule | undefined {
  return RULES.find((rule) => rule.id === (id as RuleId));
}
