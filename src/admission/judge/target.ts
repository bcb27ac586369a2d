import { overlay } from "../../cluster/overlay.ts";
import type { Workload } from "../../policy/model.ts";
import type { ClusterView, Lookup } from "../../policy/view.ts";
import type { Target } from "../subject.ts";
import { type Desk, lookUp } from "./desk.ts";

/**
 * A view in which a workload that is known by name only, its claims and its autoscalers have been looked up.
 *
 * @param uid the workload's uid where the request knows it: one that was deleted and made anew is another one
 */
export async function lookUpTarget(
  desk: Desk,
  target: Target,
  uid: string | undefined,
): Promise<ClusterView> {
  const wanted = { workloads: [], target: uid === undefined ? target : { ...target, uid } };
  const found = await lookUp(desk, wanted);
  const workload = targetIn(overlay(found, desk.remembered), target, undefined);
  if (workload.state !== "known") return found;
  const claims = await lookUp(desk, { workloads: [workload.value], autoscalersIn: target.namespace });
  // The second look-up starts from the standing view again, which may not know the workload.
  const fetched = targetIn(found, target, undefined);
  return fetched.state === "known"
    ? overlay(claims, [{ kind: fetched.value.kind, object: fetched.value }])
    : claims;
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
