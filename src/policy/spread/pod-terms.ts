import type { LabelSelector, Labels, Namespace, PodAffinityTerm, Requirement, Workload } from "../model.ts";
import { HOSTNAME } from "../nodes.ts";
import { labelOf, requirementsOf } from "../selectors.ts";
import { type ClusterView, knownValue, type PodQuery } from "../view.ts";
import {
  agreesOn,
  differsOn,
  every,
  generatedLabel,
  type Match,
  type Pods,
  podsOf,
  selectsPods,
} from "./pods.ts";
import { intersectionOf, isEmpty, valuesOf } from "./value-set.ts";
import { isTooLarge, sizeOf, type Work } from "./work.ts";

const NAMESPACE_NAME = "kubernetes.io/metadata.name";

/** Does a required term of `owner`'s pods look at these pods? (`scheduler/framework` AffinityTerm.Matches) */
export function termMatches(term: PodAffinityTerm, owner: Pods, pods: Pods, view: ClusterView): Match {
  if (term.labelSelector === undefined) return "no";
  return every([
    selectsPods(term.labelSelector, pods),
    agreesOn(term.matchLabelKeys, owner, pods),
    differsOn(term.mismatchLabelKeys, owner, pods),
    namespaceMatches(term, owner.namespace, pods.namespace, view),
  ]);
}

/**
 * The scheduler counts a pod as neighbour only when all required terms match it
 * (`interpodaffinity/filtering.go`, podMatchesAllAffinityTerms).
 */
export function allTermsMatch(
  owner: Pods,
  terms: readonly PodAffinityTerm[],
  pods: Pods,
  view: ClusterView,
): Match {
  return every(terms.map((term) => termMatches(term, owner, pods, view)));
}

/**
 * Why no pod at all can match all of a workload's required terms, whoever makes it; `undefined` where one could.
 * Values are compared key by key over all terms, `matchLabelKeys` and `mismatchLabelKeys` included.
 */
export function contradictionIn(workload: Workload): string | undefined {
  const terms = workload.template.placement.podAffinity;
  if (terms.some(({ labelSelector }) => labelSelector === undefined)) {
    return "a term without labelSelector matches nothing";
  }
  const byKey = Map.groupBy(
    terms.flatMap((term) => [
      ...(term.labelSelector === undefined ? [] : requirementsOf(term.labelSelector)),
      ...ownRequirements(term, workload),
    ]),
    ({ key }) => key,
  );
  for (const [key, requirements] of byKey) {
    if (isEmpty(intersectionOf(requirements.map(valuesOf)))) return `no value of label ${key} satisfies it`;
  }
  const hash = terms
    .flatMap(({ matchLabelKeys }) => matchLabelKeys)
    .find((key) => generatedLabel(workload.kind, key) === "revision");
  const own = podsOf(workload, "same-revision");
  if (
    hash !== undefined &&
    terms.some(
      (term) =>
        selectsPods(term.labelSelector, own) === "no" || differsOn(term.mismatchLabelKeys, own, own) === "no",
    )
  ) {
    return `only pods of the same ${hash} count, and those do not match`;
  }
  return disjointNamespaces(terms, workload.namespace) ? "its terms look at different namespaces" : undefined;
}

/** What the API server adds to a pod's terms for labels that the template itself has. */
function ownRequirements(term: PodAffinityTerm, { kind, template }: Workload): readonly Requirement[] {
  const of = (keys: readonly string[], operator: string) =>
    keys.flatMap((key) => {
      const value = generatedLabel(kind, key) === undefined ? labelOf(template.labels, key) : undefined;
      return value === undefined ? [] : [{ key, operator, values: [value] }];
    });
  return [...of(term.matchLabelKeys, "In"), ...of(term.mismatchLabelKeys, "NotIn")];
}

