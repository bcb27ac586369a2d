import { groupOf } from "../kube/kinds.ts";
import { isRecord, type Raw } from "../kube/raw.ts";
import { compare } from "../policy/compare.ts";
import {
  DIAGNOSED_KINDS,
  type DiagnosedKind,
  type Facts,
  type Meta,
  type ObjectOf,
  type Objects,
  type Reading,
} from "./facts.ts";
import { eventFrom, leaseFrom, nodeFrom } from "./project/node.ts";
import { podFrom } from "./project/pod.ts";
import {
  attachmentFrom,
  claimFrom,
  csiDriverFrom,
  csiNodeFrom,
  storageClassFrom,
  volumeFrom,
} from "./project/storage.ts";
import {
  autoscalerFrom,
  cronJobFrom,
  daemonSetFrom,
  deploymentFrom,
  jobFrom,
  replicaSetFrom,
  statefulSetFrom,
} from "./project/workload.ts";

/** How one kind is served and projected. */
interface KindOf<K extends DiagnosedKind> {
  /** API groups under which an object of this kind is meant; a kind of the same name elsewhere is another's. */
  readonly groups: readonly string[];
  readonly version: string;
  readonly plural: string;
  readonly namespaced: boolean;
  readonly from: (raw: Raw) => ObjectOf[K];
}

/** Every kind that a diagnosis reads: where the API server has it, and what is kept of it. */
export const PROJECTED: { readonly [K in DiagnosedKind]: KindOf<K> } = {
  Pod: { groups: [""], version: "v1", plural: "pods", namespaced: true, from: podFrom },
  PersistentVolumeClaim: {
    groups: [""],
    version: "v1",
    plural: "persistentvolumeclaims",
    namespaced: true,
    from: claimFrom,
  },
  PersistentVolume: {
    groups: [""],
    version: "v1",
    plural: "persistentvolumes",
    namespaced: false,
    from: volumeFrom,
  },
  VolumeAttachment: {
    groups: ["storage.k8s.io"],
    version: "v1",
    plural: "volumeattachments",
    namespaced: false,
    from: attachmentFrom,
  },
  Node: { groups: [""], version: "v1", plural: "nodes", namespaced: false, from: nodeFrom },
  Event: {
    groups: ["", "events.k8s.io"],
    version: "v1",
    plural: "events",
    namespaced: true,
    from: eventFrom,
  },
  Deployment: {
    groups: ["apps"],
    version: "v1",
    plural: "deployments",
    namespaced: true,
    from: deploymentFrom,
  },
  ReplicaSet: {
    groups: ["apps"],
    version: "v1",
    plural: "replicasets",
    namespaced: true,
    from: replicaSetFrom,
  },
  StatefulSet: {
    groups: ["apps"],
    version: "v1",
    plural: "statefulsets",
    namespaced: true,
    from: statefulSetFrom,
  },
  DaemonSet: { groups: ["apps"], version: "v1", plural: "daemonsets", namespaced: true, from: daemonSetFrom },
  Job: { groups: ["batch"], version: "v1", plural: "jobs", namespaced: true, from: jobFrom },
  CronJob: { groups: ["batch"], version: "v1", plural: "cronjobs", namespaced: true, from: cronJobFrom },
  HorizontalPodAutoscaler: {
    groups: ["autoscaling"],
    version: "v2",
    plural: "horizontalpodautoscalers",
    namespaced: true,
    from: autoscalerFrom,
  },
  StorageClass: {
    groups: ["storage.k8s.io"],
    version: "v1",
    plural: "storageclasses",
    namespaced: false,
    from: storageClassFrom,
  },
  CSIDriver: {
    groups: ["storage.k8s.io"],
    version: "v1",
    plural: "csidrivers",
    namespaced: false,
    from: csiDriverFrom,
  },
  CSINode: {
    groups: ["storage.k8s.io"],
    version: "v1",
    plural: "csinodes",
    namespaced: false,
    from: csiNodeFrom,
  },
  Lease: {
    groups: ["coordination.k8s.io"],
    version: "v1",
    plural: "leases",
    namespaced: true,
    from: leaseFrom,
  },
};

/** What was read of one kind, with the objects as the API server or a dump gave them. */
export interface RawReading extends Reading {
  readonly items: readonly unknown[];
}

/** What is known about a look as a whole. */
export type Look = Omit<Facts, "readings" | "objects">;

/** The kind that an object or the items of a list are of; undefined for what a diagnosis does not read. */
export function diagnosedKind(apiVersion: string, kind: string): DiagnosedKind | undefined {
  if (!Object.hasOwn(PROJECTED, kind)) return undefined;
  const known = kind as DiagnosedKind;
  return PROJECTED[known].groups.includes(groupOf(apiVersion)) ? known : undefined;
}

/**
 * Projects what was read. An object that stands in several readings counts once, in its newest version; what is no
 * object, or has no name, is left out. Objects are put into one order, so that no answer depends on the order in
 * which they came.
 */
export function factsFrom(readings: readonly RawReading[], look: Look): Facts {
  const objects = Object.fromEntries(
    DIAGNOSED_KINDS.map((kind) => [kind, projected(kind, readings)]),
  ) as unknown as Objects;
  return {
    ...look,
    readings: readings.map(({ kind, namespace, state, why }) => ({ kind, namespace, state, why })),
    objects,
  };
}

function projected<K extends DiagnosedKind>(
  kind: K,
  readings: readonly RawReading[],
): readonly ObjectOf[K][] {
  const { from } = PROJECTED[kind];
  const found: ObjectOf[K][] = [];
  let inOrder = true;
  let last: ObjectOf[K] | undefined;
  for (const reading of readings) {
    if (reading.kind !== kind) continue;
    for (const item of reading.items) {
      if (!isRecord(item)) continue;
      const object = from(item);
      if (object.name === "") continue;
      // The API server's own lists are in order already, and name nothing twice.
      inOrder &&= last === undefined || byKey(last, object) < 0;
      last = object;
      found.push(object);
    }
  }
  return inOrder ? found : newestOfEach(found.sort(byKey));
}

/** By `NAMESPACE/NAME`, which counts only where one namespace begins like the other: `a/` comes behind `a-b/`. */
function byKey(a: Meta, b: Meta): number {
  if (a.namespace === b.namespace) return compare(a.name, b.name);
  const isPrefix = a.namespace.startsWith(b.namespace) || b.namespace.startsWith(a.namespace);
  return isPrefix ? compare(`${a.namespace}/`, `${b.namespace}/`) : compare(a.namespace, b.namespace);
}

/** @param objects in order; of several versions of one the newest counts, of equal ones the first */
function newestOfEach<T extends Meta>(objects: readonly T[]): readonly T[] {
  const newest: T[] = [];
  for (const object of objects) {
    const seen = newest.at(-1);
    if (seen === undefined || byKey(seen, object) !== 0) newest.push(object);
    else if (isNewer(object.resourceVersion, seen.resourceVersion)) newest[newest.length - 1] = object;
  }
  return newest;
}

/** resourceVersions of one object can be compared as numbers since Kubernetes 1.35 (KEP-5504); before that in practice. */
function isNewer(a: string | undefined, b: string | undefined): boolean {
  if (a === undefined || b === undefined || !/^\d+$/.test(a) || !/^\d+$/.test(b)) return false;
  return a.length > b.length || (a.length === b.length && a > b);
}
