import { apiVersionOf, groupOf, isKnownKind, kindOf } from "./kinds.ts";
import { metadataOf, type TypeMeta } from "./metadata.ts";
import { isRecord, nonEmpty, type Raw, shown } from "./raw.ts";

/**
 * What is wrong with the type of an object that looks like one of the judged kinds and that no API server accepts as
 * such: its apiVersion is missing, or in a group that cannot have the kind. `undefined` where nothing is wrong: other
 * values that happen to have a `kind` (Helm's), and third-party kinds, whose groups always contain a dot
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
