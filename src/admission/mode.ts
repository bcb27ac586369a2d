import type { Config } from "../config/config.ts";
import { effectiveMode, labelledMode, MODE_LABEL } from "../config/scope.ts";
import { MODES, type Mode } from "../policy/finding.ts";
import type { ClusterView } from "../policy/view.ts";
import type { ReviewRequest } from "./review.ts";
import type { Subject } from "./subject.ts";

/** Under which name the controller manager scales (`pkg/controller/podautoscaler`, service-account credentials). */
const AUTOSCALER_CONTROLLER = "system:serviceaccount:kube-system:horizontal-pod-autoscaler";

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
  const { label, mode: named } = labelledMode(view, request.namespace);
  const mode = effectiveMode(config, named, {
    username: request.user.name,
    groups: request.user.groups,
  });
  const notes =
    label !== undefined && named === undefined
      ? [`namespace ${request.namespace}: ${MODE_LABEL} is none of ${MODES.join(", ")}; ${config.mode} holds`]
      : [];
  const controller =
    subject.type === "scale" &&
    request.user.name === AUTOSCALER_CONTROLLER &&
    config.autoscalerController === "audit";
  return { mode: controller && mode !== "off" ? "audit" : mode, notes };
}
