import { namespaceOf } from "../cluster/cluster-index.ts";
import type { Target } from "../judge/target.ts";
import type { Fact } from "../kube/fact.ts";
import { isWorkloadKind } from "../kube/kinds.ts";
import { isSame } from "../kube/what-changed.ts";
import type { Workload } from "../policy/model.ts";
import { type ClusterView, knownValue } from "../policy/view.ts";
import type { Recollection } from "./dry-run-memory.ts";
import type { Subject } from "./subject.ts";

/**
 * The part of what a user dry-ran that concerns a dry run: what its object names, and what names the same. The rest is
 * not read, so that a dry run costs the same however much is remembered.
 */
export function rememberedFor(subject: Subject, memory: Recollection, view: ClusterView): readonly Fact[] {
  const found: Fact[] = [];
  switch (subject.type) {
    case "none":
      break;
    case "workload": {
      addBesides(found, memory, subject.next);
      if (subject.previous !== null) addBesides(found, memory, subject.previous);
      return withoutItself(found, subject.next);
    }
    case "scale":
      addAroundTarget(found, memory, subject.target, view);
      break;
    case "autoscaler": {
      const { namespace, target } = subject.next;
      addAroundTarget(found, memory, { kind: target.kind, namespace, name: target.name }, view);
      return withoutItself(found, subject.next);
    }
    case "claim": {
      const { namespace, name } = subject.claim;
      found.push(...memory.mounting(name));
      const standing = knownValue(view.workloadsMounting(namespace, name)) ?? [];
      for (const { kind, name } of [...found.map(({ object }) => object as Workload), ...standing]) {
        addDependent(found, memory, kind, name);
      }
    }
  }
  return distinct(found);
}

/** Its earlier self gives way to it in any case. */
function withoutItself(
  facts: readonly Fact[],
  { kind, name }: { readonly kind: string; readonly name: string },
): readonly Fact[] {
  return distinct(facts).filter((fact) => fact.kind !== kind || fact.object.name !== name);
}

function distinct(facts: readonly Fact[]): readonly Fact[] {
  return facts.length < 2 ? facts : [...new Set(facts)];
}

/** What is in the cluster just as it was dry-run adds nothing to the picture, and need not be remembered. */
export function isStanding(fact: Fact, view: ClusterView): boolean {
  return standingFor(fact, view).some((standing) => isSame(standing, fact.object));
}

/** What the cluster has in the place of a fact; of autoscalers, which cannot be found by name, those of its target. */
function standingFor(fact: Fact, view: ClusterView): readonly Fact["object"][] {
  switch (fact.kind) {
    case "HorizontalPodAutoscaler":
    case "ScaledObject":
      return (
        knownValue(view.autoscalersOf({ ...fact.object.target, namespace: fact.object.namespace })) ?? []
      );
    case "PersistentVolumeClaim": {
      const claim = knownValue(view.claim(fact.object.namespace, fact.object.name));
      return claim === undefined ? [] : [claim];
    }
    default: {
      const workload = knownValue(view.workload(fact.kind, namespaceOf(fact), fact.object.name));
      return workload === undefined ? [] : [workload];
    }
  }
}

function addAroundTarget(
  found: Fact[],
  memory: Recollection,
  { kind, namespace, name }: Target,
  view: ClusterView,
): void {
  // An autoscaler may name any kind as its target.
  if (!isWorkloadKind(kind)) return;
  const remembered = memory.object(kind, name);
  if (remembered !== undefined) {
    found.push(remembered);
    addBesides(found, memory, remembered.object as Workload);
  }
  const standing = knownValue(view.workload(kind, namespace, name));
  if (standing !== undefined) addBesides(found, memory, standing);
}

/** Its claims, who else mounts them, its autoscalers, and those with whom it shares a template. */
function addBesides(found: Fact[], memory: Recollection, workload: Workload): void {
  addAround(found, memory, workload);
  const { templateFrom } = workload;
  // It may name any kind.
  const lender =
    templateFrom && isWorkloadKind(templateFrom.kind)
      ? memory.object(templateFrom.kind, templateFrom.name)
      : undefined;
  if (lender !== undefined) {
    found.push(lender);
    addAround(found, memory, lender.object as Workload);
  }
  addDependent(found, memory, workload.kind, workload.name);
}

/** Its autoscalers, and who uses its template, with theirs. */
function addDependent(found: Fact[], memory: Recollection, kind: string, name: string): void {
  found.push(...memory.scaling(kind, name));
  for (const borrower of memory.borrowing(kind, name)) {
    found.push(borrower, ...memory.scaling(borrower.kind, borrower.object.name));
  }
}

/** The claims of its template, and who else mounts them. */
function addAround(found: Fact[], memory: Recollection, { kind, name, template }: Workload): void {
  for (const mount of template.mounts) {
    if (mount.kind !== "claim") continue;
    const claim = memory.object("PersistentVolumeClaim", mount.claimName);
    if (claim !== undefined) found.push(claim);
    for (const fact of memory.mounting(mount.claimName)) {
      if (fact.kind !== kind || fact.object.name !== name) found.push(fact);
    }
  }
}