function disjointNamespaces(terms: readonly PodAffinityTerm[], own: string): boolean {
  const named = terms
    .filter(({ namespaceSelector }) => namespaceSelector === undefined)
    .map(({ namespaces }) => (namespaces.length === 0 ? [own] : namespaces));
  if (named.some((names) => names.includes(""))) return false;
  const [first, ...rest] = named.map((names) => new Set(names));
  return first !== undefined && [...first].every((name) => rest.some((names) => !names.has(name)));
}

/** One of the terms keeps neighbours on one host. */
export function isSameNode(terms: readonly PodAffinityTerm[]): boolean {
  return terms.some(({ topologyKey }) => topologyKey === HOSTNAME);
}

function namespaceMatches(term: PodAffinityTerm, own: string, namespace: string, view: ClusterView): Match {
  const { namespaces, namespaceSelector } = term;
  if (namespaces.length === 0 && namespaceSelector === undefined) {
    return sameNamespace(own, namespace) ? "yes" : "no";
  }
  if (namespaces.some((name) => sameNamespace(name, namespace))) return "yes";
  return namespaceSelector === undefined ? "no" : namespaceSelected(namespaceSelector, namespace, view);
}

function namespaceSelected(selector: LabelSelector, name: string, view: ClusterView): Match {
  const requirements = requirementsOf(selector);
  if (requirements.length === 0) return "yes";
  const namespace: Namespace | undefined = name === "" ? undefined : knownValue(view.namespace(name));
  return every(
    requirements.map((requirement): Match => {
      // The API server sets this label on every namespace, so it is known without looking.
      if (requirement.key === NAMESPACE_NAME) return name === "" ? "perhaps" : single(requirement, name);
      return namespace === undefined
        ? "perhaps"
        : single(requirement, labelOf(namespace.labels, requirement.key));
    }),
  );
}

function single(requirement: Requirement, value: string | undefined): Match {
  const labels: Labels = value === undefined ? {} : { [requirement.key]: value };
  return selectsPods(
    { matchLabels: {}, matchExpressions: [requirement] },
    {
      kind: "Pod",
      namespace: "",
      template: { labels },
      added: {},
      kinship: "other-workload",
    },
  );
}

/** A file that does not say a namespace matches any. */
function sameNamespace(a: string, b: string): boolean {
  return a === b || a === "" || b === "";
}

export function sameWorkload(a: Workload, b: Workload): boolean {
  return a.kind === b.kind && a.name === b.name && sameNamespace(a.namespace, b.namespace);
}

/** Other known workloads whose pods count as neighbours; `doubtful` where there are some that only may be. */
export interface Neighbours {
  readonly certain: readonly Workload[];
  readonly doubtful: boolean;
}

/** Finds the other workloads that all terms match. Pods that have ended are nobody's neighbours. */
export function neighboursOf(workload: Workload, view: ClusterView, work: Work): Neighbours {
  return work.once("neighbours", workload, () => findNeighbours(workload, view, work));
}

function findNeighbours(workload: Workload, view: ClusterView, work: Work): Neighbours {
  const terms = workload.template.placement.podAffinity;
  const [first] = terms;
  if (first?.labelSelector === undefined) return { certain: [], doubtful: false };
  const names = first.namespaces.length === 0 ? [workload.namespace] : first.namespaces;
  const query: PodQuery = {
    selector: first.labelSelector,
    // The pods of a namespace selector, or of a file that says no namespace, are sorted out below.
    namespaces: first.namespaceSelector !== undefined || names.includes("") ? "all" : names,
  };
  const lookup = view.workloadsMatching(query, work);
  const owner = podsOf(workload, "same-revision");
  const { expressions } = sizeOf(workload);
  const certain: Workload[] = [];
  let doubtful = false;
  for (const other of knownValue(lookup) ?? []) {
    if (sameWorkload(workload, other) || hasEnded(other)) continue;
    if (!work.spend(expressions)) break;
    const match = allTermsMatch(owner, terms, podsOf(other, "other-workload"), view);
    if (match === "yes") certain.push(other);
    else if (match === "perhaps") doubtful = true;
  }
  return { certain, doubtful };
}

