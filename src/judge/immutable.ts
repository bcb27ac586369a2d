import { isDeepStrictEqual } from "node:util";
import type { Fact } from "../kube/fact.ts";
import { type Raw, record } from "../kube/raw.ts";
import type { Claim, SourcePosition, Workload } from "../policy/model.ts";
import { listOf, nameOf } from "../policy/phrasing.ts";
import { type ClusterView, knownValue } from "../policy/view.ts";
import type { ReportNote } from "../report/report.ts";

/** An object of a judged kind, and where it is known as it is written. */
export type Version = Fact & { readonly read?: { readonly written: Raw | undefined } };

/** The name of a VolumeSnapshotClass for each driver that has one. */
export type SnapshotClasses = ReadonlyMap<string, string>;

/**
 * What a change of a claim or StatefulSet asks for that the API server refuses, since the field cannot be changed once
 * the object is there (`pkg/apis/core/validation` ValidatePersistentVolumeClaimUpdate, `pkg/apis/apps/validation`
 * ValidateStatefulSetUpdate), and what recreating it would cost. Notes: what is told here fails by itself when it is
 * applied.
 *
 * @param before the object as it was, in files or in the cluster
 * @param view the cluster as it was
 * @param snapshots undefined where it is not known which drivers can take a snapshot
 */
export function immutableNotes(
  before: Version,
  after: Version,
  view: ClusterView,
  snapshots?: SnapshotClasses,
): readonly ReportNote[] {
  if (before.kind === "PersistentVolumeClaim" && after.kind === "PersistentVolumeClaim") {
    return claimNotes(before.object, after.object, view, snapshots);
  }
  if (before.kind === "StatefulSet" && after.kind === "StatefulSet") return setNotes(before, after);
  return [];
}

function claimNotes(
  old: Claim,
  now: Claim,
  view: ClusterView,
  snapshots: SnapshotClasses | undefined,
): readonly ReportNote[] {
  const fields = CLAIM_FIELDS.filter(({ read }) => {
    const [was, is] = [read(old), read(now)];
    // What a file leaves out is filled in by the cluster: with what, it does not say.
    return was !== undefined && is !== undefined && !isDeepStrictEqual(was, is);
  }).map(({ name, read }) => `${name} (${String(read(old))} to ${String(read(now))})`);
  const isSmaller = isChanged(old, now) === "smaller";
  if (isSmaller) fields.push("spec.resources.requests.storage (it would be smaller)");
  const name = claimName(now);
  const notes: string[] = [];
  if (fields.length > 0) {
    notes.push(
      `${name}: ${fields.join(", ")} cannot be changed once the claim exists, so applying this fails; deleted and recreated, ${costs(old, view, snapshots)}: create a new claim under another name, copy, and switch over (attachguard runbook recreate-claim)`,
    );
  }
  if (isChanged(old, now) === "larger") notes.push(...growthNotes(old, name, view));
  return notes.map((message) => ({ source: now.source ?? null, message }));
}

const CLAIM_FIELDS: readonly { readonly name: string; readonly read: (claim: Claim) => unknown }[] = [
  {
    name: "spec.accessModes",
    read: ({ accessModes }) => (accessModes.length === 0 ? undefined : accessModes.toSorted()),
  },
  { name: "spec.storageClassName", read: ({ storageClassName }) => storageClassName },
  { name: "spec.volumeName", read: ({ volumeName }) => volumeName },
  { name: "spec.volumeMode", read: ({ volumeMode }) => volumeMode },
];

function isChanged(old: Claim, now: Claim): "smaller" | "larger" | undefined {
  const [was, is] = [old.requestedBytes, now.requestedBytes];
  if (was === undefined || is === undefined || was === is) return undefined;
  return is < was ? "smaller" : "larger";
}

/** What becomes of the data and of those who use it. */
function costs(claim: Claim, view: ClusterView, snapshots: SnapshotClasses | undefined): string {
  const volume = knownValue(view.volumeOf(claim));
  const policy = volume?.reclaimPolicy;
  const driver = volume?.source.driver ?? provisionerOf(claim, view);
  const users = knownValue(view.workloadsMounting(claim.namespace, claim.name)) ?? [];
  const cost = [
    policy === undefined
      ? "its data is lost with the old volume unless that has the reclaim policy Retain"
      : `its data ${policy === "Delete" ? "is lost with" : "stays in"} the old volume (reclaim policy ${policy})`,
    snapshotText(driver, snapshots),
    ...(users.length === 0 ? [] : [`${listOf(users.map(nameOf))} would have to stop for it`]),
  ];
  return cost.join(", and ");
}

function snapshotText(driver: string | undefined, snapshots: SnapshotClasses | undefined): string {
  if (driver === undefined || snapshots === undefined) {
    return `a snapshot before it takes a VolumeSnapshotClass of ${driver === undefined ? "its driver" : `driver ${driver}`} (kubectl get volumesnapshotclass shows whether there is one)`;
  }
  const name = snapshots.get(driver);
  return name === undefined
    ? `no snapshot can be taken before it, since no VolumeSnapshotClass is of driver ${driver}`
    : `a snapshot can be taken before it with VolumeSnapshotClass ${name}`;
}

function provisionerOf({ storageClassName }: Claim, view: ClusterView): string | undefined {
  return storageClassName === undefined
    ? undefined
    : knownValue(view.storageClass(storageClassName))?.provisioner;
}

/** A bound claim may grow where its class says so (`plugin/pkg/admission/storage/persistentvolume/resize`). */
function growthNotes(old: Claim, name: string, view: ClusterView): readonly string[] {
  const { storageClassName } = old;
  const found = storageClassName === undefined ? undefined : knownValue(view.storageClass(storageClassName));
  if (found?.expandable) return [];
  const which = storageClassName === undefined ? "its StorageClass" : `StorageClass ${storageClassName}`;
  if (found === undefined) {
    return [
      `${name}: its size grows, which is refused unless ${which} has allowVolumeExpansion: true; ${which} is not known here`,
    ];
  }
  return [
    `${name}: its size grows, which ${which} does not allow, so applying this fails: set allowVolumeExpansion: true on the class if its driver can do it, or create a new claim under another name, copy, and switch over (attachguard runbook recreate-claim)`,
  ];
}

function claimName({ namespace, name }: Claim): string {
  return nameOf({ kind: "PersistentVolumeClaim", namespace, name });
}

function setNotes(before: Version, after: Version): readonly ReportNote[] {
  const [old, now] = [before, after].map(({ object }) => object as Workload) as [Workload, Workload];
  const isOther = isDeepStrictEqual(old.claimTemplates.map(stored), now.claimTemplates.map(stored))
    ? hasOtherText(before, after)
    : true;
  if (!isOther) return [];
  const source: SourcePosition | null = now.source ?? null;
  const message = `${nameOf(now)}: spec.volumeClaimTemplates cannot be changed once the set exists, not even to grow, so applying this fails; instead: delete the set with --cascade=orphan, which keeps its pods and claims, change each claim by itself, and create the set again`;
  return [{ source, message }];
}

/** A claim template without what the place it was read from adds. */
function stored(template: Claim): unknown {
  const { source: _s, uid: _u, createdAt: _c, namespace: _n, annotations: _a, ...rest } = template;
  return rest;
}

/** Labels and the like, where both are known as they are written; what a cluster stores has defaults in it. */
function hasOtherText(before: Version, after: Version): boolean {
  const [old, now] = [before.read?.written, after.read?.written];
  if (old === undefined || now === undefined) return false;
  return !isDeepStrictEqual(record(old.spec).volumeClaimTemplates, record(now.spec).volumeClaimTemplates);
}
