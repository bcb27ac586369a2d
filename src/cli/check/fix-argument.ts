import { existsSync } from "node:fs";
import { AttachguardError } from "../../errors.ts";
import { FIXES, type FixId } from "../../policy/fixes.ts";

/** The ways out that `--fix=ID` writes. The others require another claim, or another kind of workload. */
export const WRITTEN = [
  "recreate",
  "surge-zero",
  "same-node-affinity",
  "one-replica",
  "autoscaler-max-one",
  "parallelism-one",
  "forbid-overlap",
] as const satisfies readonly FixId[];

/**
 * Refuses a path that is the id of a way out and does not exist: `--fix recreate`, where `--fix=recreate` was meant.
 *
 * @throws AttachguardError AG_ERR_USAGE before anything is written
 */
export function refuseIdAsPath(paths: readonly string[]): void {
  const id = paths.find((path) => (WRITTEN as readonly string[]).includes(path) && !existsSync(path));
  if (id === undefined) return;
  throw new AttachguardError(
    "AG_ERR_USAGE",
    `${id} is a way out, and no file or folder of that name is here: write --fix=${id}`,
  );
}

/**
 * The way out that `--fix=ID` names.
 *
 * @throws AttachguardError AG_ERR_USAGE where there is no such way out, or it is not written into files
 */
export function fixArgument(id: string): FixId {
  if ((WRITTEN as readonly string[]).includes(id)) return id as FixId;
  const ids = WRITTEN.join(", ");
  const why = Object.hasOwn(FIXES, id)
    ? `--fix=${id}: this takes another claim or another kind of object, which only you can create (access modes are never changed); these can be written: ${ids}`
    : `--fix=${id}: there is no such fix; it is one of ${ids}, and a path is separate, as in --fix PATH`;
  throw new AttachguardError("AG_ERR_USAGE", why);
}
