import { inForce } from "../policy/borrowed-template.ts";
import type { ObjectRef, Workload } from "../policy/model.ts";
import { absent, type ClusterView, known, type Lookup } from "../policy/view.ts";

/** A workload known by name only. */
export type Target = Pick<ObjectRef, "kind" | "namespace" | "name">;

/**
 * The workload with the template that its pods run; `absent` where the one of that name has another uid.
 *
 * @param uid the workload's where it is known: one that was deleted and recreated is another one
 */
export function targetIn(view: ClusterView, target: Target, uid: string | undefined): Lookup<Workload> {
  const found = view.workload(target.kind, target.namespace, target.name);
  if (found.state !== "known") return found;
  const isAnother = uid !== undefined && found.value.uid !== undefined && found.value.uid !== uid;
  return isAnother ? absent : known(inForce(found.value, view));
}

/** Why a workload was not judged, as a sentence. */
export function notFound(target: Target, lookup: Exclude<Lookup<Workload>, { state: "known" }>): string {
  const name = `${target.kind} ${target.namespace}/${target.name}`;
  return lookup.state === "absent" ? `${name} was not found` : `${name} is not known: ${lookup.reason}`;
}