function hasEnded({ pods }: Workload): boolean {
  return (pods.by === "parallelism" || pods.by === "pod") && pods.finished;
}

/**
 * Do both carry the same required pod affinity, however it is written? Only then do their pods look at the same
 * neighbours, so that the group stays closed. Terms that are too large to compare count as different.
 */
export function sameTerms(a: Workload, b: Workload, work: Work): boolean {
  const counts = [a, b].map(({ template }) => template.placement.podAffinity.length);
  if (counts.some((count) => count === 0)) return counts.every((count) => count === 0);
  if (isTooLarge(a) || isTooLarge(b)) return false;
  const left = canonicalTerms(a, a.namespace === "" ? b.namespace : a.namespace, work);
  const right = canonicalTerms(b, b.namespace === "" ? a.namespace : b.namespace, work);
  if (left === undefined || right === undefined || !work.spend(left.size)) return false;
  return left.text === right.text;
}

/** Terms in one form, whatever their order and however often each is written. */
interface CanonicalTerms {
  readonly size: number;
  readonly text: string;
}

/** Characters of a form that is kept: far above any real one, and far below the template that it is of. */
const MOST_KEPT = 4_096;

/** By namespace; a group's members are compared again with each other for every one that is judged. */
const canonical = new WeakMap<Workload, Map<string, CanonicalTerms>>();

/** Each side is paid for once, also where its form is known from before; `undefined` where there is no work left. */
function canonicalTerms(workload: Workload, namespace: string, work: Work): CanonicalTerms | undefined {
  return work.once(`terms seen from ${namespace}`, workload, () => {
    const { expressions, values } = sizeOf(workload);
    return work.spend(expressions + values) ? canonicalFrom(workload, namespace) : undefined;
  });
}

function canonicalFrom(workload: Workload, namespace: string): CanonicalTerms {
  let forms = canonical.get(workload);
  if (forms === undefined) {
    forms = new Map();
    canonical.set(workload, forms);
  }
  let form = forms.get(namespace);
  if (form === undefined) {
    const terms = [...new Set(termsOf(workload, namespace))].sort();
    form = { size: terms.length, text: JSON.stringify(terms) };
    if (form.text.length <= MOST_KEPT) forms.set(namespace, form);
  }
  return form;
}

function termsOf(workload: Workload, namespace: string): readonly string[] {
  return workload.template.placement.podAffinity.map((term) =>
    JSON.stringify({
      topologyKey: term.topologyKey,
      selector: canonicalSelector(term.labelSelector, [
        ...ownValues(term.matchLabelKeys, "In", workload),
        ...ownValues(term.mismatchLabelKeys, "NotIn", workload),
      ]),
      namespaces:
        term.namespaces.length === 0 && term.namespaceSelector === undefined
          ? [namespace]
          : [...new Set(term.namespaces)].sort(),
      namespaceSelector: canonicalSelector(term.namespaceSelector, []),
    }),
  );
}

function ownValues(
  keys: readonly string[],
  operator: "In" | "NotIn",
  workload: Workload,
): readonly Requirement[] {
  return keys.flatMap((key) => {
    // A generated value is never shared with another workload, so its name must not be either.
    const value = generatedLabel(workload.kind, key)
      ? `${workload.kind}/${workload.namespace}/${workload.name}`
      : labelOf(workload.template.labels, key);
    return value === undefined ? [] : [{ key, operator, values: [value] }];
  });
}

function canonicalSelector(
  selector: LabelSelector | undefined,
  more: readonly Requirement[],
): readonly string[] | null {
  if (selector === undefined) return null;
  const requirements = [...requirementsOf(selector), ...more].map(({ key, operator, values }) =>
    JSON.stringify([key, operator, [...new Set(values)].sort()]),
  );
  return [...new Set(requirements)].sort();
}
