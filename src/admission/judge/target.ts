import type { Prepared, Wanted } from "../../cluster/cluster.ts";
import { overlay } from "../../cluster/overlay.ts";
import { type Target, targetIn } from "../../judge/target.ts";
import { knownValue } from "../../policy/view.ts";
import { lookUp, type RequestContext } from "./request-context.ts";

/**
 * A view in which a workload known by name only has been looked up, with its claims.
 *
 * @param scaledObject to be looked up too
 * @param uid the workload's uid where the request knows it: one that was deleted and recreated is another one
 */
export function lookUpTarget(
  request: RequestContext,
  target: Target,
  uid: string | undefined,
  scaledObject?: Wanted["scaledObject"],
): Promise<Prepared> {
  // A workload that was only dry-run is not to be found, but its claims may be.
  const remembered = knownValue(
    targetIn(overlay(request.cluster.view, request.remembered), target, undefined),
  );
  return lookUp(request, {
    workloads: remembered === undefined ? [] : [remembered],
    target: uid === undefined ? target : { ...target, uid },
    ...(scaledObject && { scaledObject }),
  });
}
