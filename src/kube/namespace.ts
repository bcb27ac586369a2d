import type { Namespace } from "../policy/model.ts";
import { metadataOf } from "./metadata.ts";
import { isRecord, labels } from "./raw.ts";

/** The API server sets this label on every namespace, so that selectors can name one. */
const NAME_LABEL = "kubernetes.io/metadata.name";

/** A Namespace. `undefined` for a value that is not an object. */
export function namespaceFrom(raw: unknown): Namespace | undefined {
  if (!isRecord(raw)) return undefined;
  const metadata = metadataOf(raw);
  return {
    name: metadata.name,
    uid: metadata.uid,
    labels: labels({ ...metadata.labels, [NAME_LABEL]: metadata.name }),
  };
}
