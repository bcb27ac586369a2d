import type { Claim, StorageClass, Volume } from "../policy/model.ts";
import { selects } from "../policy/selectors.ts";
import type { Lookup } from "../policy/view.ts";

const NO_PROVISIONER = "kubernetes.io/no-provisioner";

/**
 * True where a claim can only get a volume that somebody made by hand: it has a selector, its class is `""`, its
 * class's object says that nothing provisions it, or files name a class without defining it. Never for a dynamic
 * class, nor for a claim that leaves the choice to the cluster.
 */
export function isStatic(claim: Claim, classOf: (name: string) => Lookup<StorageClass>): boolean {
  const { storageClassName, selector } = claim;
  if (selector !== undefined || storageClassName === "") return true;
  if (storageClassName === undefined) return false;
  const found = classOf(storageClassName);
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
 * nearest where they come from several folders, the fewest modes first
 * (`pkg/controller/volume/persistentvolume/index.go` allPossibleMatchingAccessModes), then by name, so that the order
 * of files does not matter.
 *
 * @param distanceTo how far away the file of a volume is: the smaller in order counts
 */
export function staticVolumeFor(
  claim: Claim,
  volumesOfClass: Iterable<Volume>,
  distanceTo: (volume: Volume) => readonly number[] = () => [],
): Volume | undefined {
  let chosen: { volume: Volume; order: readonly number[] } | undefined;
  for (const volume of volumesOfClass) {
    if (!fits(volume, claim)) continue;
    const order = [...distanceTo(volume), volume.accessModes.length];
    if (chosen === undefined || isBefore(order, volume.name, chosen)) chosen = { volume, order };
  }
  return chosen?.volume;
}

function isBefore(
  order: readonly number[],
  name: string,
  chosen: { readonly volume: Volume; readonly order: readonly number[] },
): boolean {
  for (const [at, value] of order.entries()) {
    const other = chosen.order[at] as number;
    if (value !== other) return value < other;
  }
  return name < chosen.volume.name;
}
