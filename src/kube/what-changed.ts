import { isDeepStrictEqual } from "node:util";
import { type Raw, record } from "./raw.ts";

/** True where two versions of an object differ in their specs. */
export function isOtherSpec(next: Raw, previous: Raw): boolean {
  return !isDeepStrictEqual(next.spec, previous.spec);
}

/** True where two versions of a workload differ in the pods that they make. */
export function isOtherTemplate(next: Raw, previous: Raw): boolean {
  return !isDeepStrictEqual(templatesOf(next), templatesOf(previous));
}

/** Another reference is another template, as far as pods are concerned. */
function templatesOf({ spec }: Raw): readonly unknown[] {
  const { template, workloadRef, jobTargetRef } = record(spec);
  return [template, workloadRef, jobTargetRef];
}
