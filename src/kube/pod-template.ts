import type { Mount, PodTemplate } from "../policy/model.ts";
import { ownAnnotations } from "./metadata.ts";
import { placementOf } from "./placement.ts";
import { labels, list, NOTHING, nonEmpty, type Raw, record, shared } from "./raw.ts";
import { inlineDiskOf } from "./volume-source.ts";

/**
 * The names of the volumes that a container of any sort uses, sidecars (init containers that restart) included;
 * `undefined` for a template without containers: a patch, whose containers are elsewhere.
 */
function mountedNames({
  containers,
  initContainers,
  ephemeralContainers,
}: Raw): ReadonlySet<unknown> | undefined {
  if (list(containers).length === 0) return undefined;
  const names = new Set<unknown>();
  addMounted(names, containers);
  addMounted(names, initContainers);
  addMounted(names, ephemeralContainers);
  return names;
}

function addMounted(names: Set<unknown>, containers: unknown): void {
  for (const container of list(containers)) {
    const { volumeMounts, volumeDevices } = record(container);
    for (const mount of list(volumeMounts)) names.add(record(mount).name);
    for (const device of list(volumeDevices)) names.add(record(device).name);
  }
}

/** What a template mounts. */
export type MountList = readonly Mount[];

/**
 * Reads the mounts of a template that has too many volumes to be sent from thread to thread as they are written
 * (`admission/body/compact-review.ts`): each name with the place of its source among the few that there are.
 */
export function mountList(raw: unknown): MountList {
  const { sources, of, names } = record(raw);
  const places = list(of);
  const disks = list(sources).map((source) => {
    const { type, readOnly } = record(source);
    if (type === "persistentVolumeClaim") return "claim";
    return typeof type === "string" ? inlineDiskOf({ [type]: { readOnly } }) : undefined;
  });
  const mounts: Mount[] = [];
  for (const [at, entry] of list(names).entries()) {
    const source = disks[Number(places[at])];
    const name = nonEmpty(entry) ?? "";
    if (source === "claim") mounts.push({ kind: "claim", volumeName: name, claimName: name });
    else if (source !== undefined) mounts.push({ kind: "inline", volumeName: name, source });
  }
  return mounts;
}

/** By pod spec, and not in it: nobody can write it into an object. */
const told = new WeakMap<Raw, MountList>();

/** Says what a pod spec mounts in place of its volumes and containers. */
export function tellMounts(podSpec: Raw, mounts: MountList): void {
  told.set(podSpec, mounts);
}

/**
 * A pod template (or a Pod, which is its own). `ownVolumes` names the volumes that each pod has to itself: a
 * StatefulSet's claim templates take the place of a volume of the same name
 * (`pkg/controller/statefulset/stateful_set_utils.go` updateStorage).
 */
export function podTemplateOf(raw: Raw, ownVolumes: ReadonlySet<unknown>): PodTemplate {
  const metadata = record(raw.metadata);
  const spec = record(raw.spec);
  const mounts: Mount[] = [];
  const volumes = list(spec.volumes);
  const mounted = volumes.length === 0 ? undefined : mountedNames(spec);
  for (const entry of volumes) {
    const volume = record(entry);
    if (ownVolumes.has(volume.name)) continue;
    if (mounted !== undefined && !mounted.has(volume.name)) continue;
    const volumeName = shared(nonEmpty(volume.name) ?? "");
    const claimName = nonEmpty(record(volume.persistentVolumeClaim).claimName);
    if (claimName !== undefined) {
      mounts.push({ kind: "claim", volumeName, claimName: shared(claimName) });
      continue;
    }
    const source = inlineDiskOf(volume);
    if (source !== undefined) mounts.push({ kind: "inline", volumeName, source });
  }
  return {
    labels: labels(metadata.labels),
    annotations: ownAnnotations(metadata.annotations),
    mounts: told.get(spec) ?? (mounts.length === 0 ? NOTHING : mounts),
    placement: placementOf(spec),
  };
}
