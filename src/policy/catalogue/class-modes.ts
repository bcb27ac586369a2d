import type { AccessMode, StorageClass, VolumeMode } from "../model.ts";
import { type Capabilities, capabilitiesOf, type DriverOverride } from "./capabilities.ts";

/** What a StorageClass offers for one volumeMode, and who says so. */
export interface ClassModes {
  /** Modes that work; empty: the volumeMode is refused; `undefined`: not known. */
  readonly modes: readonly AccessMode[] | undefined;
  readonly from: "annotation" | "configuration" | "catalogue";
  /** False where the class makes no volumes of that volumeMode: it only groups volumes made by hand, or is refused. */
  readonly provisions: boolean;
  /** What stands behind the class; `undefined` where the provisioner is not known. */
  readonly capabilities: Capabilities | undefined;
}

/**
 * What a class can do: its annotation `attachguard.dev/access-modes` first, then the configuration, then the
 * catalogue with the class's parameters.
 */
export function modesOfClass(
  storageClass: StorageClass,
  volumeMode: VolumeMode,
  overrides: readonly DriverOverride[],
  claim?: { readonly hasDataSource: boolean },
): ClassModes {
  const { provisioner, parameters, accessModes } = storageClass;
  const capabilities = capabilitiesOf(provisioner, parameters, volumeMode, overrides, claim);
  if (accessModes !== undefined) {
    // The annotation does not say for which volumeMode it holds; storage of files only stays that.
    const provisions = capabilities?.accessModes?.length !== 0;
    return { modes: accessModes, from: "annotation", provisions, capabilities };
  }
  return {
    modes: capabilities?.accessModes,
    from: capabilities?.modesFrom ?? "catalogue",
    provisions: capabilities?.modesFrom === "configuration" || (capabilities?.dynamicProvisioning ?? false),
    capabilities,
  };
}
