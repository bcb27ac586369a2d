import type { Target } from "../judge/target.ts";
import type { Fact } from "../kube/fact.ts";
import { isWorkloadKind } from "../kube/kinds.ts";
import type { Workload } from "../policy/model.ts";
import { type ClusterView, knownValue } from "../policy/view.ts";
import type { Recollection } from "./dry-run-memory.ts";
import type { Subject } from "./subject.ts";

/**
 * The part of what a user dry-ran that concerns a dry run: what its object names, and what names the same. The rest is
 * not read, so that a dry run costs the same however much is remembered.
 */
export function rememberedFor(subject: Subject, memory: Recollection, view: ClusterView): readonly Fact[] {
  switch (subject.type) {
    case "none":
      return [];
    case "workload":
      return distinct(
        [subject.next, ...(subject.previous === null ? [] : [subject.previous])].flatMap((workload) =>
          besides(memory, workload),
        ),
      );
    case "scale":
      return aroundTarget(subject.target, memory, view);
    case "autoscaler": {
      const { namespace, target } = subject.next;
      return aroundTarget({ kind: target.kind, namespace, name: target.name }, memory, view);
    }
    case "claim": {
      const { namespace, name } = subject.claim;
      const workloads = memory.mounting(name);
      const standing = knownValue(view.workloadsMounting(namespace, name)) ?? [];
      const scaled = [...workloads.map(({ object }) => object as Workload), ...standing];
      return distinct([
        ...workloads,
        ...scaled.flatMap((workload) => memory.scaling(workload.kind, workload.name)),
      ]);
    }
  }
}

function aroundTarget(
  { kind, namespace, name }: Target,
  memory: Recollection,
  view: ClusterView,
): readonly Fact[] {
  // An autoscaler may name any kind as its target.
  if (!isWorkloadKind(kind)) return [];
  const remembered = memory.object(kind, name);
  const standing = knownValue(view.workload(kind, namespace, name));
  const workloads = [
    ...(remembered === undefined ? [] : [remembered.object as Workload]),
    ...(standing ? [standing] : []),
  ];
  return distinct([
    ...(remembered === undefined ? [] : [remembered]),
    ...workloads.flatMap((workload) => besides(memory, workload)),
  ]);
}

/** Its claims, who else mounts them, and its autoscalers. */
function besides(memory: Recollection, { kind, name, template }: Workload): readonly Fact[] {
  const around = template.mounts.flatMap((mount) => {
    if (mount.kind !== "claim") return [];
    const claim = memory.object("PersistentVolumeClaim", mount.claimName);
    return [...(claim === undefined ? [] : [claim]), ...memory.mounting(mount.claimName)];
  });
  return [...around, ...memory.scaling(kind, name)].filter(
    (fact) => fact.kind !== kind || fact.object.name !== name,
  );
}

const distinct = (facts: readonly Fact[]): readonly Fact[] => [...new Set(facts)];
