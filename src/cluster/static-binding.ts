import type { Claim, StorageClass, Volume } from "../policy/model.ts";
import { selects } from "../policy/selectors.ts";
import type { Lookup } from "../policy/view.ts";

const NO_PROVISIONER = "kubernetes.io/no-provisioner";

/**
 * True where a claim of this class can only get a volume that somebody made by hand: the class is `""`, its
 * object says that nothing provisions it, or files name a class without defining it. Never for a dynamic class,
 * nor for a claim that leaves the choice to the cluster.
 */
export function isStaticClass(
  className: string | undefined,
  classOf: (name: string) => Lookup<StorageClass>,
): boolean {
  if (className === undefined) return false;
  if (className === "") return true;
  const found = classOf(className);
  return found.state !== "known" || found.value.provisioner === NO_PROVISIONER;
}

function fits(volume: Volume, claim: Claim): boolean {
  return (
    volume.claimRef === undefined &&
    volume.volumeMode === claim.volumeMode &&
    claim.accessModes.length > 0 &&
    claim.accessModes.every((mode) => volume.accessModes.includes(mode)) &&
    (claim.selector === undefined || selects(claim.selector, volume.labels))
  );
}

/**
 * The volume that the volume binder would give a claim among those of its class: one with all of its modes, the
 * fewest modes first (`pkg/controller/volume/persistentvolume/index.go` allPossibleMatchingAccessModes), then by
 * name, so that the order of files does not matter.
 */
export function staticVolumeFor(claim: Claim, volumesOfClass: Iterable<Volume>): Volume | undefined {
  let chosen: Volume | undefined;
  for (const volume of volumesOfClass) {
    if (fits(volume, claim) && (chosen === undefined || isPreferred(volume, chosen))) chosen = volume;
  }
  return chosen;
}

function isPreferred(a: Volume, b: Volume): boolean {
  const difference = a.accessModes.length - b.accessModes.length;
  return difference === 0 ? a.name < b.name : difference < 0;
}
