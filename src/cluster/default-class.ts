import type { StorageClass } from "../policy/model.ts";

/**
 * The class that a claim without one gets: of several defaults the newest, then the first by name
 * (`pkg/volume/util/storageclass.go` GetDefaultClass). A class from a file has no age and counts as the oldest.
 */
export function defaultClassAmong(classes: Iterable<StorageClass>): StorageClass | undefined {
  let chosen: StorageClass | undefined;
  for (const candidate of classes) {
    if (candidate.isDefault && (chosen === undefined || isBefore(candidate, chosen))) chosen = candidate;
  }
  return chosen;
}

function isBefore(a: StorageClass, b: StorageClass): boolean {
  const ageA = a.createdAt ?? 0;
  const ageB = b.createdAt ?? 0;
  return ageA === ageB ? a.name < b.name : ageA > ageB;
}
