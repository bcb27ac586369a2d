import type { ObjectRef, SourcePosition } from "../policy/model.ts";
import { kindOf } from "./kinds.ts";
import { hasController, metadataOf, type TypeMeta, typeOf } from "./metadata.ts";
import { isRecord, nonEmpty, type Raw, record } from "./raw.ts";

/** An object that mounts a claim, and whose kind is not judged. */
export interface Unjudged extends ObjectRef {
  readonly source: SourcePosition | undefined;
}

/** No known kind nests its volumes deeper than this (`spec.jobTemplate.spec.template.spec.volumes[0]` is 7). */
const DEEPEST = 10;
/** How many values of one object are looked at; the rest is not seen. */
const MOST_VALUES = 2_000;

/**
 * A volume that names a claim, by its shape, whatever list it is in: where a kind has its containers elsewhere (Argo
 * Workflows), or has none (virtual machines, Tekton's workspaces), it has the volume all the same.
 */
function isVolumeOfClaim(value: Raw): boolean {
  return nonEmpty(record(value.persistentVolumeClaim).claimName) !== undefined;
}

/**
 * The object where it mounts a claim and attachguard does not know how many pods it creates or how it replaces them: a
 * Knative Service, a CloneSet, an Argo Workflow, any future kind. `undefined` for kinds that are judged, and for what
 * another object controls. Bounded in depth and in values, whatever the object holds.
 */
export function unjudgedFrom(
  raw: unknown,
  source?: SourcePosition,
  inherited?: TypeMeta,
): Unjudged | undefined {
  if (!isRecord(raw)) return undefined;
  const type = typeOf(raw, inherited);
  if (type === undefined || kindOf(type.apiVersion, type.kind) !== undefined || hasController(raw)) {
    return undefined;
  }
  const { metadata: _metadata, status: _status, ...rest } = raw;
  let left = MOST_VALUES;
  let level: readonly unknown[] = [rest];
  for (let depth = 0; depth <= DEEPEST && level.length > 0; depth += 1) {
    const below: unknown[] = [];
    for (const value of level) {
      if (isRecord(value) && isVolumeOfClaim(value)) return { ...type, ...nameOf(raw), source };
      for (const member of Array.isArray(value) ? value : Object.values(record(value))) {
        if (left === 0) break;
        left -= 1;
        if (typeof member === "object" && member !== null) below.push(member);
      }
    }
    level = below;
  }
  return undefined;
}

function nameOf(raw: Raw): Pick<ObjectRef, "namespace" | "name"> {
  const { namespace, name } = metadataOf(raw);
  return { namespace, name };
}
