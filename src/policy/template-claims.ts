import type { Claim, Workload } from "./model.ts";
import { steadyOverlap } from "./overlap.ts";
import type { ClusterView } from "./view.ts";

/** `data-web-0`: what stands before the last hyphen, and a number without leading zeros. */
const MADE_BY_SET = /^(.+)-(0|[1-9]\d{0,9})$/;

/** The parts of a name that a StatefulSet may have given to a claim; `undefined` for any other name. */
export function partsOfClaimName(
  name: string,
): { readonly prefix: string; readonly ordinal: number } | undefined {
  const [, prefix, ordinal] = MADE_BY_SET.exec(name) ?? [];
  return prefix === undefined ? undefined : { prefix, ordinal: Number(ordinal) };
}

/** What the names of the claims of one template begin with (`stateful_set_utils.go`, getPersistentVolumeClaimName). */
export function claimPrefix(template: Claim, set: Pick<Workload, "name">): string {
  return `${template.name}-${set.name}`;
}

/** The claim that a set makes, or will make, under a name; `undefined` where none of its pods has one of that name. */
export function claimOfSet(set: Workload, name: string, view: ClusterView): Claim | undefined {
  const parts = partsOfClaimName(name);
  const template = set.claimTemplates.find((one) => claimPrefix(one, set) === parts?.prefix);
  if (parts === undefined || template === undefined) return undefined;
  const pod = parts.ordinal - set.firstOrdinal;
  if (pod < 0 || pod >= (steadyOverlap(set, view).count ?? 0)) return undefined;
  return { ...template, namespace: set.namespace, name, ofSet: set.name, source: set.source };
}

/** Claims of one set that are looked at; a set with more pods is judged by the first ones. */
const LOOKED_AT = 100;

/** The names of the claims that the pods of a set mount from its templates, of at most the first hundred pods. */
export function claimNamesOf(set: Workload, view: ClusterView): readonly string[] {
  if (set.claimTemplates.length === 0) return [];
  const pods = Math.min(steadyOverlap(set, view).count ?? 0, LOOKED_AT);
  return set.claimTemplates.flatMap((template) =>
    Array.from({ length: pods }, (_, at) => `${claimPrefix(template, set)}-${set.firstOrdinal + at}`),
  );
}
