import type { Config } from "../config/model.ts";
import { effectiveMode } from "../config/scope.ts";
import { namespaceMode } from "../judge/mode.ts";
import { globMatches } from "../policy/catalogue/parameter-rule.ts";
import type { Mode } from "../policy/verdict.ts";
import type { ClusterView } from "../policy/view.ts";
import type { ReviewRequest } from "./review.ts";
import type { Subject } from "./subject.ts";

export interface ModeFound {
  readonly mode: Mode;
  readonly notes: readonly string[];
}

/**
 * The mode that holds for a request: the namespace's label, else the configured default, and never stricter than
 * what the caller gets. An unknown namespace has the default mode.
 */
export function modeFor(
  request: ReviewRequest,
  subject: Subject,
  view: ClusterView,
  config: Config,
): ModeFound {
  const { mode: ofNamespace, note } = namespaceMode(config, view, request.namespace);
  const mode = effectiveMode(config, ofNamespace, {
    username: request.user.name,
    groups: request.user.groups,
  });
  const controller =
    isScaling(subject) &&
    config.autoscalerController === "audit" &&
    config.autoscalerAccounts.some((pattern) => globMatches(pattern, request.user.name));
  return { mode: controller && mode !== "off" ? "audit" : mode, notes: note === undefined ? [] : [note] };
}

/** Through the subresource, or by an update that leaves the template as it is (Argo scales a Deployment that way). */
function isScaling(subject: Subject): boolean {
  return (
    subject.type === "scale" ||
    (subject.type === "workload" && subject.previous !== null && !subject.templateChanged)
  );
}
