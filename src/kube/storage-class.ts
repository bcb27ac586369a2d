import type { AccessMode, StorageClass } from "../policy/model.ts";
import { accessModesOf } from "./access-modes.ts";
import { ANNOTATION_PREFIX, annotationOf, metadataOf } from "./metadata.ts";
import { isRecord, labels, type Raw, shared, text } from "./raw.ts";

const ACCESS_MODES_ANNOTATION = `${ANNOTATION_PREFIX}access-modes`;

/** Both are still read (`pkg/volume/util/storageclass.go` IsDefaultAnnotation). */
const DEFAULT_ANNOTATIONS = [
  "storageclass.kubernetes.io/is-default-class",
  "storageclass.beta.kubernetes.io/is-default-class",
];

function statedModes(raw: Raw): readonly AccessMode[] | undefined {
  const stated = annotationOf(raw, ACCESS_MODES_ANNOTATION);
  if (stated === undefined) return undefined;
  const modes = accessModesOf(stated.split(",").map((mode) => mode.trim()));
  return modes.length === 0 ? undefined : modes;
}

/**
 * A StorageClass. `undefined` for a value that is not an object, and for one without a provisioner: the API server
 * refuses that, so it must be a patch for a class defined elsewhere.
 */
export function storageClassFrom(raw: unknown): StorageClass | undefined {
  if (!isRecord(raw)) return undefined;
  const provisioner = text(raw.provisioner);
  if (provisioner === undefined || provisioner === "") return undefined;
  const { name, createdAt } = metadataOf(raw);
  return {
    name,
    provisioner: shared(provisioner),
    parameters: labels(raw.parameters),
    isDefault: DEFAULT_ANNOTATIONS.some((key) => annotationOf(raw, key) === "true"),
    expandable: raw.allowVolumeExpansion === true,
    accessModes: statedModes(raw),
    createdAt,
  };
}
