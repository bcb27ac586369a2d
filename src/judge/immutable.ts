import { isDeepStrictEqual } from "node:util";
import type { PlacedFact } from "../cluster/files/file-index.ts";
import { record } from "../kube/raw.ts";
import type { Claim, Workload } from "../policy/model.ts";
import { listOf, nameOf } from "../policy/phrasing.ts";
import { type ClusterView, knownValue } from "../policy/view.ts";
import type { ReportNote } from "../report/report.ts";

/**
 * What a change of a claim or StatefulSet asks for that the API server refuses, since the field cannot be changed once
 * the object is there (`pkg/apis/core/validation` ValidatePersistentVolumeClaimUpdate, `pkg/apis/apps/validation`
 * ValidateStatefulSetUpdate), and what recreating it would cost.
 *
 * @param view the cluster as it was
 */
export function immutableNotes(
  before: PlacedFact,
  after: PlacedFact,
  view: ClusterView,
): readonly ReportNote[] {
  if (before.kind === "PersistentVolumeClaim" && after.kind === "PersistentVolumeClaim") {
    return claimNotes(before.object, after.object, view);
  }
  if (before.kind === "StatefulSet" && after.kind === "StatefulSet") return setNotes(before, after);
  return [];
}

function claimNotes(old: Claim, now: Claim, view: ClusterView): readonly ReportNote[] {
  const fields = CLAIM_FIELDS.filter(({ read }) => {
    const [was, is] = [read(old), read(now)];
    // What a file leaves out is filled in by the cluster: with what, it does not say.
    return was !== undefined && is !== undefined && !isDeepStrictEqual(was, is);
  }).map(({ name, read }) => `${name} (${String(read(old))} to ${String(read(now))})`);
  if (fields.length === 0) return [];
  const policy = knownValue(view.volumeOf(old))?.reclaimPolicy;
  const users = knownValue(view.workloadsMounting(old.namespace, old.name)) ?? [];
  const cost = [
    policy === undefined
      ? "its data is lost with the old volume unless that has the reclaim policy Retain"
      : `its data ${policy === "Delete" ? "is lost with" : "stays in"} the old volume (reclaim policy ${policy})`,
    ...(users.length === 0 ? [] : [`${listOf(users.map(nameOf))} would have to stop for it`]),
  ];
  const message = `${nameOf({ kind: "PersistentVolumeClaim", ...now })}: ${fields.join(", ")} cannot be changed once the claim is there, so that applying this fails; deleted and recreated, ${cost.join(", and ")}: make a new claim under another name, copy, and switch over`;
  return [{ source: now.source ?? null, message }];
}

const CLAIM_FIELDS: readonly { readonly name: string; readonly read: (claim: Claim) => unknown }[] = [
  {
    name: "spec.accessModes",
    read: ({ accessModes }) => (accessModes.length === 0 ? undefined : accessModes),
  },
  { name: "spec.storageClassName", read: ({ storageClassName }) => storageClassName },
  { name: "spec.volumeName", read: ({ volumeName }) => volumeName },
  { name: "spec.volumeMode", read: ({ volumeMode }) => volumeMode },
];

function setNotes(before: PlacedFact, after: PlacedFact): readonly ReportNote[] {
  const [old, now] = [before, after].map(({ read }) => record(read.written?.spec).volumeClaimTemplates);
  if (before.read.written === undefined || after.read.written === undefined) return [];
  if (isDeepStrictEqual(old, now)) return [];
  const set = after.object as Workload;
  const message = `${nameOf(set)}: spec.volumeClaimTemplates cannot be changed once the set is there, growing included, so that applying this fails; the way: delete the set with --cascade=orphan, which keeps its pods and claims, change each claim by itself, and create the set again`;
  return [{ source: set.source ?? null, message }];
}
