import { managedBy } from "../../kube/managed-by.ts";
import { annotationOf, timeOf } from "../../kube/metadata.ts";
import { list, NOTHING, nonEmpty, type Raw, record, shared, text, texts } from "../../kube/raw.ts";
import type { Condition, DiagnosedKind, Meta, Owner } from "../facts.ts";

/** What every projected object has. `defaults` is the apiVersion that today's API server serves the kind under. */
export function metaOf<K extends DiagnosedKind>(
  raw: Raw,
  kind: K,
  apiVersion: string,
): Meta & { readonly kind: K } {
  const metadata = record(raw.metadata);
  const deletedAt = timeOf(metadata.deletionTimestamp);
  return {
    apiVersion: shared(nonEmpty(raw.apiVersion) ?? apiVersion),
    kind,
    namespace: shared(text(metadata.namespace) ?? ""),
    name: text(metadata.name) ?? "",
    uid: nonEmpty(metadata.uid),
    resourceVersion: nonEmpty(metadata.resourceVersion),
    createdAt: timeOf(metadata.creationTimestamp),
    deletedAt,
    graceSeconds: deletedAt === undefined ? undefined : (secondsOf(metadata.deletionGracePeriodSeconds) ?? 0),
    finalizers: texts(metadata.finalizers),
    owner: ownerOf(metadata),
    managedBy: managedBy(raw),
  };
}

/** A number of seconds that is not negative, of any size that JavaScript counts exactly. */
export function secondsOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

function ownerOf(metadata: Raw): Owner | undefined {
  for (const entry of list(metadata.ownerReferences)) {
    const owner = record(entry);
    if (owner.controller !== true) continue;
    return {
      apiVersion: shared(text(owner.apiVersion) ?? ""),
      kind: shared(text(owner.kind) ?? ""),
      name: shared(text(owner.name) ?? ""),
      uid: nonEmpty(owner.uid),
    };
  }
  return undefined;
}

/** The conditions of a status; only those that `keep` names, where it is given. */
export function conditionsOf(status: Raw, keep?: (type: string) => boolean): readonly Condition[] {
  const entries = list(status.conditions);
  if (entries.length === 0) return NOTHING;
  const conditions: Condition[] = [];
  for (const entry of entries) {
    const condition = record(entry);
    const type = text(condition.type) ?? "";
    if (keep?.(type) === false) continue;
    conditions.push({
      type: shared(type),
      status: shared(text(condition.status) ?? ""),
      reason: shared(text(condition.reason) ?? ""),
      message: text(condition.message) ?? "",
      since: timeOf(condition.lastTransitionTime),
    });
  }
  return conditions;
}

/** A whole number in an annotation, e.g. the revision of a ReplicaSet. */
export function numberAnnotation(raw: Raw, key: string): number | undefined {
  const value = annotationOf(raw, key);
  return value !== undefined && /^\d{1,9}$/.test(value) ? Number(value) : undefined;
}
