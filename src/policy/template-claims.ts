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
  if (parts === undefined || !parts.prefix.endsWith(`-${set.name}`)) return undefined;
  const template = templatesOf(set).get(parts.prefix.slice(0, -set.name.length - 1));
  if (template === undefined) return undefined;
  const pod = parts.ordinal - set.firstOrdinal;
  if (pod < 0 || pod >= (steadyOverlap(set, view).count ?? 0)) return undefined;
  return { ...template, namespace: set.namespace, name, ofSet: set.name, source: set.source };
}

const byName = new WeakMap<readonly Claim[], ReadonlyMap<string, Claim>>();

/** The claim templates of a set by name, the first of each: a user may write thousands, and every claim asks. */
function templatesOf({ claimTemplates }: Workload): ReadonlyMap<string, Claim> {
  let templates = byName.get(claimTemplates);
  if (templates === undefined) {
    templates = new Map(claimTemplates.toReversed().map((template) => [template.name, template]));
    byName.set(claimTemplates, templates);
  }
  return templates;
}

/** Pods of one set that are looked at; a set with more of them is judged by the first ones. */
const MOST_PODS = 100;
/** Claims of one set that are looked at. No pod gets as many volumes attached, so that the rest never runs. */
export const MOST_CLAIMS = 2_000;

/** The claim templates of a set that are looked at: all but of one that has thousands. */
export function templatesLookedAt({ claimTemplates }: Workload): readonly Claim[] {
  return claimTemplates.length <= MOST_CLAIMS ? claimTemplates : claimTemplates.slice(0, MOST_CLAIMS);
}

/**
 * The names of the claims that the pods of a set mount from its templates, of at most the first hundred pods.
 *
 * @param templates those that are asked about
 */
export function claimNamesOf(
  set: Workload,
  view: ClusterView,
  templates: readonly Claim[] = templatesLookedAt(set),
): readonly string[] {
  if (templates.length === 0) return [];
  const looked = Math.max(1, Math.min(MOST_PODS, Math.floor(MOST_CLAIMS / set.claimTemplates.length)));
  const pods = Math.min(steadyOverlap(set, view).count ?? 0, looked);
  return templates.flatMap((template) =>
    Array.from({ length: pods }, (_, at) => `${claimPrefix(template, set)}-${set.firstOrdinal + at}`),
  );
}
