import type { Labels } from "../policy/model.ts";
import { isRecord, labels, list, NO_LABELS, nonEmpty, type Raw, record, shared, text } from "./raw.ts";

/** What an object is where it does not say so itself: the items of a typed list carry neither field. */
export interface TypeMeta {
  readonly apiVersion: string;
  readonly kind: string;
}

/** The object's own apiVersion and kind, else those of the list it came in. */
export function typeOf(raw: Raw, inherited?: TypeMeta): TypeMeta | undefined {
  const apiVersion = nonEmpty(raw.apiVersion) ?? inherited?.apiVersion;
  const kind = nonEmpty(raw.kind) ?? inherited?.kind;
  return apiVersion === undefined || kind === undefined
    ? undefined
    : { apiVersion: shared(apiVersion), kind: shared(kind) };
}

export const ANNOTATION_PREFIX = "attachguard.dev/";

export interface Metadata {
  readonly namespace: string;
  /** `generateName` where there is no name yet; `""` where there is neither. */
  readonly name: string;
  readonly uid: string | undefined;
  readonly labels: Labels;
  /** Only attachguard's own: others (last-applied-configuration above all) can be larger than the object. */
  readonly annotations: Labels;
  readonly createdAt: number | undefined;
}

const isOwn = (key: string): boolean => key.startsWith(ANNOTATION_PREFIX);

export function metadataOf(raw: Raw): Metadata {
  const metadata = record(raw.metadata);
  return {
    namespace: shared(text(metadata.namespace) ?? ""),
    name: shared(nonEmpty(metadata.name) ?? text(metadata.generateName) ?? ""),
    uid: nonEmpty(metadata.uid),
    labels: labels(metadata.labels),
    annotations: ownAnnotations(metadata.annotations),
    createdAt: timeOf(metadata.creationTimestamp),
  };
}

/** The annotations with attachguard's prefix. */
export function ownAnnotations(annotations: unknown): Labels {
  return isRecord(annotations) ? labels(annotations, isOwn) : NO_LABELS;
}

/** One annotation of somebody else's, e.g. `storageclass.kubernetes.io/is-default-class`. */
export function annotationOf(raw: Raw, key: string): string | undefined {
  const annotations = record(record(raw.metadata).annotations);
  return Object.hasOwn(annotations, key) ? text(annotations[key]) : undefined;
}

/** A metav1.Time in milliseconds since the epoch. */
export function timeOf(value: unknown): number | undefined {
  const time = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}

/** True where another object makes and replaces this one (`metav1.GetControllerOf`). */
export function hasController(raw: Raw): boolean {
  return list(record(raw.metadata).ownerReferences).some((owner) => record(owner).controller === true);
}
