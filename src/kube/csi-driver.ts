import type { CsiDriver } from "../policy/model.ts";
import { metadataOf } from "./metadata.ts";
import { isRecord, record } from "./raw.ts";

/** A CSIDriver; without `attachRequired` volumes are attached. `undefined` for a value that is not an object. */
export function csiDriverFrom(raw: unknown): CsiDriver | undefined {
  if (!isRecord(raw)) return undefined;
  return { name: metadataOf(raw).name, attachRequired: record(raw.spec).attachRequired !== false };
}
