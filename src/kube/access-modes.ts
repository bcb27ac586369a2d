import type { AccessMode, VolumeMode } from "../policy/model.ts";
import { list, NOTHING, shown } from "./raw.ts";

const MODES: ReadonlyMap<unknown, AccessMode> = new Map([
  ["ReadWriteOnce", "ReadWriteOnce"],
  ["ReadOnlyMany", "ReadOnlyMany"],
  ["ReadWriteMany", "ReadWriteMany"],
  ["ReadWriteOncePod", "ReadWriteOncePod"],
]);

/** One list for each combination that occurs: nearly every claim of a cluster has one of three. */
const COMBINATIONS = new Map<string, readonly AccessMode[]>();

/** Access modes in the order written, each once; anything that is not an access mode is left out. */
export function accessModesOf(value: unknown): readonly AccessMode[] {
  const read = new Set<AccessMode>();
  for (const entry of list(value)) {
    const mode = MODES.get(entry);
    if (mode !== undefined) read.add(mode);
  }
  if (read.size === 0) return NOTHING;
  const modes = [...read];
  const key = modes.join();
  const seen = COMBINATIONS.get(key);
  if (seen !== undefined) return seen;
  Object.freeze(modes);
  COMBINATIONS.set(key, modes);
  return modes;
}

/** What `accessModesOf` leaves out of a value, in words for a person; `undefined` where it leaves out nothing. */
export function unreadableModes(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  const unreadable = Array.isArray(value) ? value.filter((entry) => !MODES.has(entry)) : [value];
  if (unreadable.length === 0) return undefined;
  const modes = [...MODES.values()].join(", ");
  return `spec.accessModes ${unreadable.map(shown).join(", ")} left out: give a list of ${modes}`;
}

/** `Filesystem` is the API server's default. */
export function volumeModeOf(value: unknown): VolumeMode {
  return value === "Block" ? "Block" : "Filesystem";
}
