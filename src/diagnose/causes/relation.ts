import type { Unseen } from "../answer.ts";
import type { Deployment, HorizontalPodAutoscaler, Pod, ReplicaSet } from "../facts.ts";
import type { Inquiry } from "../inquiry.ts";
import { type Root, sameRoot } from "../roots.ts";

/** How a waiting pod and the pods that hold its volume belong together. */
export type Relation =
  | {
      readonly is: "rollout";
      readonly deployment: Deployment;
      /** Of the pod that has the volume. */
      readonly holder: ReplicaSet | undefined;
      /** True where the pod that has the volume is of the newer version: the one that waits goes next. */
      readonly isNewer: boolean;
    }
  /** Two versions of a kind that is not read, e.g. an Argo Rollout. */
  | { readonly is: "versions"; readonly root: Root }
  | { readonly is: "replicas"; readonly root: Root; readonly autoscaler: HorizontalPodAutoscaler | undefined }
  | { readonly is: "runs"; readonly root: Root }
  | { readonly is: "shared"; readonly root: Root; readonly others: readonly Root[] };

/** @param holders pods that are not Terminating, at least one */
export function relationOf(
  waiting: Pod,
  holders: readonly Pod[],
  inquiry: Inquiry,
): Relation | Unseen | undefined {
  const root = inquiry.roots.rootOf(waiting);
  if (root.is === "unread") return { unseen: root.unread };
  if (root.is === "absent") return undefined;
  const same: Pod[] = [];
  const others: Root[] = [];
  for (const holder of holders) {
    const other = inquiry.roots.rootOf(holder);
    if (other.is === "unread") return { unseen: other.unread };
    if (other.is === "absent") continue;
    if (sameRoot(other.object, root.object)) same.push(holder);
    else if (!others.some((known) => sameRoot(known, other.object))) others.push(other.object);
  }
  if (same.length === 0) return { is: "shared", root: root.object, others };
  const earlier = same.find(({ owner }) => owner?.name !== waiting.owner?.name);
  const { object, kind } = root.object;
  if (earlier === undefined)
    return { is: "replicas", root: root.object, autoscaler: raisingAutoscaler(root.object, inquiry) };
  if (object?.kind === "Deployment") {
    const holder = replicaSetOf(earlier, inquiry);
    const own = replicaSetOf(waiting, inquiry)?.revision;
    const isNewer = own !== undefined && holder?.revision !== undefined && holder.revision > own;
    return { is: "rollout", deployment: object, holder, isNewer };
  }
  // A name is not enough for a command on a Deployment that was not read.
  const unread =
    kind === "Deployment" ? inquiry.picture.unread("Deployment", root.object.namespace) : undefined;
  if (unread !== undefined) return { unseen: unread };
  return { is: earlier.owner?.kind === "ReplicaSet" ? "versions" : "runs", root: root.object };
}

function replicaSetOf({ namespace, owner }: Pod, { picture }: Inquiry): ReplicaSet | undefined {
  return picture.known("ReplicaSet", namespace, owner?.name ?? "");
}

/** One that keeps, or has, more than one pod. */
function raisingAutoscaler(root: Root, inquiry: Inquiry): HorizontalPodAutoscaler | undefined {
  return inquiry.picture
    .autoscalersOf(root.kind, root)
    .find(
      ({ minReplicas, currentReplicas = 0, desiredReplicas = 0 }) =>
        minReplicas > 1 || currentReplicas > 1 || desiredReplicas > 1,
    );
}

/**
 * A58: with Recreate and a number of replicas that is not the ReplicaSets' own, the controller takes every sync for a
 * scaling and does nothing. The old number, or undefined where this is not the state.
 */
export function numberBeforeScaling(deployment: Deployment, inquiry: Inquiry): number | undefined {
  if (deployment.strategy !== "Recreate") return undefined;
  const active = inquiry.roots.replicaSetsOf(deployment).filter(({ replicas }) => replicas > 0);
  if (active.length < 2) return undefined;
  return active.find(
    ({ desiredReplicas }) => desiredReplicas !== undefined && desiredReplicas !== deployment.replicas,
  )?.desiredReplicas;
}
