import { isDeepStrictEqual } from "node:util";
import { isRecord, type Raw, record } from "./raw.ts";

/** What two versions of an object differ in. */
export interface Changed {
  readonly specChanged: boolean;
  /** The pods that a workload makes are others. */
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

/** Another reference is another template, as far as pods are concerned. */
function templatesOf({ spec }: Raw): readonly unknown[] {
  const { template, workloadRef, jobTargetRef } = record(spec);
  return [template, workloadRef, jobTargetRef];
}

function withoutTemplates({ spec }: Raw): unknown {
  if (!isRecord(spec)) return spec;
  const { template: _, workloadRef: __, jobTargetRef: ___, ...rest } = spec;
  return rest;
}
