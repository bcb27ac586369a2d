import type { Workload } from "./model.ts";

/**
 * A rollout is under way that a template change would replace: `kubectl rollout undo` must pass
 * (`pkg/controller/deployment/util/deployment_util.go`, DeploymentComplete; semantics S14). An Argo Rollout says so
 * itself, also after it was aborted: going back to the stable template, and on to another one, must pass.
 */
export function rolloutUnfinished({ status, strategy, revisions, paused }: Workload): boolean {
  if (revisions !== undefined) return revisions.stable !== revisions.current;
  return (
    strategy.kind === "rolling-update" &&
    status?.observedGeneration !== undefined &&
    status.updatedReplicas < status.replicas &&
    // While it is paused, one that has made no pods has not begun.
    (!paused || status.updatedReplicas > 0)
  );
}
