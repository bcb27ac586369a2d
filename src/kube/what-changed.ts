import { isDeepStrictEqual } from "node:util";
import { isRecord, type Raw, record } from "./raw.ts";

/** What differs between two versions of an object. */
export interface Changed {
  readonly specChanged: boolean;
  /** The workload's pods would change. */
  readonly templateChanged: boolean;
}

/** Compares two versions of a workload; each part of the spec is looked at once, since a template may be large. */
export function whatChanged(next: Raw, previous: Raw): Changed {
  const templateChanged = !isDeepStrictEqual(templatesOf(next), templatesOf(previous));
  return {
    templateChanged,
    specChanged: templateChanged || !isDeepStrictEqual(withoutTemplates(next), withoutTemplates(previous)),
  };
}

/** As far as pods are concerned, a different reference is a different template. */
function templatesOf({ spec }: Raw): readonly unknown[] {
  const { template, workloadRef, jobTargetRef } = record(spec);
  return [template, workloadRef, jobTargetRef];
}

function withoutTemplates({ spec }: Raw): unknown {
  if (!isRecord(spec)) return spec;
  const { template: _, workloadRef: __, jobTargetRef: ___, ...rest } = spec;
  return rest;
}
