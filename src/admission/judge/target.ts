import type { Prepared } from "../../cluster/cluster.ts";
import { overlay } from "../../cluster/overlay.ts";
import type { Workload } from "../../policy/model.ts";
import { type ClusterView, knownValue, type Lookup } from "../../policy/view.ts";
import type { Target } from "../subject.ts";
import { lookUp, type RequestContext } from "./request-context.ts";

/**
 * A view in which a workload that is known by name only has been looked up, with its claims.
 *
 * @param uid the workload's uid where the request knows it: one that was deleted and made anew is another one
 */
export function lookUpTarget(
  request: RequestContext,
  target: Target,
  uid: string | undefined,
): Promise<Prepared> {
  // A workload that was only dry-run is not to be found, but its claims may be.
  const remembered = knownValue(
    targetIn(overlay(request.cluster.view, request.remembered), target, undefined),
  );
  return lookUp(request, {
    workloads: remembered === undefined ? [] : [remembered],
    target: uid === undefined ? target : { ...target, uid },
  });
}

/** The workload; `absent` where one of that name has another uid. */
export function targetIn(view: ClusterView, target: Target, uid: string | undefined): Lookup<Workload> {
  const found = view.workload(target.kind, target.namespace, target.name);
  return found.state === "known" &&
    uid !== undefined &&
    found.value.uid !== undefined &&
    found.value.uid !== uid
    ? { state: "absent" }
    : found;
}

/** Why a workload was not judged, for the log and the audit annotation. */
export function notFound(target: Target, lookup: Exclude<Lookup<Workload>, { state: "known" }>): string {
  const name = `${target.kind} ${target.namespace}/${target.name}`;
  return lookup.state === "absent" ? `${name} was not found` : `${name} is not known: ${lookup.reason}`;
}
