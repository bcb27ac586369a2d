import { apiVersionOf, groupOf, isKnownKind, kindOf } from "./kinds.ts";
import { metadataOf, type TypeMeta } from "./metadata.ts";
import { isRecord, nonEmpty, type Raw, shown } from "./raw.ts";

/**
 * What is wrong with the type of an object that looks like one of the judged kinds and that no API server takes as
 * such: its apiVersion is missing, or of a group that cannot have it. `undefined` where nothing is: other values
 * that happen to have a `kind` (Helm's), and kinds of somebody else, whose groups always have a dot
 * (`apiextensions.k8s.io` validates the group as a DNS subdomain of two labels or more).
 */
export function mistakenType(raw: Raw, inherited?: TypeMeta): string | undefined {
  const kind = nonEmpty(raw.kind) ?? inherited?.kind;
  if (kind === undefined || !isKnownKind(kind) || !isRecord(raw.metadata)) return undefined;
  const apiVersion = nonEmpty(raw.apiVersion) ?? inherited?.apiVersion;
  const object = `${kind} ${metadataOf(raw).name}`.trim();
  const remedy = `it was not judged; write apiVersion: ${apiVersionOf(kind)}`;
  if (apiVersion === undefined) return `the ${object} has no apiVersion: ${remedy}`;
  if (kindOf(apiVersion, kind) !== undefined || groupOf(apiVersion).includes(".")) return undefined;
  return `the ${object} has apiVersion ${shown(apiVersion)}, which has no such kind: ${remedy}`;
}
